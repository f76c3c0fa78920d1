import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import qs from 'qs';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { refundParams } from '../../src/domain/stripe-params.js';
import type { KeyedWrite } from '../../src/stripe/gateway.js';
import { openNextAction } from '../../src/stripe/snapshot.js';
import { SEED } from '../support/any-fact.js';
import { HOUR, SECOND, T0 } from '../support/facts.js';
import { cardPayment, MeteredGateway } from '../support/metered-gateway.js';
import { answer, RawServer } from '../support/raw-server.js';
import { Simulated } from '../support/simulated.js';

const A_REFUND = refundParams(
  { intent: 'pi_1', amount: 100, reason: null },
  { id: 'refund.a.b.c', deployment: 'd', attempt: 1 },
);

describe('what the gateway writes', () => {
  let raw: RawServer;
  let metered: MeteredGateway;
  before(async () => {
    raw = await RawServer.start();
  });
  beforeEach(() => {
    raw.reset();
    raw.respond = (socket) =>
      answer(socket, 404, '{"error":{"type":"invalid_request_error","message":"nothing here"}}');
    metered = new MeteredGateway({ one: raw.base });
  });
  after(() => raw?.stop());

  it('the key that reaches Stripe is the one that was given, whatever it looks like', async () => {
    const anyKey = fc.stringMatching(/^[A-Za-z0-9_./:-]{1,255}$/);
    await fc.assert(
      fc.asyncProperty(
        anyKey,
        fc.constantFrom('create', 'confirm', 'capture', 'cancel', 'refund'),
        async (key, operation) => {
          const { gateway } = metered;
          const write = metered.write({ key });
          if (operation === 'create') await gateway.createIntent('one', cardPayment(), write);
          if (operation === 'cancel') await gateway.cancelIntent('one', 'pi_1', 'abandoned', write);
          if (operation === 'confirm') await gateway.confirmIntent('one', 'pi_1', { payment_method: 'pm_1' }, write);
          if (operation === 'capture') await gateway.captureIntent('one', 'pi_1', 100, write);
          if (operation === 'refund') await gateway.createRefund('one', A_REFUND, write);
          assert.equal(raw.requests.at(-1)?.headers['idempotency-key'], key);
        },
      ),
      { seed: SEED, numRuns: 100 },
    );
  });

  it('a read carries no key', async () => {
    await metered.gateway.retrieveIntent('one', 'pi_1');
    assert.equal(raw.requests[0]?.method, 'GET');
    assert.equal(raw.requests[0]?.headers['idempotency-key'], undefined);
  });

  it("every request names the API version this code was written against, whatever the account's default is", async () => {
    await metered.gateway.createIntent('one', cardPayment(), metered.write());
    await metered.gateway.cancelIntent('one', 'pi_1', 'abandoned', metered.write());
    await metered.gateway.retrieveIntent('one', 'pi_1');
    await assert.rejects(metered.gateway.listIntents('one', 0, 1));
    await metered.gateway.createRefund('one', A_REFUND, metered.write());
    assert.deepEqual(
      raw.requests.map(({ headers }) => headers['stripe-version']),
      Array.from({ length: 5 }, () => '2026-10-28.endive'),
    );
  });

  it('the parameters arrive as they were given, and nothing with them', async () => {
    const metadata = { order: '6735', 'läuft?': 'ja & nein = ünclear' };
    await metered.gateway.createIntent('one', cardPayment({ metadata }), metered.write());
    assert.deepEqual(qs.parse(raw.requests[0]?.body ?? ''), {
      amount: '4200',
      currency: 'eur',
      payment_method: 'pm_card_visa',
      confirm: 'true',
      automatic_payment_methods: { enabled: 'true', allow_redirects: 'never' },
      metadata,
    });
  });

  it('calls made at once are each metered as what they are and sent under their own key', async () => {
    const writes = Array.from({ length: 20 }, () => metered.write());
    await Promise.all([
      ...writes.map((write) => metered.gateway.createIntent('one', cardPayment(), write)),
      ...writes.map((_, i) => metered.gateway.retrieveIntent('one', `pi_${i}`)),
    ]);
    const sent = raw.requests
      .filter(({ method }) => method === 'POST')
      .map(({ headers }) => headers['idempotency-key']);
    assert.deepEqual(sent.sort(), writes.map(({ key }) => key).sort());
    const metersOf = (endpoint: string) => metered.metered.filter((m) => m.endpoint === endpoint).length;
    assert.deepEqual([metersOf('payment_intents.create'), metersOf('payment_intents.retrieve')], [20, 20]);
  });

  it('a call for an account nobody configured here is not sent: another process may know it', async () => {
    const reply = await metered.gateway.createIntent('two', cardPayment(), metered.write());
    assert.deepEqual(reply, { kind: 'not_sent', why: 'account_unknown' });
    await assert.rejects(metered.gateway.listIntents('two', 0, 1));
    assert.equal(raw.connections, 0);
  });
});

