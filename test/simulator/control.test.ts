import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { accountId } from '../../src/simulator/incoming.js';
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

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; error: string }> {
  const text = body === undefined || typeof body === 'string' ? (body as string | undefined) : JSON.stringify(body);
  const init = text === undefined ? { method } : { method, body: text };
  const response = await fetch(`${stripe.base}/_simulator/${path}`, init);
  const { error } = (await response.json()) as { error: string };
  return { status: response.status, error };
}
/** Everything that a control could have changed. */
async function standing(): Promise<unknown> {
  const read = async (path: string) => (await fetch(`${stripe.base}/_simulator/${path}`)).json();
  return Promise.all(['', 'faults', 'limits', 'clock', 'counts', `deliveries?key=${SIMULATOR_KEY}`].map(read));
}

const REQUEST = { kind: 'reject' };
const DISTRIBUTION = { kind: 'fixed', ms: 1 };
const faults = (script: object) => ['PUT', 'faults', script] as const;
const rule = (changes: object) => faults({ requests: [{ ...REQUEST, ...changes }] });
const latency = (changes: object) => faults({ latency: [{ distribution: DISTRIBUTION, ...changes }] });
const limits = (changes: object) => ['PUT', 'limits', changes] as const;

/** What is asked for, and what the answer says is wrong with it. */
const BAD: readonly (readonly [method: string, path: string, body: unknown, says: RegExp])[] = [
  ['PUT', 'faults', '{"requests": [', /must be JSON/],
  [...faults({ request: [] }), /"request"/],
  [...rule({ kind: 'explode' }), /requests\[0\]\.kind/],
  [...rule({ rate: 2 }), /requests\[0\]\.rate/],
  [...rule({ times: 0 }), /requests\[0\]\.times/],
  [...rule({ endpoint: 'payment_intents.crate' }), /no such endpoint[\s\S]*requests\[0\]\.endpoint/],
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
  ['POST', 'clock', { advance_ms: -1 }, /advance_ms/],
  ['POST', 'authenticate', { intent: 'pi_1', outcome: 'perhaps' }, /outcome/],
  ['POST', 'dispute', { intent: 'pi_1', reason: 'bad mood' }, /reason/],
  ['PUT', 'webhook_endpoints', { key: SIMULATOR_KEY, url: 'nowhere', secret: 'whsec_12345678' }, /url/],
  ['PUT', 'webhook_endpoints', { key: 'nobody', url: 'http://127.0.0.1/', secret: 'whsec_12345678' }, /key/],
  ['PUT', `object?key=${SIMULATOR_KEY}`, { table: 'clock', row: { id: 'clock' } }, /table/],
  ['PUT', 'object', { table: 'charges', row: { id: 'ch_1' } }, /key/],
];

describe('the control API', () => {
  it('answers bad input with 422, names what is wrong, and has changed nothing', async () => {
    const before = await standing();
    for (const [method, path, body, says] of BAD) {
      const { status, error } = await ask(method, path, body);
      const asked = `${method} ${path} ${JSON.stringify(body)}`;
      assert.equal(status, 422, asked);
      assert.match(error, says, asked);
      assert.deepEqual(await standing(), before, asked);
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
    for (const path of ['authenticate', 'dispute']) {
      const { status, error } = await ask('POST', path, { intent: 'pi_of_nobody', ...OUTCOMES[path] });
      assert.equal(status, 404, path);
      assert.match(error, /pi_of_nobody/);
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

const OUTCOMES: Readonly<Record<string, object>> = { authenticate: { outcome: 'fail' }, dispute: {} };
