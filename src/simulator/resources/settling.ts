import { disputeFee, paymentFee } from '../ledger/fees.js';
import { availableAfter, move } from '../ledger/movements.js';
import { changed, settlementOf } from '../ledger/settlement.js';
import { countryOf, isAvailableAtOnce } from '../methods/index.js';
import type { BalanceTransaction } from '../objects/balance.js';
import type { Charge } from '../objects/charge.js';
import type { Dispute } from '../objects/dispute.js';
import type { PaymentMethod } from '../objects/payment-method.js';
import type { Refund } from '../objects/refund.js';
import { nowSeconds, type RequestContext, raise, unschedule } from '../requests/context.js';

/** How what a payment, a refund or a dispute moves comes onto the account's books. */

/** Puts what the charge took on the books and names it in the charge, which is left to be put. */
export function settle(context: RequestContext, charge: Charge, method: PaymentMethod): void {
  const { account } = context;
  const { currency, rate } = settlementOf(account.settlement, charge.currency);
  const amount = changed(charge.amount_captured, rate);
  const priced = { amount, currency, method: method.type, country: countryOf(method), converted: rate !== null };
  const movement = move(context, {
    amount,
    availableOn: isAvailableAtOnce(method) ? nowSeconds(context) : availableAfter(context, account.payouts.delay_days),
    currency,
    description: charge.description,
    exchange_rate: rate,
    fee: paymentFee(account, priced),
    feeIs: 'Stripe processing fees',
    reporting_category: 'charge',
    source: charge.id,
    type: isCard(charge) ? 'charge' : 'payment',
  });
  charge.balance_transaction = movement.id;
}

/** What was captured `automatic_async` is on the books a little later: `charge.updated` says so. */
export function settleLater(context: RequestContext, id: string): void {
  const charge = context.tx.look('charges', id);
  // What settles changes one field of it: the rest need not be copied, of every charge there is.
  if (charge !== undefined) ensureSettled(context, { ...charge });
}

/** Nothing goes back of what has not come: a refund or a dispute settles its charge first. */
export function ensureSettled(context: RequestContext, charge: Charge): void {
  const method = context.tx.look('payment_methods', charge.payment_method);
  if (charge.balance_transaction !== null || method === undefined) return;
  unschedule(context, 'charge_settles', charge.id);
  settle(context, charge, method);
  context.tx.put('charges', charge);
  raise(context, 'charge.updated', charge, { balance_transaction: null });
}

/** A refund leaves the balance, and its payment's fee stays with Stripe. `charge` is as it was before the refund. */
export function takeRefund(context: RequestContext, refund: Refund, charge: Charge): BalanceTransaction {
  const { currency, rate } = settledAs(context, charge);
  return move(context, {
    amount: -stillToGo(context, charge, charge.amount_refunded + refund.amount, rate),
    currency,
    description: charge.description === null ? 'REFUND FOR CHARGE' : `REFUND FOR CHARGE (${charge.description})`,
    exchange_rate: rate,
    fee: 0,
    feeIs: '',
    reporting_category: 'refund',
    source: refund.id,
    type: isCard(charge) ? 'refund' : 'payment_refund',
  });
}

/** A refund that came to nothing comes back as it went. */
export function returnRefund(context: RequestContext, refund: Refund): BalanceTransaction | undefined {
  const went = context.tx.look('balance_transactions', refund.balance_transaction ?? '');
  if (went === undefined) return undefined;
  return move(context, {
    amount: -went.amount,
    currency: went.currency,
    description: 'REFUND FAILURE',
    exchange_rate: went.exchange_rate,
    fee: 0,
    feeIs: '',
    reporting_category: 'refund_failure',
    source: refund.id,
    type: 'refund_failure',
  });
}

/** What is disputed leaves the balance, and a fee with it. */
export function withdrawDisputed(context: RequestContext, dispute: Dispute, charge: Charge): BalanceTransaction {
  const { currency, rate } = settledAs(context, charge);
  return move(context, {
    amount: -stillToGo(context, charge, charge.amount_refunded + dispute.amount, rate),
    currency,
    description: `Chargeback withdrawal for ${dispute.charge}`,
    exchange_rate: rate,
    fee: disputeFee(context.account.fees, currency),
    feeIs: 'Dispute fee',
    reporting_category: 'dispute',
    source: dispute.id,
    type: 'adjustment',
  });
}

/** Of a dispute that was won, all that left comes back. */
export function reinstateDisputed(context: RequestContext, dispute: Dispute): BalanceTransaction | undefined {
  const went = dispute.balance_transactions[0];
  if (went === undefined) return undefined;
  return move(context, {
    amount: -went.amount,
    currency: went.currency,
    description: `Chargeback reversal for ${dispute.charge}`,
    exchange_rate: went.exchange_rate,
    fee: -went.fee,
    feeIs: 'Dispute fee',
    reporting_category: 'dispute_reversal',
    source: dispute.id,
    type: 'adjustment',
  });
}

/**
 * What leaves the balance for `whole` of the charge to have left it, with what has left before: parts are not rounded
 * each by itself, so that they add up to what came.
 */
function stillToGo({ tx }: RequestContext, charge: Charge, whole: number, rate: number | null): number {
  const left = [...tx.where('refunds', 'charge', charge.id), ...tx.where('disputes', 'charge', charge.id)]
    .flatMap(({ id }) => tx.where('balance_transactions', 'source', id))
    .reduce((sum, { amount }) => sum - amount, 0);
  return changed(whole, rate) - left;
}

/** The currency and the rate at which the charge came. */
function settledAs({ tx, account }: RequestContext, charge: Charge): { currency: string; rate: number | null } {
  const came = tx.look('balance_transactions', charge.balance_transaction ?? '');
  if (came === undefined) return settlementOf(account.settlement, charge.currency);
  return { currency: came.currency, rate: came.exchange_rate };
}

/** A payment by bank debit is a charge under another name. */
function isCard({ payment_method_details }: Charge): boolean {
  return payment_method_details.type === 'card';
}