describe('the guard where the bytes are written', () => {
  let raw: RawServer;
  let metered: MeteredGateway;
  before(async () => {
    raw = await RawServer.start();
  });
  beforeEach(() => {
    raw.reset();
    raw.respond = (socket) =>
      answer(socket, 404, '{"error":{"type":"invalid_request_error","message":"nothing here"}}');
    metered = new MeteredGateway({ one: raw.base });
  });
  after(() => raw?.stop());

  const create = (write: KeyedWrite) => metered.gateway.createIntent('one', cardPayment(), write);

  /** What is asked to be written, on either side of each edge, and why it is not; null where it is. */
  const EDGES: readonly [name: string, changes: Partial<KeyedWrite>, why: string | null][] = [
    ['a millisecond before the key is too old', { birthMs: T0 - HOUR + 1, keyLifeMs: HOUR }, null],
    ['the moment the key is too old', { birthMs: T0 - HOUR, keyLifeMs: HOUR }, 'key_too_old'],
    ['long after the key was too old', { birthMs: T0 - 9 * HOUR, keyLifeMs: HOUR }, 'key_too_old'],
    ['a millisecond before the deadline', { deadlineMs: T0 + 1 }, null],
    ['the moment of the deadline', { deadlineMs: T0 }, 'past_deadline'],
    ['long after the deadline', { deadlineMs: T0 - HOUR }, 'past_deadline'],
    ['a key of the mode the payment was taken in', { livemode: false }, null],
    ['a key of the other mode', { livemode: true }, 'account_of_other_mode'],
    // A key that is too old can never be repeated, a missed deadline can: the one that says more wins.
    [
      'both the key too old and the deadline past',
      { birthMs: T0 - HOUR, keyLifeMs: HOUR, deadlineMs: T0 },
      'key_too_old',
    ],
  ];
  for (const [name, changes, why] of EDGES) {
    it(`${name}: ${why === null ? 'written' : `not written, and not metered (${why})`}`, async () => {
      const reply = await create(metered.write(changes));
      if (why === null) assert.equal(reply.kind, 'error', 'the server answered');
      else assert.deepEqual(reply, { kind: 'not_sent', why });
      const expected = why === null ? 1 : 0;
      assert.equal(raw.requests.length, expected);
      assert.equal(raw.connections, expected);
      assert.equal(metered.metered.length, expected);
    });
  }

  it('looks at the clock after every wait, not when the call is made', async () => {
    const write = metered.write({ deadlineMs: T0 + SECOND });
    const reply = create(write);
    // The client library has not come to its writing yet: whatever holds it up there counts.
    metered.nowMs = T0 + SECOND;
    assert.deepEqual(await reply, { kind: 'not_sent', why: 'past_deadline' });
    assert.equal(raw.connections, 0);
  });

  it('stands before a cancel and a refund as well', async () => {
    const late = { deadlineMs: T0 };
    assert.deepEqual(await metered.gateway.cancelIntent('one', 'pi_1', 'abandoned', metered.write(late)), {
      kind: 'not_sent',
      why: 'past_deadline',
    });
    assert.deepEqual(await metered.gateway.createRefund('one', A_REFUND, metered.write(late)), {
      kind: 'not_sent',
      why: 'past_deadline',
    });
    assert.equal(raw.connections, 0);
    assert.deepEqual(metered.metered, []);
  });

  it('lets a read through at any time: it changes nothing', async () => {
    metered.nowMs = T0 + 1_000 * HOUR;
    assert.equal((await metered.gateway.retrieveIntent('one', 'pi_1')).kind, 'error');
    assert.equal(raw.requests.length, 1);
  });
});

