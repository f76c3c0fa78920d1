import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { amid, between, UNDISTURBED, UPSETS } from '../support/amid.js';
import { aPayment, type ProblemBody, passed, soon } from '../support/api-client.js';
import { SOON_LOST, Stack } from '../support/stack.js';

const DAY_MS = 24 * 60 * 60_000;

describe('a payment that is authorized first', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({ policy: SOON_LOST });
  });
  afterEach(() => stack.simulator.noFaults());
  after(() => stack?.stop());

  async function authorized(changes: Record<string, unknown> = {}) {
    const payment = await stack.api.pay(aPayment({ capture_method: 'manual', ...changes }));
    assert.deepEqual([payment.status, payment.final, payment.amount_captured], ['authorized', false, 0]);
    assert.equal(payment.amount_capturable, 1999);
    return payment;
  }

  /** What Stripe has of the payment: its status, what was received, and how often it was captured. */
  async function atStripe(id: string) {
    const [intent, ...others] = await stack.intentsOf(id);
    assert.ok(intent !== undefined && others.length === 0, 'one intent');
    const captured = (await stack.chargesOf(id)).map((charge) => charge.amount_captured);
    return { status: intent.status, received: intent.amount_received, captured };
  }

  for (const upset of UPSETS) {
    it(`is captured in part, and the rest is released${upset.name}`, async () => {
      const { id } = await authorized();
      await amid(stack, upset, 'payment_intents.capture', async () => {
        assert.equal((await stack.api.capture(id, { amount: 1200 })).status, 202);
      });
      const paid = await stack.api.until(id, (p) => p.final);
      assert.deepEqual([paid.status, paid.amount_captured, paid.amount_capturable], ['succeeded', 1200, 0]);
      await stack.closed(id);
      assert.deepEqual(await atStripe(id), { status: 'succeeded', received: 1200, captured: [1200] });
    });

    it(`is let go: nothing is collected${upset.name}`, async () => {
      const { id } = await authorized();
      await amid(stack, upset, 'payment_intents.cancel', () => stack.api.cancel(id));
      const gone = await stack.api.until(id, (p) => p.final);
      assert.deepEqual([gone.status, gone.amount_captured], ['canceled', 0]);
      await stack.closed(id);
      assert.deepEqual(await atStripe(id), { status: 'canceled', received: 0, captured: [0] });
    });

    it(`a capture whose reply was lost is one capture${upset.name}`, async () => {
      const { id } = await authorized();
      const lose = { kind: 'reset_after', endpoint: 'payment_intents.capture', times: 1 } as const;
      await stack.simulator.faults({ requests: [lose], webhooks: [{ kind: 'drop' }] });
      assert.equal((await stack.api.capture(id)).status, 202);
      await stack.simulator.untilRequested(id, 'payment_intents.capture');
      await between(stack, upset);
      const paid = await stack.api.until(id, (p) => p.final);
      assert.deepEqual([paid.status, paid.amount_captured], ['succeeded', 1999]);
      await stack.closed(id);
      assert.deepEqual(await atStripe(id), { status: 'succeeded', received: 1999, captured: [1999] });
      const keys = (await stack.simulator.requestsOf(id, 'payment_intents.capture')).map((r) => r.idempotencyKey);
      assert.equal(new Set(keys).size, 1, 'a repeat never changes the key');
    });

    it(`a capture that comes while it is being let go is refused: the cancellation wins${upset.name}`, async () => {
      const { id } = await authorized();
      const late = await amid(
        stack,
        upset,
        'payment_intents.cancel',
        async () => {
          assert.equal((await stack.api.cancel(id)).status, 202);
          return stack.api.call<ProblemBody>('POST', `/v1/payments/${id}/capture`, {});
        },
        { silent: true },
      );
      assert.deepEqual([late.status, late.body.code], [409, 'state_forbids']);
      assert.match(late.body.detail, /given up/);
      assert.equal((await stack.api.until(id, (p) => p.final)).status, 'canceled');
      assert.deepEqual(await atStripe(id), { status: 'canceled', received: 0, captured: [0] });
    });

    it(`a cancellation that comes while it is being captured is refused: the capture wins${upset.name}`, async () => {
      const { id } = await authorized();
      const late = await amid(
        stack,
        upset,
        'payment_intents.capture',
        async () => {
          assert.equal((await stack.api.capture(id)).status, 202);
          return stack.api.call<ProblemBody>('POST', `/v1/payments/${id}/cancel`, {});
        },
        { silent: true },
      );
      assert.deepEqual([late.status, late.body.code], [409, 'state_forbids']);
      assert.match(late.body.detail, /capture is under way/);
      assert.equal((await stack.api.until(id, (p) => p.final)).status, 'succeeded');
      assert.deepEqual(await atStripe(id), { status: 'succeeded', received: 1999, captured: [1999] });
    });

    it(`the same capture again, after the answer or the restart, is the same capture${upset.name}`, async () => {
      for (const headers of [{ 'idempotency-key': 'again' }, {}]) {
        const { id } = await authorized();
        const capture = () => stack.api.capture(id, { amount: 700 }, headers);
        await amid(
          stack,
          upset,
          'payment_intents.capture',
          async () => {
            assert.equal((await capture()).status, 202);
          },
          { silent: true },
        );
        const again = await capture();
        assert.ok(again.status === 202 || again.status === 200, JSON.stringify(again));
        assert.equal((await stack.api.until(id, (p) => p.final)).amount_captured, 700);
        await stack.closed(id);
        assert.equal((await capture()).status, 200);
        assert.deepEqual(await atStripe(id), { status: 'succeeded', received: 700, captured: [700] });
        const keys = (await stack.simulator.requestsOf(id, 'payment_intents.capture')).map((r) => r.idempotencyKey);
        assert.equal(new Set(keys).size, 1);
      }
    });
  }

  it('the same capture again is the same capture, running or closed; another one is 409', async () => {
    const { id } = await authorized();
    const key = { 'idempotency-key': 'capture-1' };
    await amid(stack, UNDISTURBED, 'payment_intents.capture', async () => {
      assert.equal((await stack.api.capture(id, { amount: 500 }, key)).status, 202);
      assert.equal((await stack.api.capture(id, { amount: 500 }, key)).status, 202);
      assert.equal((await stack.api.capture(id, { amount: 500 })).status, 409, 'another operation');
    });
    await stack.api.until(id, (p) => p.final);
    await stack.closed(id);
    const again = await stack.api.capture(id, { amount: 500 }, key);
    assert.deepEqual([again.status, again.body.amount_captured], [200, 500]);
    assert.equal((await stack.api.capture(id, {}, { 'idempotency-key': 'capture-2' })).status, 409);
    assert.deepEqual(await atStripe(id), { status: 'succeeded', received: 500, captured: [500] });
    const keys = (await stack.simulator.requestsOf(id, 'payment_intents.capture')).map((r) => r.idempotencyKey);
    assert.equal(new Set(keys).size, 1);
  });

  it('the same Idempotency-Key with another amount is 409, running or closed: nobody believes in a capture that is not', async () => {
    const { id } = await authorized();
    const key = { 'idempotency-key': 'used-once' };
    assert.equal((await stack.api.capture(id, { amount: 300 }, key)).status, 202);
    const other = await stack.api.capture(id, { amount: 1999 }, key);
    assert.equal(other.status, 409);
    assert.equal((await stack.api.until(id, (p) => p.final)).amount_captured, 300);
    await stack.closed(id);
    assert.equal((await stack.api.capture(id, { amount: 1999 }, key)).status, 409);
    assert.equal((await stack.api.capture(id, { amount: 300 }, key)).status, 200);
  });

  it('a 500 stored under the capture’s key is gone round: read, and captured once under the next', async () => {
    const { id } = await authorized();
    const before = { kind: 'error_before', endpoint: 'payment_intents.capture', times: 1 } as const;
    await stack.simulator.faults({ requests: [before] });
    assert.equal((await stack.api.capture(id, { amount: 400 })).status, 202);
    const paid = await stack.api.until(id, (p) => p.final);
    assert.deepEqual([paid.status, paid.amount_captured], ['succeeded', 400]);
    assert.deepEqual(await atStripe(id), { status: 'succeeded', received: 400, captured: [400] });
    const keys = (await stack.simulator.requestsOf(id, 'payment_intents.capture')).map((r) => r.idempotencyKey);
    assert.equal(new Set(keys).size, 2);
  });

  it('a reset forgets no capture that was accepted: it is decided again once Stripe was read', async () => {
    const { id, workflow } = await authorized();
    await stack.simulator.faults({ requests: [{ kind: 'reset_before', endpoint: 'payment_intents.capture' }] });
    assert.equal((await stack.api.capture(id, { amount: 600 })).status, 202);
    await stack.api.untilTold(id, /capture 1 unknown/);
    await stack.reset(id, workflow.run_id);
    await stack.api.untilTold(id, /the run was reset/);
    await stack.simulator.noFaults();
    const paid = await stack.api.until(id, (p) => p.final);
    assert.deepEqual([paid.status, paid.amount_captured], ['succeeded', 600]);
    assert.deepEqual(await atStripe(id), { status: 'succeeded', received: 600, captured: [600] });
  });

  it('a capture refused to a run that was reset binds none that comes once it is allowed', async () => {
    const asks = { capture_method: 'manual', payment_method: 'pm_card_threeDSecure2Required' };
    const { id, workflow, payment_intent } = await stack.api.pay(aPayment(asks));
    await stack.reset(id, workflow.run_id);
    await stack.api.untilTold(id, /the run was reset/);
    const keyed = { 'Idempotency-Key': `key-${id}` };
    for (const headers of [{}, keyed]) {
      assert.equal((await stack.api.capture(id, {}, headers)).status, 409);
    }
    await stack.simulator.authenticate(payment_intent ?? '', 'succeed');
    await stack.api.until(id, (p) => p.status === 'authorized');
    assert.equal((await stack.api.capture(id, {}, keyed)).status, 202);
    await stack.api.until(id, (p) => p.final);
    await stack.closed(id);
    assert.equal((await stack.api.capture(id, {}, keyed)).status, 200, 'and is the same capture when it is sent again');
    assert.deepEqual(await atStripe(id), { status: 'succeeded', received: 1999, captured: [1999] });
  });

  it('the same capture again without a key of its own is the same capture', async () => {
    const { id } = await authorized();
    const both = await Promise.all([stack.api.capture(id, { amount: 700 }), stack.api.capture(id, { amount: 700 })]);
    for (const { status } of both) assert.ok(status === 202 || status === 200, String(status));
    assert.equal((await stack.api.until(id, (p) => p.final)).amount_captured, 700);
    assert.equal((await stack.simulator.requestsOf(id, 'payment_intents.capture')).length, 1);
  });

  it('more than was authorized is 422 and changes nothing', async () => {
    const { id } = await authorized();
    const refused = await stack.api.call<ProblemBody>('POST', `/v1/payments/${id}/capture`, { amount: 2000 });
    assert.equal(refused.status, 422);
    assert.deepEqual(
      refused.body.errors?.map((e) => e.path),
      ['amount'],
    );
    assert.equal((await stack.api.get(id)).body.status, 'authorized');
    assert.equal((await stack.simulator.requestsOf(id, 'payment_intents.capture')).length, 0);
    await stack.api.cancel(id);
  });

  it('a capture of what is not authorized is 409 with the reason', async () => {
    const paid = await stack.api.pay(aPayment());
    await stack.closed(paid.id);
    const refused = await stack.api.call<ProblemBody>('POST', `/v1/payments/${paid.id}/capture`, {});
    assert.deepEqual([refused.status, refused.body.code], [409, 'state_forbids']);
    assert.match(refused.body.detail, /succeeded/);
    assert.equal((await stack.api.call('POST', '/v1/payments/pay.acme.nobody/capture', {})).status, 404);
  });

  it('canceled at Stripe while the capture is on its way: canceled, nothing collected, and it says so', async () => {
    const { id, payment_intent } = await authorized();
    // The capture is refused for the moment, and in that moment somebody cancels in the dashboard.
    await stack.simulator.faults({
      requests: [{ kind: 'reject', endpoint: 'payment_intents.capture', reason: 'endpoint-rate' }],
      webhooks: [{ kind: 'drop' }],
    });
    assert.equal((await stack.api.capture(id)).status, 202);
    await stack.api.untilTold(id, /capture 1 not executed/);
    await stack.stripe.paymentIntents.cancel(payment_intent ?? '');
    await stack.simulator.noFaults();
    const gone = await stack.api.until(id, (p) => p.final);
    assert.deepEqual([gone.status, gone.amount_captured], ['canceled', 0]);
    assert.deepEqual(await atStripe(id), { status: 'canceled', received: 0, captured: [0] });
  });

  it('Temporal’s own cancel lets it go', async () => {
    const { id } = await authorized();
    await stack.temporal.workflow.getHandle(id).cancel();
    assert.equal((await stack.api.until(id, (p) => p.final)).status, 'canceled');
    assert.deepEqual(await atStripe(id), { status: 'canceled', received: 0, captured: [0] });
  });

  it('outlives its own expires_at: what was authorized in time is captured after it', async () => {
    const expires_at = soon();
    const { id } = await authorized({ expires_at });
    await passed(expires_at);
    assert.equal((await stack.api.get(id)).body.status, 'authorized');
    assert.equal((await stack.api.capture(id)).status, 202);
    assert.equal((await stack.api.until(id, (p) => p.final)).status, 'succeeded');
  });

  // Last: it steps the clock that the others share.
  for (const upset of UPSETS) {
    it(`an authorization that expires at Stripe ends as canceled${upset.name}`, async () => {
      const { id } = await authorized();
      await between(stack, upset, () => stack.simulator.advance(7 * DAY_MS));
      const gone = await stack.api.until(id, (p) => p.final);
      assert.deepEqual([gone.status, gone.amount_captured], ['canceled', 0]);
      await stack.closed(id);
    });
  }
});
