import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { amid, between, UNDISTURBED, UPSETS } from '../support/amid.js';
import { aPayment, type ProblemBody, soon } from '../support/api-client.js';
import { deliverEvent, eventsOf } from '../support/signed-event.js';
import { SOON_LOST, Stack } from '../support/stack.js';

const DECLINED = { payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds' };

describe('a declined payment that waits for another payment method', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({ policy: SOON_LOST });
  });
  afterEach(() => stack.simulator.noFaults());
  after(() => stack?.stop());

  async function declined(changes: Record<string, unknown> = {}) {
    const payment = await stack.api.pay(aPayment({ ...DECLINED, ...changes }));
    assert.deepEqual([payment.status, payment.final], ['requires_payment_method', false]);
    assert.equal(payment.failure?.decline_code, 'insufficient_funds');
    return payment;
  }

  const confirmsOf = async (id: string) =>
    (await stack.simulator.requestsOf(id, 'payment_intents.confirm')).map((r) => r.idempotencyKey);

  async function paidOnce(id: string): Promise<void> {
    const paid = await stack.api.until(id, (p) => p.final);
    assert.deepEqual([paid.status, paid.amount_captured, paid.failure], ['succeeded', 1999, null]);
    await stack.closed(id);
    assert.equal((await stack.intentsOf(id)).length, 1, 'on the same intent');
    assert.equal((await stack.chargesOf(id)).length, 1);
  }

  for (const upset of UPSETS) {
    it(`is paid with another card${upset.name}`, async () => {
      const { id } = await declined();
      await amid(stack, upset, 'payment_intents.confirm', async () => {
        assert.equal((await stack.api.confirm(id, 'pm_card_mastercard')).status, 202);
      });
      await paidOnce(id);
    });

    it(`attempt 1’s late failure event during attempt 2 moves nothing${upset.name}`, async () => {
      await stack.simulator.faults({ webhooks: [{ kind: 'drop' }] });
      const { id } = await declined();
      const reject = { kind: 'reject', endpoint: 'payment_intents.confirm', reason: 'endpoint-rate' } as const;
      await stack.simulator.faults({ requests: [reject] });
      assert.equal((await stack.api.confirm(id, 'pm_card_visa')).status, 202);
      await stack.api.untilTold(id, /attempt 2 not executed/);
      // Every event of attempt 1 comes now, and attempt 2 has still to be made.
      await between(stack, upset, () => stack.simulator.redeliver());
      const during = await stack.api.untilTold(id, /is requires_payment_method \(nothing moved\)/);
      assert.deepEqual([during.status, during.final, during.failure], ['processing', false, null]);
      await stack.simulator.noFaults();
      await paidOnce(id);
    });

    it(`attempt 1’s late events while attempt 2 has been carried out and not answered move nothing${upset.name}`, async () => {
      await stack.simulator.faults({ webhooks: [{ kind: 'drop' }] });
      const { id, payment_intent } = await declined();
      const ofAttempt1 = await eventsOf(stack, payment_intent);
      assert.ok(ofAttempt1.some(({ type }) => type === 'payment_intent.payment_failed'));
      const confirm = async () => assert.equal((await stack.api.confirm(id, 'pm_card_visa')).status, 202);
      const lateNews = async () => {
        const { status } = await stack.stripe.paymentIntents.retrieve(payment_intent ?? '');
        assert.equal(status, 'succeeded', 'and nobody here knows');
        for (const event of ofAttempt1) assert.equal((await deliverEvent(stack, event)).status, 200);
        const during = await stack.api.untilTold(id, /is requires_payment_method \(nothing moved\)/);
        assert.deepEqual([during.status, during.final, during.failure], ['processing', false, null]);
      };
      await amid(stack, upset, 'payment_intents.confirm', confirm, { silent: true, meanwhile: lateNews });
      await paidOnce(id);
      assert.equal(new Set(await confirmsOf(id)).size, 1);
    });

    it(`a confirmation whose reply was lost is one attempt${upset.name}`, async () => {
      const { id } = await declined();
      const lose = { kind: 'reset_after', endpoint: 'payment_intents.confirm', times: 1 } as const;
      await stack.simulator.faults({ requests: [lose], webhooks: [{ kind: 'drop' }] });
      assert.equal((await stack.api.confirm(id, 'pm_card_visa')).status, 202);
      await stack.simulator.untilRequested(id, 'payment_intents.confirm');
      await between(stack, upset);
      await paidOnce(id);
      assert.equal(new Set(await confirmsOf(id)).size, 1, 'a repeat never changes the key');
    });

    it(`a confirmation that never arrived is sent again under its key${upset.name}`, async () => {
      const { id } = await declined();
      await stack.simulator.faults({
        requests: [{ kind: 'reset_before', endpoint: 'payment_intents.confirm', times: 1 }],
      });
      assert.equal((await stack.api.confirm(id, 'pm_card_visa')).status, 202);
      await stack.simulator.untilRequested(id, 'payment_intents.confirm');
      await between(stack, upset);
      await paidOnce(id);
      assert.equal(new Set(await confirmsOf(id)).size, 1);
    });
  }

  it('can be declined again and again, each attempt under a key of its own', async () => {
    const { id } = await declined();
    for (const method of ['pm_card_visa_chargeDeclinedLostCard', 'pm_card_chargeDeclinedExpiredCard']) {
      assert.equal((await stack.api.confirm(id, method)).status, 202);
      await stack.api.until(id, (p) => p.status === 'requires_payment_method');
    }
    const waiting = (await stack.api.get(id)).body;
    assert.equal(waiting.failure?.code, 'expired_card');
    assert.equal((await stack.api.confirm(id, 'pm_card_visa')).status, 202);
    await paidOnce(id);
    assert.equal(new Set(await confirmsOf(id)).size, 3);
  });

  it('the same card can be tried twice', async () => {
    const { id } = await declined();
    assert.equal((await stack.api.confirm(id, DECLINED.payment_method)).status, 202);
    await stack.api.untilShows(id, (p) => p.timeline?.filter((t) => t.source === 'stripe_reply').length === 2);
    assert.equal((await stack.api.get(id)).body.status, 'requires_payment_method');
    assert.equal((await stack.api.confirm(id, 'pm_card_visa')).status, 202);
    await paidOnce(id);
  });

  it('a method that Stripe refuses outright leaves it waiting, with the reason', async () => {
    const { id } = await declined();
    assert.equal((await stack.api.confirm(id, 'pm_card_nonesuch')).status, 202);
    const waiting = await stack.api.until(id, (p) => p.failure?.code === 'resource_missing');
    assert.deepEqual([waiting.status, waiting.final], ['requires_payment_method', false]);
    assert.equal((await stack.api.confirm(id, 'pm_card_visa')).status, 202);
    await paidOnce(id);
  });

  it('the same confirmation again is the same attempt; another one meanwhile is 409', async () => {
    const { id } = await declined();
    await amid(
      stack,
      UNDISTURBED,
      'payment_intents.confirm',
      async () => {
        const keyed = { 'idempotency-key': 'confirm-1' };
        assert.equal((await stack.api.confirm(id, 'pm_card_visa', keyed)).status, 202);
        assert.equal((await stack.api.confirm(id, 'pm_card_visa', keyed)).status, 202);
        const other = await stack.api.call<ProblemBody>('POST', `/v1/payments/${id}/confirm`, {
          payment_method: 'pm_card_mastercard',
        });
        assert.deepEqual([other.status, other.body.code], [409, 'state_forbids']);
        assert.match(other.body.detail, /processing/);
      },
      { silent: true },
    );
    await paidOnce(id);
    assert.equal(new Set(await confirmsOf(id)).size, 1);
    assert.equal((await stack.api.confirm(id, 'pm_card_visa', { 'idempotency-key': 'confirm-1' })).status, 200);
    assert.equal((await stack.api.confirm(id, 'pm_card_visa')).status, 409, 'it is paid');
  });

  it('the same confirmation again without a key of its own is the same attempt', async () => {
    const { id } = await declined();
    await amid(
      stack,
      UNDISTURBED,
      'payment_intents.confirm',
      async () => {
        assert.equal((await stack.api.confirm(id, 'pm_card_visa')).status, 202);
        assert.equal((await stack.api.confirm(id, 'pm_card_visa')).status, 202);
      },
      { silent: true },
    );
    await paidOnce(id);
    assert.equal(new Set(await confirmsOf(id)).size, 1);
  });

  it('is canceled while it waits', async () => {
    const { id } = await declined();
    assert.equal((await stack.api.cancel(id)).status, 202);
    assert.equal((await stack.api.until(id, (p) => p.final)).status, 'canceled');
    assert.equal((await stack.api.confirm(id, 'pm_card_visa')).status, 409);
    assert.deepEqual(
      (await stack.intentsOf(id)).map((i) => i.status),
      ['canceled'],
    );
  });

  it('waits until expires_at and no longer: canceled, and nothing is taken after it', async () => {
    const expires_at = soon();
    const { id } = await declined({ expires_at });
    const gone = await stack.api.until(id, (p) => p.final);
    assert.deepEqual([gone.status, gone.failure?.kind], ['canceled', 'expired']);
    assert.equal(gone.failure?.decline_code, 'insufficient_funds', 'why it was waiting');
    assert.ok(Date.now() >= expires_at * 1000);
    assert.equal((await stack.api.confirm(id, 'pm_card_visa')).status, 409);
    assert.equal((await confirmsOf(id)).length, 0);
  });

  it('a payment that waits for nothing takes none, and a card number is none', async () => {
    const paid = await stack.api.pay(aPayment());
    assert.equal((await stack.api.confirm(paid.id, 'pm_card_visa')).status, 409);
    const bad = await stack.api.call<ProblemBody>('POST', `/v1/payments/${paid.id}/confirm`, {
      payment_method: '4242424242424242',
    });
    assert.deepEqual([bad.status, bad.body.errors?.map((e) => e.path)], [422, ['payment_method']]);
    assert.ok(!JSON.stringify(bad.body).includes('4242'));
    assert.equal((await stack.api.call('POST', `/v1/payments/${paid.id}/confirm`, {})).status, 422);
  });

  it('a 500 stored under a confirmation’s key locks nobody out: the customer tries again, and pays once', async () => {
    const { id } = await declined();
    await stack.simulator.faults({
      requests: [{ kind: 'error_before', endpoint: 'payment_intents.confirm', times: 1 }],
    });
    assert.equal((await stack.api.confirm(id, 'pm_card_visa')).status, 202);
    const waiting = await stack.api.until(id, (p) => p.status === 'requires_payment_method');
    assert.equal(waiting.failure?.code, 'processing_error');
    assert.equal((await stack.api.confirm(id, 'pm_card_mastercard')).status, 202);
    await paidOnce(id);
    assert.equal(new Set(await confirmsOf(id)).size, 2);
  });
});
