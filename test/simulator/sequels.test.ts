import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { HOUR, T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

const DAY = 24 * HOUR;

/** What a script has in store for money, days later. */
describe('a scripted sequel', () => {
  let stripe: Simulated;
  beforeEach(async () => {
    stripe = await Simulated.start({ now: () => T0 });
  });
  afterEach(() => stripe.stop());

  const pay = (changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
    stripe.stripe.paymentIntents.create(cardPayment(changes));
  const disputes = async () => (await stripe.stripe.disputes.list()).data;

  for (const [kind, status] of [
    ['dispute', 'needs_response'],
    ['inquiry', 'warning_needs_response'],
  ] as const) {
    it(`${kind}: opens so long after the charge was taken, and not before`, async () => {
      await stripe.control.faults({ sequels: [{ kind, after_ms: 3 * DAY }] });
      const paid = await pay();
      await stripe.control.advance(3 * DAY - 1);
      assert.deepEqual(await disputes(), []);
      await stripe.control.advance(1);
      const [dispute] = await disputes();
      assert.deepEqual([dispute?.charge, dispute?.status], [paid.latest_charge, status]);
    });
  }

  it('dispute: of what was held is counted from its capture', async () => {
    await stripe.control.faults({ sequels: [{ kind: 'dispute', after_ms: DAY }] });
    const { id } = await pay({ capture_method: 'manual' });
    await stripe.control.advance(2 * DAY);
    await stripe.stripe.paymentIntents.capture(id);
    await stripe.control.advance(DAY - 1);
    assert.deepEqual(await disputes(), []);
    await stripe.control.advance(1);
    assert.equal((await disputes()).length, 1);
  });

  it('refund_pending: settles so long after it was made', async () => {
    await stripe.control.faults({ sequels: [{ kind: 'refund_pending', after_ms: 2 * DAY }] });
    const refund = await stripe.stripe.refunds.create({ payment_intent: (await pay()).id });
    assert.equal(refund.status, 'pending');
    await stripe.control.advance(2 * DAY - 1);
    assert.equal((await stripe.stripe.refunds.retrieve(refund.id)).status, 'pending');
    await stripe.control.advance(1);
    assert.equal((await stripe.stripe.refunds.retrieve(refund.id)).status, 'succeeded');
  });

  it('refund_fails: had succeeded, and fails so long after it was made', async () => {
    await stripe.control.faults({ sequels: [{ kind: 'refund_fails', after_ms: 9 * DAY }] });
    const refund = await stripe.stripe.refunds.create({ payment_intent: (await pay()).id });
    assert.equal(refund.status, 'succeeded');
    await stripe.control.advance(9 * DAY);
    assert.equal((await stripe.stripe.refunds.retrieve(refund.id)).status, 'failed');
  });

  it('comes about for what matches and is drawn, the same for the same seed', async () => {
    const metadata = (merchant: string) => ({ metadata: { penstock_workflow: `pay.${merchant}.1` } });
    const run = async (seed: number) => {
      const rule = {
        kind: 'dispute' as const,
        after_ms: DAY,
        rate: 0.5,
        metadata: { penstock_workflow: 'pay.acme.*' },
      };
      await stripe.control.faults({ seed, sequels: [rule] });
      const paid: string[] = [];
      for (let i = 0; i < 12; i += 1) {
        paid.push((await pay(metadata('acme'))).id);
        await pay(metadata('other'));
      }
      await stripe.control.advance(DAY);
      const disputed = new Set((await stripe.stripe.disputes.list({ limit: 100 })).data.map((d) => d.payment_intent));
      return paid.map((id) => disputed.has(id));
    };
    const [first, again, otherwise] = [await run(1), await run(1), await run(2)];
    assert.deepEqual(again, first);
    assert.notDeepEqual(otherwise, first);
    const all = (await stripe.stripe.disputes.list({ limit: 100 })).data.length;
    assert.equal(all, [...first, ...again, ...otherwise].filter(Boolean).length, 'none of another merchant');
  });

  it('leaves the test payment methods theirs where no rule hits', async () => {
    await stripe.control.faults({ sequels: [{ kind: 'inquiry', rate: 0 }] });
    await pay({ payment_method: 'pm_card_createDispute' });
    await stripe.control.advance(1);
    assert.equal((await disputes())[0]?.status, 'needs_response');
  });

  it('stands although the script has changed since, and outlives what the script was about', async () => {
    await stripe.control.faults({ sequels: [{ kind: 'dispute', after_ms: DAY, times: 1 }] });
    await pay();
    await pay();
    await stripe.control.noFaults();
    await stripe.control.advance(DAY);
    assert.equal((await disputes()).length, 1);
  });
});
