import type { Payout } from '../objects/balance.js';
import type { PaymentIntent } from '../objects/payment-intent.js';
import { type RequestContext, unschedule } from '../requests/context.js';
import { invalidRequest } from '../requests/errors.js';
import { decideDebit } from './charging.js';
import { findIntent, unexpectedState } from './intents.js';
import { arrivePayout, endPayout, sendPayout } from './paying-out.js';
import { failRefund, settleRefund } from './refunds.js';

/** What a bank decides now, because somebody says so, and not when its time has come. */

/** Why a bank does not take a payout, and what Stripe says of it (docs.stripe.com/api/payouts/failures). */
const PAYOUT_MESSAGES = {
  account_closed: 'The bank account has been closed.',
  account_frozen: 'The bank account has been frozen.',
  bank_account_restricted: 'The bank account has restrictions on either the type, or the number, of payouts allowed.',
  could_not_process: 'The bank could not process this payout.',
  declined: 'The bank has declined this payout.',
  incorrect_account_holder_name: 'The account holder name at the bank does not match.',
  insufficient_funds: 'Your Stripe account has insufficient funds to cover the payout.',
  invalid_account_number: 'The routing number seems correct, but the account number is invalid.',
  invalid_currency: 'The bank was unable to process this payout because of its currency.',
  no_account: 'The bank account could not be located.',
  unsupported_card: 'The bank no longer supports payouts to this card.',
} as const;

export type PayoutFailure = keyof typeof PAYOUT_MESSAGES;
export const PAYOUT_FAILURES = Object.keys(PAYOUT_MESSAGES) as [PayoutFailure, ...PayoutFailure[]];

/** Answers a debit, whatever its test payment method has in store. @throws when none is under way. */
export function decideDebitNow(context: RequestContext, id: string, outcome: 'succeed' | 'fail'): PaymentIntent {
  const intent = findIntent(context, id);
  if (intent.status !== 'processing') throw unexpectedState(intent, 'decide');
  unschedule(context, 'debit_decided', id);
  decideDebit(context, id, outcome);
  return findIntent(context, id);
}

/** @throws when it does not wait for its bank. */
export function settleRefundNow(context: RequestContext, id: string): void {
  const status = context.tx.look('refunds', id)?.status;
  if (status !== 'pending') throw invalidRequest(`Refund ${id} is ${status}: only a pending one can succeed now.`);
  unschedule(context, 'refund_succeeds', id);
  settleRefund(context, id);
}

/** @throws when it has come to nothing before. */
export function failRefundNow(context: RequestContext, id: string, reason?: string): void {
  const status = context.tx.look('refunds', id)?.status;
  if (status === 'failed' || status === 'canceled') throw invalidRequest(`Refund ${id} is ${status} already.`);
  failRefund(context, id, reason);
}

/** On its way, and then there. @throws when it has arrived or come to nothing before. */
export function arrivePayoutNow(context: RequestContext, id: string): Payout {
  const { status } = found(context, id);
  if (status !== 'pending' && status !== 'in_transit') throw invalidRequest(`Payout ${id} is ${status} already.`);
  for (const kind of ['payout_sent', 'payout_arrives'] as const) unschedule(context, kind, id);
  sendPayout(context, id);
  arrivePayout(context, id);
  return found(context, id);
}

/** The bank returns it, some days after it had arrived perhaps. @throws when it has come to nothing before. */
export function failPayoutNow(context: RequestContext, id: string, code: PayoutFailure): Payout {
  const payout = found(context, id);
  if (payout.status === 'failed' || payout.status === 'canceled') {
    throw invalidRequest(`Payout ${id} is ${payout.status} already.`);
  }
  return endPayout(context, payout, { status: 'failed', code, message: PAYOUT_MESSAGES[code] });
}

function found({ tx }: RequestContext, id: string): Payout {
  return tx.get('payouts', id) as Payout;
}
