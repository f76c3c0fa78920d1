import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import { type Asked, askControl, standing } from '../support/asked-controls.js';
import { T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

let stripe: Simulated;
before(async () => {
  stripe = await Simulated.start({ now: () => T0 });
  await stripe.stripe.customers.create({});
  await stripe.control.faults({ seed: 9, requests: [{ kind: 'reject', key: 'sk_test_of_nobody' }] });
  await stripe.control.limits({ preset: 'live' });
});
after(() => stripe?.stop());

const ask = (...asked: Asked) => askControl(stripe.base, asked);

const REQUEST = { kind: 'reject' };
const DISTRIBUTION = { kind: 'fixed', ms: 1 };
const faults = (script: object) => ['PUT', 'faults', script] as const;
const rule = (changes: object) => faults({ requests: [{ ...REQUEST, ...changes }] });
const latency = (changes: object) => faults({ latency: [{ distribution: DISTRIBUTION, ...changes }] });
const limits = (changes: object) => ['PUT', 'limits', changes] as const;

type Bad = readonly [method: string, path: string, body: unknown, says: RegExp];

const clock = (change: object, says: RegExp): Bad => ['POST', 'clock', change, says];
const CLOCK = [
  clock({ advance_ms: -1 }, /advance_ms/),
  clock({ advance_ms: 1.5 }, /advance_ms/),
  clock({ advance_ms: 4e11 }, /advance_ms/),
  clock({}, /advance_ms, to_ms or frozen is needed/),
  clock({ by_ms: 1 }, /"by_ms"/),
  clock({ advance_ms: 1, to_ms: T0 + 1 }, /to_ms/),
  clock({ to_ms: T0 - 1 }, /to_ms: the clock only goes forward/),
  clock({ to_ms: T0 + 4e11 }, /to_ms: that is more than ten years/),
  clock({ to_ms: T0 - 1, frozen: true }, /to_ms/),
  clock({ frozen: 'yes' }, /frozen/),
];

const BANK: readonly Bad[] = [
  ['POST', 'debit', { intent: 'pi_1' }, /outcome/],
  ['POST', 'debit', { intent: 'pi_1', outcome: 'arrive' }, /outcome/],
  ['POST', 'refund', { refund: 're_1', outcome: 'fail', reason: 'bad mood' }, /reason/],
  ['POST', 'refund', { refund: 're_1', outcome: 'succeed', reason: 'declined' }, /"reason"/],
  ['POST', 'refund', { outcome: 'succeed' }, /refund/],
  ['POST', 'payout', { payout: 'po_1', outcome: 'succeed' }, /outcome/],
  ['POST', 'payout', { payout: 'po_1', outcome: 'fail', code: 'no_idea' }, /code/],
  ['POST', 'payout', { payout: 'po_1', outcome: 'arrive', code: 'declined' }, /"code"/],
];

const settings = (changes: object, says: RegExp): Bad => ['PUT', 'account', { key: SIMULATOR_KEY, ...changes }, says];
const settlement = (changes: object, says: RegExp) => settings({ settlement: changes }, says);
const fee = (changes: object, says: RegExp) =>
  settings({ fees: { payments: [{ bps: 1, fixed: 1, ...changes }] } }, says);
const SETTINGS = [
  ['GET', 'account', undefined, /key/],
  ['PUT', 'account', { country: 'DE' }, /key/],
  ['DELETE', 'account?key=nobody', undefined, /key/],
  settings({ country: 'Germany' }, /a country is like DE[\s\S]*country/),
  settings({ contry: 'DE' }, /"contry"/),
  settings({ settles_after_ms: -1 }, /settles_after_ms/),
  settings({ search_lag_ms: '1s' }, /search_lag_ms/),
  settings({ report_takes_ms: 0.5 }, /report_takes_ms/),
  settings({ payouts: { interval: 'weekly' } }, /payouts\.interval/),
  settings({ payouts: { delay_days: 31 } }, /payouts\.delay_days/),
  fee({ bps: -1 }, /fees\.payments\[0\]\.bps/),
  fee({ fixed: 0.3 }, /fees\.payments\[0\]\.fixed/),
  fee({ cards: 'foreign' }, /fees\.payments\[0\]\.cards/),
  fee({ countries: ['EU27'] }, /fees\.payments\[0\]\.countries\[0\]/),
  fee({ currency: 'eur' }, /"currency"[\s\S]*fees\.payments\[0\]/),
  settings({ fees: { dispute: { usd: 1_500 } } }, /by default[\s\S]*fees\.dispute/),
  settings({ fees: { dispute: { default: 1, dollars: 1 } } }, /fees\.dispute/),
  settlement({ currencies: ['euro'] }, /a currency is like eur[\s\S]*settlement\.currencies\[0\]/),
  settlement({ rates: { usd: 0.9 } }, /no currency to change into[\s\S]*settlement\.rates\.usd/),
  settlement({ currencies: ['eur'], rates: { eur: 1 } }, /balance of its own[\s\S]*settlement\.rates\.eur/),
  settlement({ currencies: ['eur'], rates: { usd: 0 } }, /settlement\.rates\.usd/),
] as readonly Bad[];

const VIEWS: readonly Bad[] = [
  ['GET', 'objects?table=charges', undefined, /key names the account, or account does/],
  ['GET', `objects?table=charges&account=acct_0123456789abcdef&key=${SIMULATOR_KEY}`, undefined, /key/],
  ['GET', `objects?key=${SIMULATOR_KEY}`, undefined, /table/],
  ['GET', `objects?key=${SIMULATOR_KEY}&table=answers`, undefined, /table/],
  ['GET', `objects?key=${SIMULATOR_KEY}&table=charges&limit=101`, undefined, /limit/],
  [
    'GET',
    `objects?key=${SIMULATOR_KEY}&table=charges&before=ch_of_nobody`,
    undefined,
    /before: there is no ch_of_nobody/,
  ],
  ['GET', 'objects?table=charges&account=acct_1', undefined, /an account is like/],
  ['GET', 'attempts', undefined, /key/],
  ['GET', `attempts?key=${SIMULATOR_KEY}&limit=0`, undefined, /limit/],
  ['GET', 'stream?events=payment_intent.succeded', undefined, /no event payment_intent\.succeded/],
  ['GET', 'stream?events=charge.*,', undefined, /no event without a name/],
  ['GET', 'stream?key=nobody', undefined, /key/],
  ['GET', 'stream?from=0', undefined, /"from"/],
];

/** What is asked for, and what the answer says is wrong with it. */
const BAD: readonly Bad[] = [
  ['PUT', 'faults', '{"requests": [', /must be JSON/],
  [...faults({ request: [] }), /"request"/],
  [...rule({ kind: 'explode' }), /requests\[0\]\.kind/],
  [...rule({ rate: 2 }), /requests\[0\]\.rate/],
  [...rule({ times: 0 }), /requests\[0\]\.times/],
  [...rule({ endpoint: 'payment_intents.crate' }), /no endpoint payment_intents\.crate[\s\S]*requests\[0\]\.endpoint/],
  [...rule({ status: 200 }), /requests\[0\]\.status/],
  [...rule({ merchant: 'acme' }), /"merchant"[\s\S]*requests\[0\]/],
  [...rule({ type: 'charge.succeeded' }), /"type"/],
  [...rule({ key: 'pk_test_of_a_browser' }), /sk_test[\s\S]*requests\[0\]\.key/],
  [...rule({ regions: ['Germany'] }), /requests\[0\]\.regions\[0\]/],
  [...rule({ regions: [] }), /requests\[0\]\.regions/],
  [...rule({ methods: 'card' }), /requests\[0\]\.methods/],
  [...rule({ metadata: { shop: 1 } }), /requests\[0\]\.metadata\.shop/],
  [...rule({ from_ms: 5, until_ms: 5 }), /later than from_ms[\s\S]*requests\[0\]\.until_ms/],
  [...rule({ from_ms: -1 }), /requests\[0\]\.from_ms/],
  [...faults({ webhooks: [{ kind: 'drop', endpoint: 'refunds.create' }] }), /"endpoint"[\s\S]*webhooks\[0\]/],
  [...faults({ webhooks: [{ kind: 'duplicate', copies: 1 }] }), /webhooks\[0\]\.copies/],
  [...faults({ seed: 1.5 }), /seed/],
  [...latency({ distribution: { kind: 'normal' } }), /latency\[0\]\.distribution/],
  [...latency({ distribution: { kind: 'uniform', min_ms: 2, max_ms: 1 } }), /latency\[0\]\.distribution\.max_ms/],
  [...latency({ distribution: { kind: 'lognormal', p50_ms: 2, p99_ms: 1 } }), /latency\[0\]\.distribution\.p99_ms/],
  [...latency({ distribution: { kind: 'lognormal', p50_ms: 0, p99_ms: 1 } }), /latency\[0\]\.distribution\.p50_ms/],
  [...latency({ slow_start: { for_ms: 0, factor: 2 } }), /latency\[0\]\.slow_start\.for_ms/],
  [...latency({ rate: 0.5 }), /"rate"/],
  [...limits({ requests_per_second: -1 }), /requests_per_second/],
  [...limits({ requests_per_second: 2.5 }), /requests_per_second/],
  [...limits({ request_per_second: 2 }), /"request_per_second"/],
  [...limits({ preset: 'test' }), /preset/],
  [...limits({ key: 'acct_1' }), /sk_test[\s\S]*key/],
  [...limits({ endpoints: { 'payment_intents.crate': {} } }), /endpoints/],
  [...limits({ endpoints: { 'refunds.create': { rate: 1 } } }), /"rate"/],
  [...limits({ reads: { floor: 1 } }), /reads\.per_transaction/],
  ['DELETE', 'limits?kye=sk_test_1234', undefined, /"kye"/],
  ['GET', 'limits?key=nobody', undefined, /key/],
  ['DELETE', 'faults?seed=1', undefined, /"seed"/],
  ['GET', 'counts?since_ms=lately', undefined, /since_ms/],
  ['GET', 'counts?endpoint=nowhere', undefined, /endpoint/],
  ['DELETE', 'counts?key=sk_test_1234', undefined, /"key"/],
  ['GET', 'held?count=0', undefined, /count/],
  ['GET', 'deliveries', undefined, /key/],
  ['POST', 'redeliver', undefined, /key/],
  ['GET', 'events', undefined, /intent/],
  ...CLOCK,
  ...BANK,
  ...SETTINGS,
  ...VIEWS,
  ['POST', 'authenticate', { intent: 'pi_1', outcome: 'perhaps' }, /outcome/],
  ['POST', 'dispute', { intent: 'pi_1', reason: 'bad mood' }, /reason/],
  ['PUT', 'webhook_endpoints', { key: SIMULATOR_KEY, url: 'nowhere', secret: 'whsec_12345678' }, /url/],
  ['PUT', 'webhook_endpoints', { key: 'nobody', url: 'http://127.0.0.1/', secret: 'whsec_12345678' }, /key/],
  ['PUT', `object?key=${SIMULATOR_KEY}`, { table: 'clock', row: { id: 'clock' } }, /table/],
  ['PUT', 'object', { table: 'charges', row: { id: 'ch_1' } }, /key/],
];

describe('the control API', () => {
  it('answers bad input with 422, names what is wrong, and has changed nothing', async () => {
    const before = await standing(stripe.base);
    for (const [method, path, body, says] of BAD) {
      const { status, error } = await ask(method, path, body);
      const asked = `${method} ${path} ${JSON.stringify(body)}`;
      assert.equal(status, 422, asked);
      assert.match(error, says, asked);
      assert.deepEqual(await standing(stripe.base), before, asked);
    }
  });

  it('answers 422 where an object is not in a state for what is asked, and leaves it as it is', async () => {
    const paid = await stripe.stripe.paymentIntents.create(cardPayment());
    const { status, error } = await ask('POST', 'authenticate', { intent: paid.id, outcome: 'fail' });
    assert.equal(status, 422);
    assert.match(error, /succeeded/);
    assert.deepEqual(await stripe.stripe.paymentIntents.retrieve(paid.id), paid);
  });

  it('answers 404 for a control that there is not, and for an object', async () => {
    for (const [method, path] of [
      ['GET', 'nonsense'],
      ['POST', 'faults'],
      ['PATCH', 'clock'],
      ['GET', 'constructor'],
    ] as const) {
      assert.equal((await ask(method, path)).status, 404, `${method} ${path}`);
    }
    for (const [path, body] of OF_NOBODY) {
      const { status, error } = await ask('POST', path, body);
      assert.equal(status, 404, path);
      assert.match(error, /x_of_nobody/);
    }
  });

  it('reads back what was set', async () => {
    const script = { seed: 3, requests: [{ kind: 'reset_after', rate: 0.5, metadata: { shop: 'acme.*' } }] };
    await ask('PUT', 'faults', script);
    const read = await (await fetch(`${stripe.base}/_simulator/faults`)).json();
    assert.equal((read as { requests: { kind: string }[] }).requests[0]?.kind, 'reset_after');
    // What is read back can be put again, and means the same.
    assert.equal((await ask('PUT', 'faults', read)).error, undefined);
    assert.deepEqual(await (await fetch(`${stripe.base}/_simulator/faults`)).json(), read);
    const own = await stripe.control.limits({ key: SIMULATOR_KEY, concurrent_requests: 3 });
    assert.deepEqual(await (await fetch(`${stripe.base}/_simulator/limits?key=${SIMULATOR_KEY}`)).json(), own);
  });

  it('lists an event of an intent once, to however many endpoints it is sent', async () => {
    const key = 'sk_test_of_two_endpoints';
    for (const path of ['one', 'two']) await stripe.sendWebhooksTo(`http://127.0.0.1:9/${path}`, 'whsec_12345678', key);
    const { id } = await stripe.stripeOf(key).paymentIntents.create(cardPayment());
    const { events } = (await stripe.control.read(`events?intent=${id}`)) as { events: { type: string }[] };
    const raised = ['payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded'];
    assert.deepEqual(
      events.map(({ type }) => type),
      raised,
    );
  });

  it('says what does not add up, and nothing where everything does', async () => {
    assert.deepEqual(await stripe.control.audit(), []);
    const { id } = await stripe.stripe.paymentIntents.create(cardPayment());
    const row = stripe.simulator.store.get(accountId(SIMULATOR_KEY), 'payment_intents', id);
    await stripe.control.put('payment_intents', { ...row, amount_received: 1 });
    const what = `${id} received 1, and its charges captured 4200`;
    assert.deepEqual(await stripe.control.audit(), [{ account: accountId(SIMULATOR_KEY), rule: 'intents', what }]);
    await stripe.control.put('payment_intents', row);
    assert.deepEqual(await stripe.control.audit(), []);
  });
});

const OF_NOBODY: readonly (readonly [path: string, body: object])[] = [
  ['authenticate', { intent: 'x_of_nobody', outcome: 'fail' }],
  ['dispute', { intent: 'x_of_nobody' }],
  ['debit', { intent: 'x_of_nobody', outcome: 'fail' }],
  ['refund', { refund: 'x_of_nobody', outcome: 'fail' }],
  ['payout', { payout: 'x_of_nobody', outcome: 'arrive' }],
];
