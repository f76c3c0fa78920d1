import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import Stripe from 'stripe';
import { SEED } from '../support/any-fact.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

describe('refunds', () => {
  let stripe: Simulated;
  before(async () => {
    stripe = await Simulated.start();
  });
  after(() => stripe?.stop());

  const pay = (changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
    stripe.stripe.paymentIntents.create(cardPayment(changes));
  const refund = (payment_intent: string, changes: Partial<Stripe.RefundCreateParams> = {}) =>
    stripe.stripe.refunds.create({ payment_intent, ...changes });

  async function codeOf(call: Promise<unknown>) {
    const error = await call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof Stripe.errors.StripeInvalidRequestError, 'the call was refused');
    return error.code ?? error.param;
  }

  it('without an amount gives all of it back, and its charge says so', async () => {
    const { id, latest_charge } = await pay();
    const given = await refund(id, { metadata: { why: 'late' }, reason: 'requested_by_customer' });
    assert.deepEqual(
      [given.amount, given.currency, given.charge, given.payment_intent, given.status, given.reason],
      [4_200, 'eur', latest_charge, id, 'succeeded', 'requested_by_customer'],
    );
    assert.deepEqual(given.metadata, { why: 'late' });
    assert.deepEqual(await stripe.stripe.refunds.retrieve(given.id), given);
    const charge = await stripe.stripe.charges.retrieve(latest_charge as string);
    assert.deepEqual([charge.amount_refunded, charge.refunded], [4_200, true]);
    assert.equal((await stripe.stripe.paymentIntents.retrieve(id)).status, 'succeeded', 'the payment stays one');
  });

  it('never add up to more than was taken, in whatever portions they are asked for', async () => {
    const anyPortions = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(anyPortions, async (portions) => {
        const { id, latest_charge } = await pay({ amount: 100 });
        let left = 100;
        for (const amount of portions) {
          if (left === 0) assert.equal(await codeOf(refund(id, { amount })), 'charge_already_refunded');
          else if (amount > left) assert.equal(await codeOf(refund(id, { amount })), 'amount');
          else left -= (await refund(id, { amount })).amount;
        }
        const refunds = await stripe.stripe.refunds.list({ payment_intent: id, limit: 100 });
        assert.equal(
          refunds.data.reduce((sum, { amount }) => sum + amount, 0),
          100 - left,
        );
        const charge = await stripe.stripe.charges.retrieve(latest_charge as string);
        assert.deepEqual([charge.amount_refunded, charge.refunded], [100 - left, left === 0]);
      }),
      { seed: SEED, numRuns: 40 },
    );
  });

  it('of nothing, or of less, are refused', async () => {
    const { id } = await pay();
    for (const amount of [0, -1]) assert.equal(await codeOf(refund(id, { amount })), 'parameter_invalid_integer');
  });

  it('give back only money that was taken', async () => {
    const waiting = await pay({ payment_method: 'pm_card_authenticationRequired' });
    const held = await pay({ capture_method: 'manual' });
    for (const { id } of [waiting, held]) assert.equal(await codeOf(refund(id)), 'payment_intent');
    assert.equal(await codeOf(refund('pi_nobody')), 'resource_missing');
  });
});
