import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { EventType } from '../../src/temporal/proto.js';
import { amid, between, UPSETS } from '../support/amid.js';
import { aPayment, type ProblemBody } from '../support/api-client.js';
import { deliverSigned } from '../support/signed-event.js';
import { SOON_LOST, Stack } from '../support/stack.js';

const DAY_MS = 24 * 60 * 60_000;

describe('a refund', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({ policy: SOON_LOST });
  });
  afterEach(() => stack.simulator.noFaults());
  after(() => stack?.stop());

  const atStripe = async (intent: string) =>
    (await stack.stripe.refunds.list({ payment_intent: intent })).data.map(({ amount, status }) => [amount, status]);

  const settled = (id: string, count = 1) =>
    stack.api.untilShows(id, (p) => p.refunds.length === count && p.refunds.every((r) => r.final));

  for (const upset of UPSETS) {
    it(`twice in part, then once too much: refused, nothing changed${upset.name}`, async () => {
      const { id, intent } = await stack.paid();
      await amid(stack, upset, 'refunds.create', async () => {
        const taken = await stack.api.refund(id, { reference: 'r1', amount: 500, reason: 'duplicate' });
        assert.deepEqual([taken.status, taken.body.status, taken.body.amount], [202, 'processing', 500]);
      });
      await settled(id);
      await amid(stack, upset, 'refunds.create', async () => {
        assert.equal((await stack.api.refund(id, { reference: 'r2', amount: 999 })).status, 202);
      });
      const twice = await settled(id, 2);
      assert.deepEqual([twice.status, twice.amount_captured, twice.amount_refunded], ['succeeded', 1999, 1499]);
      assert.deepEqual(
        twice.refunds.map((r) => [r.reference, r.status, r.amount, r.reason]),
        [
          ['r1', 'succeeded', 500, 'duplicate'],
          ['r2', 'succeeded', 999, null],
        ],
      );
      const refused = await stack.api.call<ProblemBody>('POST', `/v1/payments/${id}/refunds`, {
        reference: 'r3',
        amount: 501,
      });
      assert.deepEqual([refused.status, refused.body.code], [409, 'state_forbids']);
      assert.match(refused.body.detail, /at most 500/);
      assert.equal((await stack.api.get(id)).body.refunds.length, 2);
      assert.equal((await atStripe(intent)).length, 2);
      assert.equal((await stack.api.refund(id, { reference: 'r4' })).status, 202, 'what is left');
      assert.equal((await settled(id, 3)).amount_refunded, 1999);
    });

    it(`whose reply was lost is one refund${upset.name}`, async () => {
      const { id, intent } = await stack.paid();
      await stack.simulator.faults({
        requests: [{ kind: 'reset_after', endpoint: 'refunds.create', times: 1 }],
        webhooks: [{ kind: 'drop' }],
      });
      // A part only: of the whole, Stripe would refuse a second refund under whatever key.
      const taken = await stack.api.refund(id, { reference: 'lost', amount: 700 });
      assert.equal(taken.status, 202);
      await stack.simulator.untilRequested(taken.body.id, 'refunds.create');
      await between(stack, upset);
      const shown = await settled(id);
      assert.deepEqual([shown.amount_refunded, shown.refunds[0]?.status], [700, 'succeeded']);
      assert.deepEqual(await atStripe(intent), [[700, 'succeeded']]);
      const sends = await stack.simulator.requestsOf(taken.body.id, 'refunds.create');
      assert.ok(sends.length > 1, 'it was repeated');
      assert.equal(new Set(sends.map((r) => r.idempotencyKey)).size, 1, 'a repeat never changes the key');
    });

    it(`that later fails is failed, and its money can be given back again${upset.name}`, async () => {
      const { id, intent } = await stack.paid({ payment_method: 'pm_card_refundFail' });
      assert.equal((await stack.api.refund(id, { reference: 'fails' })).status, 202);
      assert.equal((await settled(id)).amount_refunded, 1999);
      await between(stack, upset, () => stack.simulator.advance(30 * DAY_MS));
      const failed = await stack.api.untilShows(id, (p) => p.refunds[0]?.status === 'failed');
      assert.equal(failed.amount_refunded, 0);
      assert.ok(failed.refunds[0]?.failure !== null);
      assert.deepEqual(await atStripe(intent), [[1999, 'failed']]);
      await stack.closed(failed.refunds[0]?.id ?? '');
      await stack.alerted(new RegExp(`refund_failed.*${id}`));
      const again = await stack.api.refund(id, { reference: 'fails' });
      assert.deepEqual([again.status, again.body.status], [200, 'failed'], 'the same refund is still the same');
      assert.equal((await stack.api.refund(id, { reference: 'again', amount: 100 })).status, 202);
    });

    it(`that is pending ends when the bank has it${upset.name}`, async () => {
      const { id } = await stack.paid({ payment_method: 'pm_card_pendingRefund' });
      assert.equal((await stack.api.refund(id, { reference: 'slow' })).status, 202);
      const pending = await stack.api.untilShows(id, (p) => p.refunds[0]?.status === 'pending');
      assert.equal(pending.amount_refunded, 1999, 'Stripe has taken it');
      await between(stack, upset, () => stack.simulator.advance(30 * DAY_MS));
      assert.equal((await settled(id)).refunds[0]?.status, 'succeeded');
    });

    it(`made outside Penstock is found by its intent and shown${upset.name}`, async () => {
      const { id, intent } = await stack.paid();
      const made = await between(stack, upset, () =>
        stack.stripe.refunds.create({ payment_intent: intent, amount: 700 }),
      );
      const shown = await settled(id);
      assert.deepEqual(
        shown.refunds.map((r) => [r.refund, r.reference, r.amount, r.status]),
        [[made.id, null, 700, 'succeeded']],
      );
      assert.equal(shown.amount_refunded, 700);
      const tooMuch = await stack.api.refund(id, { reference: 'rest', amount: 1300 });
      assert.equal(tooMuch.status, 409, 'what was given back elsewhere counts');
    });

    it(`made outside Penstock is shown once the read of its intent has told whose it is${upset.name}`, async () => {
      const { id, intent } = await stack.paid();
      const made = await amid(stack, upset, 'payment_intents.retrieve', () =>
        stack.stripe.refunds.create({ payment_intent: intent, amount: 700 }),
      );
      const shown = await settled(id);
      assert.deepEqual([shown.refunds[0]?.refund, shown.amount_refunded], [made.id, 700]);
    });

    it(`that is pending and of which no event comes is read until it ends${upset.name}`, async () => {
      const { id } = await stack.paid({ payment_method: 'pm_card_pendingRefund' });
      const { body } = await stack.api.refund(id, { reference: 'unheard' });
      await stack.api.untilShows(id, (p) => p.refunds[0]?.status === 'pending');
      const bankHasIt = () => stack.simulator.advance(30 * DAY_MS);
      await amid(stack, upset, 'refunds.retrieve', bankHasIt, { silent: true });
      assert.equal((await settled(id)).refunds[0]?.status, 'succeeded');
      await stack.closed(body.id);
    });
  }

  it('made outside Penstock of a charge that is none of its own is nobody’s here', async () => {
    const foreign = await stack.stripe.paymentIntents.create({
      amount: 4_000,
      currency: 'eur',
      payment_method: 'pm_card_visa',
      confirm: true,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    });
    const refund = await stack.stripe.refunds.create({ payment_intent: foreign.id });
    const workflow = await stack.started(`refund.default.${refund.id}`);
    const { state } = (await workflow.result()) as { state: { owner: { kind: string } } };
    assert.equal(state.owner.kind, 'foreign');
  });

  it('of a stray intent is not the payment’s own: what is left to give back stays', async () => {
    const { id, intent } = await stack.paid();
    const own = await stack.stripe.paymentIntents.retrieve(intent);
    const stray = await stack.stripe.paymentIntents.create({
      amount: 1999,
      currency: 'eur',
      payment_method: 'pm_card_visa',
      confirm: true,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
      metadata: own.metadata,
    });
    await stack.stripe.refunds.create({ payment_intent: stray.id });
    const shown = await settled(id);
    assert.deepEqual([shown.refunds[0]?.payment_intent, shown.amount_refunded], [stray.id, 0]);
    assert.equal((await stack.api.refund(id, { reference: 'all' })).status, 202);
    assert.equal((await settled(id, 2)).amount_refunded, 1999);
    assert.deepEqual(await atStripe(intent), [[1999, 'succeeded']]);
  });

  it('that names an intent the account does not have is nobody’s here, and is not asked after again', async () => {
    const refund = { id: 're_nobodys', object: 'refund', status: 'succeeded', amount: 5, currency: 'eur' };
    const named = { ...refund, payment_intent: 'pi_not_here', charge: 'ch_1', reason: null, created: 1, metadata: {} };
    assert.equal((await deliverSigned(stack, 'refund.created', named)).body.outcome, 'delivered');
    const workflow = stack.temporal.workflow.getHandle('refund.default.re_nobodys');
    await workflow.result();
    const { runId } = await workflow.describe();
    assert.equal((await deliverSigned(stack, 'refund.updated', named)).body.outcome, 'not_caused_here');
    assert.equal((await workflow.describe()).runId, runId, 'nothing began anew');
    const { events } = await workflow.fetchHistory();
    const asked = (events ?? []).filter((e) => e.eventType === EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
    assert.equal(asked.length, 1, 'one read');
  });

  it('the same reference again is the same refund; with another amount it is 409', async () => {
    const { id, intent } = await stack.paid();
    const body = { reference: 'once', amount: 300 };
    const taken = await Promise.all([1, 2, 3].map(() => stack.api.refund(id, body)));
    assert.deepEqual(taken.map((t) => t.status).sort(), [200, 200, 202]);
    assert.equal((await stack.api.refund(id, { ...body, amount: 301 })).status, 409);
    await settled(id);
    assert.equal((await stack.api.refund(id, body)).status, 200);
    assert.deepEqual(await atStripe(intent), [[300, 'succeeded']]);
  });

  it('of two in the same moment that are too much together, Stripe refuses the second', async () => {
    const { id, intent } = await stack.paid();
    const both = await Promise.all([
      stack.api.refund(id, { reference: 'a', amount: 1500 }),
      stack.api.refund(id, { reference: 'b', amount: 1500 }),
    ]);
    const taken = both.filter((t) => t.status === 202).length;
    assert.ok(taken >= 1 && both.every((t) => t.status === 202 || t.status === 409));
    const shown = await settled(id, taken);
    assert.equal(shown.amount_refunded, 1500);
    assert.deepEqual(await atStripe(intent), [[1500, 'succeeded']]);
    assert.deepEqual(shown.refunds.map((r) => r.status).sort(), ['failed', 'succeeded'].slice(2 - taken));
  });

  it('of a payment that collected nothing is 409, of nobody’s 404, and nonsense 422', async () => {
    const waiting = await stack.api.pay(aPayment({ capture_method: 'manual' }));
    const refused = await stack.api.call<ProblemBody>('POST', `/v1/payments/${waiting.id}/refunds`, { reference: 'r' });
    assert.deepEqual([refused.status, refused.body.code], [409, 'state_forbids']);
    assert.match(refused.body.detail, /authorized/);
    assert.equal((await stack.api.refund('pay.acme.nobody', { reference: 'r' })).status, 404);
    const { id } = await stack.paid();
    for (const [body, path] of [
      [{}, 'reference'],
      [{ reference: 'a.b' }, 'reference'],
      [{ reference: 'r', amount: 0 }, 'amount'],
      [{ reference: 'r', amount: 1.5 }, 'amount'],
      [{ reference: 'r', reason: 'mood' }, 'reason'],
      [{ reference: '4242424242424242' }, 'reference'],
      [{ reference: 'r', note: 'x' }, 'note'],
    ] as const) {
      const bad = await stack.api.call<ProblemBody>('POST', `/v1/payments/${id}/refunds`, body);
      assert.equal(bad.status, 422, JSON.stringify(body));
      assert.deepEqual(
        bad.body.errors?.map((e) => e.path),
        [path],
      );
    }
  });
});
