import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { NEW_ACCOUNT } from '../../../src/simulator/account.js';
import { setUp } from '../../support/account.js';
import { HOUR, T0 } from '../../support/facts.js';
import { cardPayment } from '../../support/metered-gateway.js';
import { Simulated } from '../../support/simulated.js';

const LATER = NEW_ACCOUNT.settles_after_ms;
const DAY = 24 * HOUR;

let at: Simulated;
beforeEach(async () => {
  at = await Simulated.start({ now: () => T0 });
});
afterEach(() => at.stop());

const pay = (changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  at.stripe.paymentIntents.create(cardPayment({ amount: 10_000, currency: 'usd', ...changes }));
const chargeOf = (intent: Stripe.PaymentIntent) => at.stripe.charges.retrieve(String(intent.latest_charge));
const movements = async (params: Stripe.BalanceTransactionListParams = {}) =>
  (await at.stripe.balanceTransactions.list({ limit: 100, ...params })).data;
const total = async () => {
  const { available, pending } = await at.stripe.balance.retrieve();
  return [...available, ...pending].reduce((sum, { amount }) => sum + amount, 0);
};

describe('a charge', () => {
  it('that was captured automatic_async is on the books a little later, and charge.updated says so', async () => {
    const intent = await pay();
    assert.equal((await chargeOf(intent)).balance_transaction, null);
    assert.deepEqual(await movements(), []);
    await at.control.advance(LATER - 1);
    assert.equal((await chargeOf(intent)).balance_transaction, null);
    await at.control.advance(1);
    const charge = await chargeOf(intent);
    const [movement] = await movements();
    assert.equal(charge.balance_transaction, movement?.id);
    assert.deepEqual(
      [movement?.amount, movement?.fee, movement?.net, movement?.source, movement?.type, movement?.reporting_category],
      [10_000, 320, 9_680, charge.id, 'charge', 'charge'],
    );
    const [told, ...others] = (await at.events()).filter(({ type }) => type === 'charge.updated');
    assert.deepEqual(told?.data.object, charge);
    assert.deepEqual(told?.data.previous_attributes, { balance_transaction: null });
    assert.deepEqual([told?.request?.id, others], [null, []]);
  });

  for (const [how, changes] of [
    ['captured automatically at once', { capture_method: 'automatic' }],
    ['paid with the test card that bypasses pending', { payment_method: 'pm_card_bypassPending' }],
  ] as const) {
    it(`that is ${how} is on the books when it succeeds`, async () => {
      const charge = await chargeOf(await pay(changes));
      assert.equal((await movements())[0]?.id, charge.balance_transaction);
      const types = (await at.events()).map(({ type }) => type);
      assert.ok(!types.includes('charge.updated'));
    });
  }

  it('that was captured by hand is on the books when it is captured, with what was captured', async () => {
    const intent = await pay({ capture_method: 'manual' });
    assert.deepEqual(await movements(), []);
    await at.stripe.paymentIntents.capture(intent.id, { amount_to_capture: 6_000 });
    const [movement] = await movements();
    assert.deepEqual([movement?.amount, movement?.fee], [6_000, 204]);
    assert.equal((await chargeOf(intent)).balance_transaction, movement?.id);
  });

  it('that a bank pays is a payment, for that bank’s price', async () => {
    await pay({ payment_method: 'pm_usBankAccount_success' });
    await at.control.advance(5 * DAY);
    const [movement] = await movements({ type: 'payment' });
    assert.deepEqual([movement?.amount, movement?.fee], [10_000, 80]);
  });

  it('that was declined moves nothing', async () => {
    await pay({ payment_method: 'pm_card_chargeDeclined' }).catch(() => undefined);
    await at.control.advance(DAY);
    assert.deepEqual(await movements(), []);
  });

  it('that waits for nothing where the account does not pause', async () => {
    setUp(at, { settles_after_ms: 0 });
    assert.notEqual((await chargeOf(await pay())).balance_transaction, null);
  });
});

describe('money that was taken', () => {
  it('is pending until a midnight, by the clock, and then available', async () => {
    await pay({ capture_method: 'automatic' });
    const midnight = (Math.floor(T0 / DAY) + 2) * DAY;
    const funds = async () => {
      const { available, pending } = await at.stripe.balance.retrieve();
      return [available[0]?.amount, pending[0]?.amount];
    };
    const [movement] = await movements();
    assert.deepEqual([movement?.available_on, movement?.status], [midnight / 1_000, 'pending']);
    setUp(at, { payouts: { interval: 'manual', delay_days: 2 } });
    await at.control.advance(midnight - T0 - 1);
    assert.deepEqual(await funds(), [0, 9_680]);
    assert.equal((await movements())[0]?.status, 'pending');
    await at.control.advance(1);
    assert.deepEqual(await funds(), [9_680, 0]);
    assert.equal((await movements())[0]?.status, 'available');
    const told = (await at.events()).filter(({ type }) => type === 'balance.available');
    assert.deepEqual(
      told.map(({ data }) => (data.object as Stripe.Balance).available[0]?.amount),
      [9_680],
    );
  });

  it('is available at once from the card that bypasses pending', async () => {
    await pay({ payment_method: 'pm_card_bypassPending' });
    const { available, pending } = await at.stripe.balance.retrieve();
    assert.deepEqual([available[0]?.amount, pending[0]?.amount], [9_680, 0]);
  });
});

describe('a refund', () => {
  it('before its charge is on the books puts it there first, and nothing puts it there again', async () => {
    const intent = await pay();
    await at.stripe.refunds.create({ payment_intent: intent.id });
    await at.control.advance(DAY);
    const [refund, charge, ...others] = await movements();
    assert.deepEqual(
      [charge?.type, charge?.amount, refund?.type, refund?.amount],
      ['charge', 10_000, 'refund', -10_000],
    );
    assert.deepEqual(others, []);
    const types = (await at.events())
      .map(({ type }) => type)
      .filter((type) => /^(charge\.(updated|refunded))$/.test(type));
    assert.deepEqual(types, ['charge.updated', 'charge.refunded']);
  });

  it('leaves the fee with Stripe', async () => {
    const { id } = await pay({ capture_method: 'automatic' });
    const refund = await at.stripe.refunds.create({ payment_intent: id, expand: ['balance_transaction'] });
    const movement = refund.balance_transaction as Stripe.BalanceTransaction;
    assert.deepEqual([movement.amount, movement.fee, movement.net], [-10_000, 0, -10_000]);
    assert.equal(await total(), -320);
  });

  it('that failed comes back, and says with what', async () => {
    const { id } = await pay({ capture_method: 'automatic', payment_method: 'pm_card_refundFail' });
    const { id: refundId } = await at.stripe.refunds.create({ payment_intent: id, amount: 4_000 });
    assert.equal(await total(), 10_000 - 320 - 4_000);
    setUp(at, { payouts: { interval: 'manual', delay_days: 2 } });
    await at.control.advance(30 * DAY);
    const refund = await at.stripe.refunds.retrieve(refundId, { expand: ['failure_balance_transaction'] });
    const back = refund.failure_balance_transaction as Stripe.BalanceTransaction;
    assert.deepEqual(
      [refund.status, back.amount, back.type, back.reporting_category, back.source],
      ['failed', 4_000, 'refund_failure', 'refund_failure', refundId],
    );
    assert.equal(await total(), 10_000 - 320);
  });
});

describe('a dispute', () => {
  const disputed = async (changes = {}) => {
    const intent = await pay({ capture_method: 'automatic', ...changes });
    return at.control.dispute(intent.id);
  };

  it('takes what is disputed, and a fee; won, it gives back both', async () => {
    const { id } = await disputed();
    assert.equal(await total(), 10_000 - 320 - 10_000 - 1_500);
    await at.stripe.disputes.update(id, { evidence: { uncategorized_text: 'winning_evidence' } });
    await at.control.advance(HOUR);
    assert.equal(await total(), 10_000 - 320);
    const [back, gone] = await movements({ type: 'adjustment' });
    assert.deepEqual([gone?.amount, gone?.fee, gone?.reporting_category], [-10_000, 1_500, 'dispute']);
    assert.deepEqual([back?.amount, back?.fee, back?.reporting_category], [10_000, -1_500, 'dispute_reversal']);
    const { balance_transactions: shown } = await at.stripe.disputes.retrieve(id);
    assert.deepEqual(
      shown.map((movement) => movement.id),
      [gone?.id, back?.id],
    );
  });

  it('that is lost gives back nothing', async () => {
    const { id } = await disputed();
    await at.stripe.disputes.close(id);
    assert.equal(await total(), -320 - 1_500);
  });

  it('takes only what was not refunded before', async () => {
    const intent = await pay({ capture_method: 'automatic' });
    await at.stripe.refunds.create({ payment_intent: intent.id, amount: 2_500 });
    const { amount } = await at.control.dispute(intent.id);
    assert.equal(amount, 7_500);
    assert.equal(await total(), -320 - 1_500);
  });

  it('takes nothing while it is an inquiry, and of one that escalates only what was not refunded meanwhile', async () => {
    const intent = await pay({ capture_method: 'automatic' });
    const { id } = await at.control.dispute(intent.id, { inquiry: true });
    assert.equal(await total(), 9_680);
    await at.stripe.refunds.create({ payment_intent: intent.id, amount: 4_000 });
    await at.stripe.disputes.update(id, { evidence: { uncategorized_text: 'escalate_inquiry_evidence' } });
    await at.control.advance(HOUR);
    const { amount, status } = await at.stripe.disputes.retrieve(id);
    assert.deepEqual([amount, status], [6_000, 'needs_response']);
    assert.equal(await total(), -320 - 1_500);
  });

  it('is closed where all was refunded while the bank only asked', async () => {
    const intent = await pay({ capture_method: 'automatic' });
    const { id } = await at.control.dispute(intent.id, { inquiry: true });
    await at.stripe.refunds.create({ payment_intent: intent.id });
    assert.equal((await at.stripe.disputes.retrieve(id)).status, 'warning_closed');
    assert.equal(await total(), -320);
  });
});
