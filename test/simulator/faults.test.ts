import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';
import { until } from '../support/until.js';

const CREATE = 'payment_intents.create';
const ACCOUNT = accountId(SIMULATOR_KEY);
const SOME_OTHER = 'sk_test_some_other_account';

let stripe: Simulated;
before(async () => {
  stripe = await Simulated.start();
});
afterEach(() => stripe.control.noFaults());
after(() => stripe?.stop());

const create = (changes: Partial<Stripe.PaymentIntentCreateParams> = {}, key = SIMULATOR_KEY) =>
  stripe.stripeOf(key).paymentIntents.create(cardPayment(changes));
const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 200,
    (error: { statusCode?: number }) => error.statusCode,
  );
async function exists(description: string): Promise<boolean> {
  const { data } = await stripe.stripe.paymentIntents.list({ limit: 100 });
  return data.some((intent) => intent.description === description);
}
/** Posts as no client library does: once, whatever becomes of it. */
const post = (description: string, signal?: AbortSignal) =>
  fetch(`${stripe.base}/v1/payment_intents`, {
    method: 'POST',
    headers: { authorization: `Bearer ${SIMULATOR_KEY}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ amount: '1000', currency: 'eur', description }),
    ...(signal === undefined ? {} : { signal }),
  });

describe('faults over HTTP', () => {
  it('the same script and the same requests have the same end, each time it is set', async () => {
    const run = async () => {
      await stripe.control.faults({
        seed: 7,
        requests: [
          { kind: 'reject', rate: 0.3, reason: 'global-rate' },
          { kind: 'error_after', rate: 0.3, endpoint: CREATE },
        ],
      });
      const seen: (number | undefined)[] = [];
      for (let i = 0; i < 40; i += 1) seen.push(await outcome(create()));
      return seen;
    };
    const first = await run();
    assert.deepEqual([...new Set(first)].sort(), [200, 429, 500]);
    assert.deepEqual(await run(), first);
  });

  /** What the caller sees of each, the same before the effect as after it: the one cannot be told from the other. */
  const SEEN: Readonly<Record<string, (answer: Promise<Response>, caller: AbortController) => Promise<void>>> = {
    reset: async (answer) => {
      await assert.rejects(answer, (error: Error) =>
        /ECONNRESET/.test(String((error.cause as { code?: string }).code)),
      );
    },
    hang: async (answer, caller) => {
      let answered = false;
      const over = answer.finally(() => {
        answered = true;
      });
      await until(() => stripe.simulator.log.at(-1)?.fault?.startsWith('hang') === true);
      assert.equal(await exists('what another asks for meanwhile'), false);
      assert.equal(answered, false);
      caller.abort();
      await assert.rejects(over, { name: 'AbortError' });
    },
    truncate: async (answer) => {
      const response = await answer;
      assert.equal(response.status, 200);
      await assert.rejects(response.text());
    },
    gibberish: async (answer) => {
      const response = await answer;
      assert.deepEqual([response.status, await response.text()], [200, 'null']);
    },
    bad_gateway: async (answer) => {
      const response = await answer;
      assert.deepEqual([response.status, response.headers.get('content-type')], [502, 'text/html']);
      assert.match(await response.text(), /^<html>/);
    },
    error: async (answer) => {
      const response = await answer;
      assert.equal(response.status, 500);
      assert.equal(((await response.json()) as { error: { type: string } }).error.type, 'api_error');
    },
  };

  for (const [what, seen] of Object.entries(SEEN)) {
    for (const moment of ['before', 'after'] as const) {
      const kind = `${what}_${moment}` as 'reset_before';
      it(`${kind} strikes ${moment} the effect: the payment is ${moment === 'after' ? 'there' : 'not'}`, async () => {
        await stripe.control.faults({ requests: [{ kind, endpoint: CREATE, times: 1 }] });
        const caller = new AbortController();
        await seen(post(kind, caller.signal), caller);
        assert.equal(await exists(kind), moment === 'after');
        const struck = (await stripe.control.requests(CREATE)).at(-1);
        assert.equal(struck?.fault, kind);
      });
    }
  }

  it('reject refuses with what it is told, before anything has happened', async () => {
    await stripe.control.faults({
      requests: [
        { kind: 'reject', times: 1 },
        { kind: 'reject', times: 1, reason: 'endpoint-concurrency' },
        { kind: 'reject', times: 1, status: 401 },
        { kind: 'reject', times: 1, status: 409, code: 'idempotency_key_in_use' },
      ],
    });
    const seen: unknown[] = [];
    for (let i = 0; i < 4; i += 1) {
      const response = await post('refused');
      const { error } = (await response.json()) as { error: { code?: string } };
      seen.push([response.status, error.code, response.headers.get('stripe-rate-limited-reason')]);
    }
    assert.deepEqual(seen, [
      [429, 'lock_timeout', null],
      [429, 'rate_limit', 'endpoint-concurrency'],
      [401, undefined, null],
      [409, 'idempotency_key_in_use', null],
    ]);
    assert.equal(await exists('refused'), false);
  });

  it('hold_after holds every answer back until it is released, and hold_before what is to happen', async () => {
    for (const kind of ['hold_after', 'hold_before'] as const) {
      await stripe.control.faults({ requests: [{ kind, endpoint: CREATE }] });
      const names = [`${kind} one`, `${kind} two`];
      const replies = names.map((description) => stripe.stripe.paymentIntents.create(cardPayment({ description })));
      let answered = 0;
      for (const reply of replies) void reply.then(() => (answered += 1));
      await stripe.control.untilHeld(2);
      const effect = kind === 'hold_after';
      assert.deepEqual(await Promise.all(names.map(exists)), [effect, effect]);
      assert.equal(answered, 0);
      assert.deepEqual(await stripe.control.release(), { released: 2 });
      const paid = await Promise.all(replies);
      assert.deepEqual(
        paid.map(({ status }) => status),
        ['succeeded', 'succeeded'],
      );
    }
  });

  it('delay_after answers late, and with what happened at once; delay_before lets it happen late', async () => {
    for (const kind of ['delay_after', 'delay_before'] as const) {
      await stripe.control.faults({ requests: [{ kind, endpoint: CREATE, delay_ms: 150 }] });
      const seen: string[] = [];
      const began = Date.now();
      const reply = stripe.stripe.paymentIntents.create(cardPayment({ description: kind }));
      const answered = reply.then(() => seen.push('answered'));
      // Looked at within the process: a question over HTTP may take as long as the delay.
      await until(() => stripe.simulator.store.all(ACCOUNT, 'payment_intents').some((it) => it.description === kind));
      seen.push('there');
      await answered;
      assert.ok(Date.now() - began >= 148);
      if (kind === 'delay_after') assert.deepEqual(seen, ['there', 'answered']);
    }
  });
});

describe('where a fault strikes', () => {
  it('one account alone, by its secret key', async () => {
    await stripe.control.faults({ requests: [{ kind: 'reject', key: SOME_OTHER, status: 403 }] });
    assert.deepEqual([await outcome(create()), await outcome(create({}, SOME_OTHER))], [200, 403]);
  });

  it('one merchant alone: by the metadata a request brings along, and by that of what it is about', async () => {
    const of = (merchant: string) => ({ metadata: { penstock_workflow: `pay.${merchant}.17` } });
    const [acme, other] = [await create(of('acme')), await create(of('other'))];
    const manual = await create({ ...of('acme'), capture_method: 'manual' });
    const rule = { kind: 'reject', status: 403, metadata: { penstock_workflow: 'pay.acme.*' } } as const;
    await stripe.control.faults({ requests: [rule] });
    const { paymentIntents, charges, refunds } = stripe.stripe;
    assert.equal(await outcome(create(of('acme'))), 403);
    assert.equal(await outcome(paymentIntents.retrieve(acme.id)), 403);
    assert.equal(await outcome(paymentIntents.capture(manual.id)), 403);
    assert.equal(await outcome(charges.retrieve(acme.latest_charge as string)), 403);
    assert.equal(await outcome(refunds.create({ payment_intent: acme.id })), 403);
    assert.equal(await outcome(refunds.create({ charge: acme.latest_charge as string })), 403);
    assert.equal(await outcome(create(of('other'))), 200);
    const { id } = await refunds.create({ payment_intent: other.id });
    assert.equal(await outcome(refunds.retrieve(id)), 200);
    assert.equal(await outcome(paymentIntents.list()), 200);
  });

  it('one region alone, by the country of the card or bank account', async () => {
    await stripe.control.faults({ requests: [{ kind: 'reject', status: 403, regions: ['DE', 'FR'] }] });
    const tokens = ['pm_card_visa', 'pm_card_de', 'pm_card_fr', 'pm_sepaDebit_success_de', 'pm_usBankAccount_success'];
    const seen: (number | undefined)[] = [];
    for (const payment_method of tokens) {
      const currency = payment_method.startsWith('pm_us') ? 'usd' : 'eur';
      seen.push(await outcome(create({ payment_method, currency })));
    }
    assert.deepEqual(seen, [200, 403, 403, 403, 200]);
  });

  it('one type of payment method alone, of what was paid with it too', async () => {
    const debit = await create({ payment_method: 'pm_sepaDebit_success_de' });
    const card = await create();
    await stripe.control.faults({ requests: [{ kind: 'reject', status: 403, methods: ['sepa_debit'] }] });
    assert.equal(await outcome(create({ payment_method: 'pm_sepaDebit_success_de' })), 403);
    const { payment_method: _, ...withoutMethod } = cardPayment();
    const iban = { type: 'sepa_debit', sepa_debit: { iban: 'DE89370400440532013000' } };
    const made = await stripe.post('/v1/payment_intents', { ...withoutMethod, payment_method_data: iban });
    assert.equal(made.status, 403, 'one that is made with the payment');
    assert.equal(await outcome(stripe.stripe.paymentIntents.retrieve(debit.id)), 403);
    assert.equal(await outcome(stripe.stripe.paymentIntents.retrieve(card.id)), 200);
  });

  it('an outage begins and ends by the simulator’s clock, counted from when the script was put', async () => {
    await stripe.control.advance(5_000);
    await stripe.control.faults({
      requests: [{ kind: 'reject', status: 403, from_ms: 60_000, until_ms: 120_000 }],
    });
    const seen: (number | undefined)[] = [];
    for (const step of [0, 60_000, 60_000]) {
      await stripe.control.advance(step);
      seen.push(await outcome(create()));
    }
    assert.deepEqual(seen, [200, 403, 200]);
  });
});
