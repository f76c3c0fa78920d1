import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { amid, between, UPSETS } from '../support/amid.js';
import { aPayment, type ProblemBody, passed, soon } from '../support/api-client.js';
import { SOON_LOST, Stack } from '../support/stack.js';

const DAY_MS = 24 * 60 * 60_000;
const PAYS = { payment_method: 'pm_usBankAccount_success', currency: 'usd' };
const FAILS = { payment_method: 'pm_usBankAccount_insufficientFunds', currency: 'usd' };

describe('a payment that a bank decides days later', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({ policy: SOON_LOST });
  });
  afterEach(() => stack.simulator.noFaults());
  after(() => stack?.stop());

  async function underWay(changes: Record<string, unknown>) {
    const { body } = await stack.api.create(aPayment(changes));
    return stack.api.untilTold(body.id, /is processing/);
  }

  for (const upset of UPSETS) {
    it(`is processing until then, and then paid${upset.name}`, async () => {
      const { body } = await amid(stack, upset, 'payment_intents.create', () => stack.api.create(aPayment(PAYS)));
      const waiting = await stack.api.untilTold(body.id, /is processing/);
      assert.deepEqual([waiting.status, waiting.final, waiting.outcome], ['processing', false, undefined]);
      await between(stack, upset, () => stack.simulator.advance(5 * DAY_MS));
      const paid = await stack.api.until(body.id, (p) => p.final);
      assert.deepEqual([paid.status, paid.amount_captured], ['succeeded', 1999]);
      await stack.closed(body.id);
      assert.equal((await stack.chargesOf(body.id)).length, 1);
    });

    it(`refused by the bank long after expires_at, it failed${upset.name}`, async () => {
      const expires_at = soon();
      const { id } = await underWay({ ...FAILS, expires_at });
      await passed(expires_at);
      assert.equal((await stack.api.get(id)).body.status, 'processing', 'what Stripe is processing does not expire');
      await between(stack, upset, () => stack.simulator.advance(5 * DAY_MS));
      const failed = await stack.api.until(id, (p) => p.final);
      assert.deepEqual(
        [failed.status, failed.failure?.kind, failed.failure?.code],
        ['failed', 'declined', 'insufficient_funds'],
      );
      assert.deepEqual(
        (await stack.intentsOf(id)).map((i) => i.status),
        ['canceled'],
      );
      assert.equal((await stack.chargesOf(id)).length, 0);
    });

    it(`paid by the bank long after expires_at, it succeeded${upset.name}`, async () => {
      const expires_at = soon();
      const { id } = await underWay({ ...PAYS, expires_at });
      await passed(expires_at);
      const late = (await stack.api.get(id)).body;
      assert.ok(Date.now() > Date.parse(late.expires_at ?? ''), 'it has passed by the clock that Penstock goes by');
      assert.deepEqual([late.status, late.final], ['processing', false]);
      await between(stack, upset, () => stack.simulator.advance(5 * DAY_MS));
      const paid = await stack.api.until(id, (p) => p.final);
      assert.deepEqual([paid.status, paid.amount_captured], ['succeeded', 1999]);
      await stack.closed(id);
      assert.deepEqual(
        (await stack.intentsOf(id)).map((i) => i.status),
        ['succeeded'],
      );
      const cancels = await stack.simulator.requestsOf(id, 'payment_intents.cancel');
      assert.equal(cancels.length, 0, 'what the bank is deciding about is not called off');
      assert.equal((await stack.chargesOf(id)).length, 1);
    });

    it(`refused by the bank while there is time waits for another payment method${upset.name}`, async () => {
      const { id } = await underWay(FAILS);
      await between(stack, upset, () => stack.simulator.advance(5 * DAY_MS));
      await stack.api.until(id, (p) => p.status === 'requires_payment_method');
      await amid(stack, upset, 'payment_intents.confirm', async () => {
        assert.equal((await stack.api.confirm(id, 'pm_card_visa')).status, 202);
      });
      assert.equal((await stack.api.until(id, (p) => p.final)).status, 'succeeded');
      await stack.closed(id);
      assert.equal((await stack.chargesOf(id)).length, 1);
    });
  }

  it('off-session it fails when the bank refuses', async () => {
    const { id } = await underWay({ ...FAILS, off_session: true, priority: 'renewal' });
    await stack.simulator.advance(5 * DAY_MS);
    const failed = await stack.api.until(id, (p) => p.final);
    assert.deepEqual([failed.status, failed.failure?.code], ['failed', 'insufficient_funds']);
  });

  it('with every webhook dropped the sweep ends it', async () => {
    const { id } = await underWay(PAYS);
    await stack.simulator.faults({ webhooks: [{ kind: 'drop' }] });
    await stack.simulator.advance(5 * DAY_MS);
    assert.equal((await stack.api.until(id, (p) => p.final)).status, 'succeeded');
  });

  it('cannot be canceled meanwhile: 409 with the reason', async () => {
    const { id } = await underWay(PAYS);
    const refused = await stack.api.call<ProblemBody>('POST', `/v1/payments/${id}/cancel`, {});
    assert.deepEqual([refused.status, refused.body.code], [409, 'state_forbids']);
    assert.match(refused.body.detail, /processing/);
    await stack.simulator.advance(5 * DAY_MS);
    assert.equal((await stack.api.until(id, (p) => p.final)).status, 'succeeded');
  });
});
