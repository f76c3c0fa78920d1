import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { aPayment, type ProblemBody, soon } from '../support/api-client.js';
import { withBudget } from '../support/budget-file.js';
import { Stack } from '../support/stack.js';

describe('a payment that is called off or runs out of time', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({
      policy: { overdue_ms: 300_000, stripe_timeout_ms: 1_500 },
      // Here a lane is paused by hand, and is to stay so.
      file: withBudget({ lane_check_ms: 0 }),
    });
  });
  afterEach(() => stack.simulator.noFaults());
  after(() => stack?.stop());

  it('cancelled before sending: nothing was ever sent', async () => {
    await stack.workerPart.stop();
    // A worker that has not begun the task must exist to take the update, so the lane is what is paused.
    await stack.setLane('checkout', 0);
    await stack.workerPart.start();
    const { body } = await stack.api.create(aPayment());
    const canceled = await stack.api.cancel(body.id);
    assert.equal(canceled.status, 202);
    const final = await stack.api.until(body.id, (p) => p.final);
    assert.equal(final.status, 'canceled');
    assert.equal(final.failure?.kind, 'canceled');
    await stack.closed(body.id);
    await stack.setLane('checkout', null);
    assert.equal((await stack.simulator.requestsOf(body.id)).length, 0);
    assert.equal((await stack.intentsOf(body.id)).length, 0);
  });

  it('cancelled while it waits at Stripe: canceled once Stripe says so', async () => {
    const waiting = await stack.api.pay(aPayment({ payment_method: 'pm_card_authenticationRequired' }));
    assert.equal(waiting.status, 'requires_action');
    assert.equal(waiting.next_action?.type, 'use_stripe_sdk');
    const first = await stack.api.cancel(waiting.id, { 'idempotency-key': 'op-1' });
    assert.equal(first.status, 202);
    const again = await stack.api.cancel(waiting.id, { 'idempotency-key': 'op-1' });
    assert.ok([200, 202].includes(again.status));
    const final = await stack.api.until(waiting.id, (p) => p.final);
    assert.equal(final.status, 'canceled');
    assert.deepEqual(
      (await stack.intentsOf(waiting.id)).map((i) => [i.status, i.cancellation_reason]),
      [['canceled', 'requested_by_customer']],
    );
    await stack.closed(waiting.id);
    assert.equal((await stack.api.cancel(waiting.id)).status, 200, 'off already');
  });

  it('cancelled after it was paid: 409, and it stays paid', async () => {
    const paid = await stack.api.pay(aPayment());
    await stack.closed(paid.id);
    const refused = await stack.api.call<ProblemBody>('POST', `/v1/payments/${paid.id}/cancel`, {});
    assert.equal(refused.status, 409);
    assert.equal(refused.body.code, 'state_forbids');
    assert.match(refused.body.detail, /succeeded/);
    assert.equal((await stack.api.get(paid.id)).body.status, 'succeeded');
  });

  it('cancelled while a success waits for its webhook: 409, and it stays paid', async () => {
    await stack.simulator.faults({ webhooks: [{ kind: 'drop' }] });
    const paid = await stack.api.pay(aPayment());
    assert.deepEqual([paid.status, paid.workflow.status], ['succeeded', 'RUNNING']);
    const refused = await stack.api.call<ProblemBody>('POST', `/v1/payments/${paid.id}/cancel`, {});
    assert.equal(refused.status, 409);
    assert.equal(refused.body.code, 'state_forbids');
  });

  it('an operation id that is a card number is refused and kept nowhere', async () => {
    const waiting = await stack.api.pay(aPayment({ payment_method: 'pm_card_authenticationRequired' }));
    const refused = await stack.api.cancel(waiting.id, { 'idempotency-key': '4242424242424242' });
    assert.equal(refused.status, 422);
    assert.equal((await stack.api.get(waiting.id)).body.status, 'requires_action');
  });

  it("a 500 stored under a cancel's key is gone round: the intent is read and cancelled under the next", async () => {
    await stack.simulator.faults({
      requests: [{ kind: 'error_before', endpoint: 'payment_intents.cancel', times: 1 }],
    });
    const final = await stack.api.pay(aPayment({ payment_method: 'pm_card_visa_chargeDeclined', off_session: true }));
    assert.equal(final.status, 'failed');
    assert.deepEqual(
      (await stack.intentsOf(final.id)).map((i) => i.status),
      ['canceled'],
    );
  });

  it('cancelled while the charge is under way: the money that came in wins', async () => {
    // A repeat is held too, should it be cancelled only after the first has timed out.
    await stack.simulator.faults({
      requests: [{ kind: 'hold_after', endpoint: 'payment_intents.create' }],
      webhooks: [{ kind: 'drop' }],
    });
    const { body } = await stack.api.create(aPayment());
    await stack.simulator.untilHeld();
    assert.equal((await stack.api.cancel(body.id)).status, 202);
    await stack.simulator.noFaults();
    await stack.simulator.release();
    const final = await stack.api.until(body.id, (p) => p.final);
    assert.equal(final.status, 'succeeded');
    assert.equal((await stack.chargesOf(body.id)).length, 1);
  });

  it('cancelled while unknown is read, and never repeated', async () => {
    await stack.simulator.faults({
      requests: [{ kind: 'hang_after', endpoint: 'payment_intents.create' }],
      webhooks: [{ kind: 'drop' }],
    });
    const { body } = await stack.api.create(aPayment({ payment_method: 'pm_card_authenticationRequired' }));
    await stack.simulator.untilRequested(body.id, 'payment_intents.create');
    await stack.api.cancel(body.id);
    const sends = (await stack.simulator.requestsOf(body.id, 'payment_intents.create')).length;
    const final = await stack.api.until(body.id, (p) => p.final);
    assert.equal(final.status, 'canceled');
    assert.equal((await stack.simulator.requestsOf(body.id, 'payment_intents.create')).length, sends);
    assert.deepEqual(
      (await stack.intentsOf(body.id)).map((i) => i.status),
      ['canceled'],
    );
  });

  it("cancelled through Temporal's own cancel ends in order", async () => {
    const waiting = await stack.api.pay(aPayment({ payment_method: 'pm_card_authenticationRequired' }));
    await stack.temporal.workflow.getHandle(waiting.id).cancel();
    const final = await stack.api.until(waiting.id, (p) => p.final);
    assert.equal(final.status, 'canceled');
    await stack.closed(waiting.id);
    assert.equal((await stack.api.get(waiting.id)).body.workflow.status, 'COMPLETED', 'not torn off half way');
    assert.deepEqual(
      (await stack.intentsOf(waiting.id)).map((i) => i.status),
      ['canceled'],
    );
  });

  it('expired while unsent: canceled, and nothing is sent later', async () => {
    await stack.setLane('checkout', 0);
    const { body } = await stack.api.create(aPayment({ expires_at: soon() }));
    const final = await stack.api.until(body.id, (p) => p.final);
    assert.equal(final.status, 'canceled');
    assert.equal(final.failure?.kind, 'expired');
    await stack.closed(body.id);
    await stack.setLane('checkout', null);
    assert.equal((await stack.simulator.requestsOf(body.id)).length, 0);
  });

  it('expired while unknown, and charged: the read tells, and it is paid', async () => {
    await stack.simulator.faults({
      requests: [{ kind: 'hang_after', endpoint: 'payment_intents.create' }],
      webhooks: [{ kind: 'drop' }],
    });
    const { body } = await stack.api.create(aPayment({ expires_at: soon() }));
    const final = await stack.api.until(body.id, (p) => p.final);
    assert.equal(final.status, 'succeeded');
    assert.equal((await stack.chargesOf(body.id)).length, 1);
  });

  it('expired while unknown, and never arrived: canceled once absence is proof, and not sent again', async () => {
    await stack.simulator.faults({ requests: [{ kind: 'reset_before', endpoint: 'payment_intents.create' }] });
    const { body } = await stack.api.create(aPayment({ expires_at: soon() }));
    await stack.api.untilTold(body.id, /expires_at has passed/);
    const sends = await stack.simulator.requestsOf(body.id);
    assert.ok(sends.length > 0);
    const final = await stack.api.until(body.id, (p) => p.final);
    assert.equal(final.status, 'canceled');
    assert.equal(final.failure?.kind, 'expired');
    assert.deepEqual(await stack.simulator.requestsOf(body.id), sends, 'nothing is sent after expires_at');
    const proved = final.timeline?.findLast((entry) => /is not in Stripe's list/.test(entry.what));
    const proofMs = Date.parse(proved?.at ?? '') - (sends.at(-1)?.atMs ?? 0);
    assert.ok(
      proofMs >= stack.config.policy.payments.proof_delay_ms,
      `absence was taken for proof after ${proofMs} ms`,
    );
  });

  it('waiting for the customer until expires_at: the intent is cancelled', async () => {
    const waiting = await stack.api.pay(
      aPayment({ payment_method: 'pm_card_authenticationRequired', expires_at: soon() }),
    );
    assert.equal(waiting.status, 'requires_action');
    const final = await stack.api.until(waiting.id, (p) => p.final);
    assert.equal(final.status, 'canceled');
    assert.equal(final.failure?.kind, 'expired');
    assert.deepEqual(
      (await stack.intentsOf(waiting.id)).map((i) => i.status),
      ['canceled'],
    );
  });

  it('a cancel of Stripe that gets lost is repeated until Stripe says canceled', async () => {
    await stack.simulator.faults({
      requests: [
        { kind: 'reset_after', endpoint: 'payment_intents.cancel', times: 1 },
        { kind: 'reject', status: 429, endpoint: 'payment_intents.cancel', times: 1 },
      ],
      webhooks: [{ kind: 'drop', type: 'payment_intent.canceled' }],
    });
    const final = await stack.api.pay(aPayment({ payment_method: 'pm_card_visa_chargeDeclined', off_session: true }));
    assert.equal(final.status, 'failed');
    assert.deepEqual(
      (await stack.intentsOf(final.id)).map((i) => i.status),
      ['canceled'],
    );
  });
});
