import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { HOUR, SECOND, T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { errorOf } from '../support/refused.js';
import { Simulated } from '../support/simulated.js';

const DAY = 24 * HOUR;
const NOBODY = { id: null, idempotency_key: null };

/** Stripe's test accounts for bank debits (docs.stripe.com/testing): after how many days, and how, each is decided. */
const DECIDED: readonly [token: string, days: number, code: string | null][] = [
  ['pm_usBankAccount_success', 4, null],
  ['pm_usBankAccount_accountClosed', 4, 'account_closed'],
  ['pm_usBankAccount_noAccount', 4, 'no_account'],
  ['pm_usBankAccount_insufficientFunds', 4, 'insufficient_funds'],
  ['pm_usBankAccount_debitNotAuthorized', 4, 'debit_not_authorized'],
  ['pm_sepaDebit_success_de', 5, null],
  ['pm_sepaDebit_successDelayed_fr', 14, null],
  ['pm_sepaDebit_failed_at', 5, 'payment_intent_payment_attempt_failed'],
  ['pm_sepaDebit_failedDelayed_be', 14, 'payment_intent_payment_attempt_failed'],
  ['pm_sepaDebit_insufficientFunds_ie', 5, 'insufficient_funds'],
  ['pm_sepaDebit_exceedsWeeklyVolumeLimit_de', 5, 'charge_exceeds_source_limit'],
  ['pm_sepaDebit_exceedsWeeklyTransactionLimit_de', 5, 'charge_exceeds_weekly_limit'],
];
const isUs = (token: string) => token.startsWith('pm_usBankAccount');

describe('a bank debit', () => {
  let stripe: Simulated;
  beforeEach(async () => {
    stripe = await Simulated.start({ now: () => T0 });
  });
  afterEach(() => stripe.stop());

  const debit = (token: string, changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
    stripe.stripe.paymentIntents.create(
      cardPayment({ payment_method: token, currency: isUs(token) ? 'usd' : 'eur', ...changes }),
    );
  const retrieve = (id: string) => stripe.stripe.paymentIntents.retrieve(id);
  const chargeOf = (intent: Stripe.PaymentIntent) => stripe.stripe.charges.retrieve(intent.latest_charge as string);

  for (const [token, days, code] of DECIDED) {
    it(`${token} is under way for ${days} days and then ${code === null ? 'succeeds' : `fails: ${code}`}`, async () => {
      const type = isUs(token) ? 'us_bank_account' : 'sepa_debit';
      const created = await debit(token);
      assert.deepEqual([created.status, created.amount_received], ['processing', 0]);
      assert.deepEqual(created.payment_method_types, ['card', type]);
      const pending = await chargeOf(created);
      assert.deepEqual([pending.status, pending.paid, pending.payment_method_details?.type], ['pending', false, type]);
      assert.match(pending.id, /^py_/);
      assert.deepEqual(
        (await stripe.events()).map((event) => event.type),
        ['payment_intent.created', 'charge.pending', 'payment_intent.processing'],
      );

      await stripe.control.advance(days * DAY - 1);
      assert.equal((await retrieve(created.id)).status, 'processing');
      await stripe.control.advance(1);
      const decided = await retrieve(created.id);
      const events = (await stripe.events()).slice(3);
      const charge = await chargeOf(decided);
      assert.equal(charge.id, pending.id, 'the same charge');
      for (const event of events) {
        assert.deepEqual([event.request, event.created], [NOBODY, (T0 + days * DAY) / SECOND]);
      }
      if (code === null) {
        assert.deepEqual([decided.status, decided.amount_received, charge.status], ['succeeded', 4_200, 'succeeded']);
        assert.deepEqual([charge.paid, charge.captured, charge.amount_captured], [true, true, 4_200]);
        assert.deepEqual(
          events.map((event) => event.type),
          ['charge.succeeded', 'payment_intent.succeeded'],
        );
      } else {
        const { last_payment_error: last } = decided;
        assert.deepEqual([decided.status, decided.payment_method, last?.code], ['requires_payment_method', null, code]);
        assert.deepEqual([last?.charge, last?.payment_method?.type], [charge.id, type]);
        assert.deepEqual([charge.status, charge.paid, charge.failure_code], ['failed', false, code]);
        assert.deepEqual(
          events.map((event) => event.type),
          ['charge.failed', 'payment_intent.payment_failed'],
        );
      }
    });
  }

  it('pm_usBankAccount_processing is under way for ever', async () => {
    const { id } = await debit('pm_usBankAccount_processing');
    await stripe.control.advance(365 * DAY);
    assert.equal((await retrieve(id)).status, 'processing');
  });

  it('cannot be cancelled, captured, confirmed or refunded while it is under way', async () => {
    const intent = await debit('pm_sepaDebit_success_de');
    const { paymentIntents, refunds } = stripe.stripe;
    for (const call of [
      paymentIntents.cancel(intent.id),
      paymentIntents.capture(intent.id),
      paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' }),
    ]) {
      const error = await errorOf(call);
      assert.deepEqual([error.statusCode, error.code], [400, 'payment_intent_unexpected_state']);
      assert.equal((error.payment_intent as Stripe.PaymentIntent).status, 'processing');
    }
    assert.equal((await errorOf(refunds.create({ payment_intent: intent.id }))).param, 'payment_intent');
    assert.deepEqual(await retrieve(intent.id), intent);
  });

  it('that failed leaves an intent that a card can still pay', async () => {
    const { id } = await debit('pm_sepaDebit_failed_de');
    await stripe.control.advance(5 * DAY);
    const paid = await stripe.stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa' });
    assert.deepEqual([paid.status, paid.last_payment_error], ['succeeded', null]);
    const charges = (await stripe.stripe.charges.list({ payment_intent: id })).data;
    assert.deepEqual(
      charges.map(({ status }) => status),
      ['succeeded', 'failed'],
    );
  });

  it('that paid is refunded like any other payment', async () => {
    const { id } = await debit('pm_sepaDebit_success_de');
    await stripe.control.advance(5 * DAY);
    const refund = await stripe.stripe.refunds.create({ payment_intent: id });
    assert.deepEqual([refund.amount, refund.status], [4_200, 'succeeded']);
    assert.match(refund.id, /^pyr_/);
  });

  it('takes its own currency alone, and holds nothing for later', async () => {
    for (const [token, changes] of [
      ['pm_usBankAccount_success', { currency: 'eur' }],
      ['pm_sepaDebit_success_de', { currency: 'usd' }],
      ['pm_sepaDebit_success_de', { capture_method: 'manual' }],
    ] as const) {
      const error = await errorOf(debit(token, changes));
      assert.deepEqual(
        [error.statusCode, error.code, error.param],
        [400, 'payment_intent_incompatible_payment_method', 'payment_method'],
      );
    }
    assert.equal((await errorOf(debit('pm_sepaDebit_perhaps_de'))).code, 'resource_missing');
    assert.deepEqual(await stripe.events(), []);
  });
});
