import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { HOUR, T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

const DAY = 24 * HOUR;

describe('a bank that is told what to answer', () => {
  let stripe: Simulated;
  before(async () => {
    stripe = await Simulated.start({ now: () => T0 });
  });
  after(() => stripe?.stop());

  const debit = (payment_method: string) =>
    stripe.stripe.paymentIntents.create(cardPayment({ payment_method, currency: 'usd' }));
  async function refunded(payment_method = 'pm_card_visa'): Promise<Stripe.Refund> {
    const { id } = await stripe.stripe.paymentIntents.create(cardPayment({ payment_method }));
    return stripe.stripe.refunds.create({ payment_intent: id });
  }
  async function paidOut(): Promise<Stripe.Payout> {
    const { id } = await stripe.stripe.paymentIntents.create(
      cardPayment({ payment_method: 'pm_card_bypassPending', currency: 'usd' }),
    );
    const intent = await stripe.stripe.paymentIntents.retrieve(id, { expand: ['latest_charge.balance_transaction'] });
    const { net } = (intent.latest_charge as Stripe.Charge).balance_transaction as Stripe.BalanceTransaction;
    return stripe.stripe.payouts.create({ amount: net, currency: 'usd' });
  }
  const available = async () =>
    (await stripe.stripe.balance.retrieve()).available.find(({ currency }) => currency === 'usd')?.amount;
  const refused = async (what: 'debit' | 'refund' | 'payout', answer: object) => {
    const events = (await stripe.events()).length;
    await assert.rejects(stripe.control.bank(what, answer), /already|cannot|only a pending/);
    assert.equal((await stripe.events()).length, events);
  };

  it('takes a debit now, whose own answer never comes or would have been no', async () => {
    for (const method of ['pm_usBankAccount_processing', 'pm_usBankAccount_insufficientFunds']) {
      const { id } = await debit(method);
      const types = await stripe.typesRaisedBy(() => stripe.control.bank('debit', { intent: id, outcome: 'succeed' }));
      assert.ok(types.includes('payment_intent.succeeded'), method);
      await refused('debit', { intent: id, outcome: 'fail' });
      // Nothing is in store for it any more.
      await stripe.control.advance(10 * DAY);
      assert.equal((await stripe.stripe.paymentIntents.retrieve(id)).status, 'succeeded');
    }
  });

  it('refuses a debit now, with its own reason where it has one', async () => {
    for (const [method, code] of [
      ['pm_usBankAccount_success', 'payment_intent_payment_attempt_failed'],
      ['pm_usBankAccount_accountClosed', 'account_closed'],
    ] as const) {
      const { id } = await debit(method);
      await stripe.control.bank('debit', { intent: id, outcome: 'fail' });
      const { status, last_payment_error } = await stripe.stripe.paymentIntents.retrieve(id);
      assert.deepEqual([status, last_payment_error?.code], ['requires_payment_method', code]);
    }
  });

  it('decides no payment that waits for no bank', async () => {
    const { id } = await stripe.stripe.paymentIntents.create(cardPayment());
    await refused('debit', { intent: id, outcome: 'fail' });
  });

  it('has a refund now, or returns it with a reason', async () => {
    const pending = await refunded('pm_card_pendingRefund');
    await stripe.control.bank('refund', { refund: pending.id, outcome: 'succeed' });
    assert.equal((await stripe.stripe.refunds.retrieve(pending.id)).status, 'succeeded');
    await refused('refund', { refund: pending.id, outcome: 'succeed' });
    const done = await refunded();
    const answer = { refund: done.id, outcome: 'fail', reason: 'lost_or_stolen_card' };
    const types = await stripe.typesRaisedBy(() => stripe.control.bank('refund', answer));
    assert.ok(types.includes('refund.failed'));
    const { status, failure_reason } = await stripe.stripe.refunds.retrieve(done.id);
    assert.deepEqual([status, failure_reason], ['failed', 'lost_or_stolen_card']);
    await refused('refund', answer);
  });

  it('has a payout now, and may return it days after', async () => {
    const before = await available();
    const { id, amount } = await paidOut();
    const types = await stripe.typesRaisedBy(() => stripe.control.bank('payout', { payout: id, outcome: 'arrive' }));
    assert.deepEqual(types, ['payout.updated', 'payout.paid']);
    assert.equal(await available(), before ?? 0);
    await refused('payout', { payout: id, outcome: 'arrive' });
    await stripe.control.bank('payout', { payout: id, outcome: 'fail', code: 'account_closed' });
    const { status, failure_code } = await stripe.stripe.payouts.retrieve(id);
    assert.deepEqual([status, failure_code], ['failed', 'account_closed']);
    assert.equal(await available(), (before ?? 0) + amount);
    await refused('payout', { payout: id, outcome: 'fail' });
    await refused('payout', { payout: id, outcome: 'arrive' });
  });

  it('fails a payout on its way, which then never arrives', async () => {
    const { id } = await paidOut();
    await stripe.control.bank('payout', { payout: id, outcome: 'fail' });
    await stripe.control.advance(10 * DAY);
    const { status, failure_code } = await stripe.stripe.payouts.retrieve(id);
    assert.deepEqual([status, failure_code], ['failed', 'could_not_process']);
  });

  it('leaves books that add up', async () => {
    assert.deepEqual(await stripe.control.read('audit'), { violations: [] });
  });
});