describe('the gateway with a Stripe that works', () => {
  let stripe: Simulated;
  let metered: MeteredGateway;
  let nowMs = T0;
  before(async () => {
    stripe = await Simulated.start({ now: () => nowMs });
  });
  beforeEach(() => {
    metered = new MeteredGateway({ one: stripe.base });
  });
  after(() => stripe?.stop());

  async function paid(changes = {}) {
    const reply = await metered.gateway.createIntent('one', cardPayment(changes), metered.write());
    assert.ok(reply.kind === 'object', JSON.stringify(reply));
    return reply.object;
  }

  it('a payment comes back as what Stripe made of it, and its repeat as the same, replayed', async () => {
    const labels = { penstock_deployment: 'd', penstock_workflow: 'pay.a.b', penstock_attempt: '2' };
    const write = metered.write();
    const params = cardPayment({ metadata: labels });
    const first = await metered.gateway.createIntent('one', params, write);
    const again = await metered.gateway.createIntent('one', params, write);
    assert.ok(first.kind === 'object' && again.kind === 'object');
    assert.deepEqual([first.replayed, again.replayed], [false, true]);
    assert.deepEqual(again.object, first.object);
    const { id, status, amount, currency, amountReceived, createdMs } = first.object;
    assert.deepEqual(
      { status, amount, currency, amountReceived, createdMs },
      { status: 'succeeded', amount: 4_200, currency: 'eur', amountReceived: 4_200, createdMs: nowMs },
    );
    assert.deepEqual(first.object.labels, { deployment: 'd', workflowId: 'pay.a.b', attempt: 2 });
    assert.equal((await stripe.stripe.paymentIntents.retrieve(id)).latest_charge, first.object.latestCharge);
  });

  it('a waiting intent is cancelled with its reason; what a person must do next is told before', async () => {
    const waiting = await paid({
      payment_method: 'pm_card_authenticationRequired',
      return_url: 'https://shop.example/return',
    });
    assert.equal(waiting.status, 'requires_action');
    assert.ok(waiting.nextAction !== null);
    const part = openNextAction({ name: 'one', secretKey: SIMULATOR_KEY }, waiting.id, waiting.nextAction);
    assert.match(part?.redirect_to_url ?? '', /^https?:/);
    assert.match(part?.client_secret ?? '', new RegExp(`^${waiting.id}_secret_`));
    assert.ok(!JSON.stringify(waiting).includes('_secret_'), 'unreadable to whoever reads the history');
    const reply = await metered.gateway.cancelIntent('one', waiting.id, 'requested_by_customer', metered.write());
    assert.ok(reply.kind === 'object');
    assert.deepEqual(
      [reply.object.status, reply.object.cancellationReason, reply.object.nextAction],
      ['canceled', 'requested_by_customer', null],
    );
  });

  it('cancelling what has been paid brings the paid intent back: that is the fact that wins', async () => {
    const { id } = await paid();
    const reply = await metered.gateway.cancelIntent('one', id, 'abandoned', metered.write());
    assert.ok(reply.kind === 'error');
    assert.deepEqual([reply.status, reply.code], [400, 'payment_intent_unexpected_state']);
    assert.deepEqual([reply.object?.id, reply.object?.status], [id, 'succeeded']);
  });

  it('a refund gives back what is asked for, once, and is found again by its labels', async () => {
    const { id } = await paid();
    const write = metered.write();
    const params = { ...A_REFUND, payment_intent: id };
    const first = await metered.gateway.createRefund('one', params, write);
    const again = await metered.gateway.createRefund('one', params, write);
    assert.ok(first.kind === 'object' && again.kind === 'object');
    assert.deepEqual([again.object, again.replayed], [first.object, true]);
    assert.equal(first.object.status, 'succeeded');
    const { refunds, more } = await metered.gateway.listRefunds('one', id);
    assert.deepEqual(refunds, [first.object]);
    assert.equal(more, false);
    assert.deepEqual(first.object.labels, { deployment: 'd', workflowId: 'refund.a.b.c', attempt: 1 });
    assert.deepEqual(await metered.gateway.retrieveRefund('one', first.object.id), {
      kind: 'object',
      object: first.object,
      replayed: false,
    });
  });

  it('a list goes on page by page until it is whole, newest first', async () => {
    nowMs = T0 + HOUR;
    const made = [];
    for (let i = 0; i < 105; i += 1) made.push((await paid()).id);
    const first = await metered.gateway.listIntents('one', nowMs, nowMs);
    const second = await metered.gateway.listIntents('one', nowMs, nowMs, first.intents.at(-1)?.id);
    assert.deepEqual([first.intents.length, first.more], [100, true]);
    assert.deepEqual([second.intents.length, second.more], [5, false]);
    assert.deepEqual([...first.intents, ...second.intents].map(({ id }) => id).reverse(), made);
  });

  it('a list holds both its ends, and whole seconds never cut one off', async () => {
    const at = async (ms: number) => {
      nowMs = ms;
      return (await paid()).id;
    };
    const start = T0 + 2 * HOUR;
    await at(start - 1);
    const [first, last] = [await at(start), await at(start + 10 * SECOND)];
    await at(start + 12 * SECOND);
    const page = await metered.gateway.listIntents('one', start + 400, start + 10 * SECOND + 400);
    assert.deepEqual(
      page.intents.map(({ id }) => id),
      [last, first],
    );
  });

  it('a page that cannot be read is thrown, never an empty one', async () => {
    await stripe.control.faults({ requests: [{ kind: 'reset_after', endpoint: 'payment_intents.list', times: 1 }] });
    await assert.rejects(metered.gateway.listIntents('one', 0, nowMs));
    await stripe.control.noFaults();
  });
});
