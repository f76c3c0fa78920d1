import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { NEW_ACCOUNT } from '../../src/simulator/account.js';
import { audit } from '../../src/simulator/audit/index.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import { HOUR, SECOND, T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { errorOf } from '../support/refused.js';
import { Simulated } from '../support/simulated.js';

const DAY = 24 * HOUR;
const ESCALATED = { evidence: { uncategorized_text: 'escalate_inquiry_evidence' } };

let stripe: Simulated;
beforeEach(async () => {
  stripe = await Simulated.start({ now: () => T0 });
});
afterEach(async () => {
  const { store, clock } = stripe.simulator;
  const violations = audit(store, clock.now());
  await stripe.stop();
  assert.deepEqual(violations, []);
});

const pay = (changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.stripe.paymentIntents.create(cardPayment(changes));
const refund = (payment_intent: string, amount?: number) =>
  stripe.stripe.refunds.create({ payment_intent, ...(amount === undefined ? {} : { amount }) });
const read = (id: string) => stripe.stripe.disputes.retrieve(id);

describe('what random operations once got out of the simulator', () => {
  it('what was lost to one dispute is not lost to another', async () => {
    const { id } = await pay();
    const { id: first } = await stripe.control.dispute(id);
    await stripe.stripe.disputes.close(first);
    await assert.rejects(stripe.control.dispute(id), /disputed already/);
  });

  it('not even what came back of a refund since', async () => {
    const { id } = await pay({ payment_method: 'pm_card_pendingRefund' });
    await refund(id, 1_200);
    const { id: first, amount } = await stripe.control.dispute(id);
    await stripe.stripe.disputes.close(first);
    const [failed] = (await stripe.stripe.refunds.list({ payment_intent: id })).data;
    assert.deepEqual([amount, failed?.status], [3_000, 'failed']);
    await assert.rejects(stripe.control.dispute(id), /disputed already/);
  });

  it('what came back with a dispute that was won can be disputed again', async () => {
    const { id } = await pay();
    const { id: first } = await stripe.control.dispute(id);
    await stripe.stripe.disputes.update(first, { evidence: { uncategorized_text: 'winning_evidence' } });
    await stripe.control.advance(10 * SECOND);
    assert.equal((await stripe.control.dispute(id)).amount, 4_200);
  });

  it('an inquiry becomes a dispute of what was not refunded meanwhile', async () => {
    const { id } = await pay();
    const { id: inquiry } = await stripe.control.dispute(id, { inquiry: true });
    await refund(id, 1_200);
    await stripe.stripe.disputes.update(inquiry, ESCALATED);
    await stripe.control.advance(10 * SECOND);
    const { status, amount, balance_transactions } = await read(inquiry);
    assert.deepEqual([status, amount, balance_transactions[0]?.amount], ['needs_response', 3_000, -3_000]);
  });

  it('an inquiry is resolved by a refund of all that is left, and takes no money afterwards', async () => {
    const { id } = await pay();
    const { id: inquiry } = await stripe.control.dispute(id, { inquiry: true });
    await refund(id, 1_200);
    assert.equal((await read(inquiry)).status, 'warning_needs_response');
    await refund(id);
    assert.equal((await read(inquiry)).status, 'warning_closed');
    assert.match((await errorOf(stripe.stripe.disputes.update(inquiry, ESCALATED))).message, /already closed/);
  });

  it('what is paid out by hand is missing from the payout of the day, and from what that says it is made of', async () => {
    await pay({ payment_method: 'pm_card_bypassPending', currency: 'usd', amount: 10_000 });
    await stripe.stripe.payouts.create({ amount: 4_000, currency: 'usd' });
    await stripe.control.advance(DAY);
    const [daily] = (await stripe.stripe.payouts.list({ limit: 1 })).data;
    assert.deepEqual([daily?.automatic, daily?.amount], [true, 10_000 - 320 - 4_000]);
    const made = await stripe.stripe.balanceTransactions.list({ payout: daily?.id ?? '' });
    assert.deepEqual(
      made.data.map(({ type, net }) => [type, net]),
      [
        ['payout', -5_680],
        ['payout', -4_000],
        ['charge', 9_680],
      ],
    );
  });

  for (const capture_method of ['automatic', 'automatic_async', 'manual'] as const) {
    it(`money that could never come onto the books is refused where it would be taken (${capture_method})`, async () => {
      const settlement = { currencies: ['usd'], rates: {} };
      stripe.simulator.store.commit([[accountId(SIMULATOR_KEY), 'account', { ...NEW_ACCOUNT, settlement }]]);
      const error = await errorOf(pay({ capture_method, currency: 'jpy' }));
      assert.deepEqual([error.statusCode, error.param], [400, 'currency']);
      await stripe.control.advance(10 * SECOND);
      assert.deepEqual((await stripe.stripe.paymentIntents.list()).data, []);
    });
  }

  it('what time cannot bring about for now strikes no other request, and comes about later', async () => {
    const settlesIn = (settlement: { currencies: string[]; rates: Record<string, number> }) =>
      stripe.simulator.store.commit([[accountId(SIMULATOR_KEY), 'account', { ...NEW_ACCOUNT, settlement }]]);
    settlesIn({ currencies: ['usd'], rates: { eur: 1.1 } });
    const { latest_charge } = await pay();
    settlesIn({ currencies: ['usd'], rates: {} });
    await stripe.control.advance(HOUR);
    assert.equal((await stripe.stripe.charges.retrieve(String(latest_charge))).balance_transaction, null);
    assert.equal((await pay({ currency: 'usd' })).status, 'succeeded');
    settlesIn({ currencies: ['usd'], rates: { eur: 1.1 } });
    await stripe.control.advance(DAY);
    assert.notEqual((await stripe.stripe.charges.retrieve(String(latest_charge))).balance_transaction, null);
  });
});
