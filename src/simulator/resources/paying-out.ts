import { digest } from '../ids.js';
import { booksIn, pendingOf } from '../ledger/books.js';
import { move, planDailyPayout } from '../ledger/movements.js';
import type { Payout } from '../objects/balance.js';
import { nowSeconds, type RequestContext, raise, schedule, unschedule } from '../requests/context.js';
import { DAY_MS, MINUTE_MS } from '../time/durations.js';

/** How money leaves for the account's bank, and what becomes of it. */

const DAY_S = DAY_MS / 1000;

/** A payout is with the bank's network soon, and with the bank some days later (docs.stripe.com/payouts). */
const SENT_AFTER_MS = 10 * MINUTE_MS;
const ARRIVES_AFTER_DAYS = 2;
const INSTANT_ARRIVES_AFTER_MS = 30 * MINUTE_MS;
/** What an automatic payout is made of is listed some time after it was made. */
const RECONCILED_AFTER_MS = 60 * MINUTE_MS;

export type PayoutTerms = Pick<
  Payout,
  'amount' | 'automatic' | 'currency' | 'description' | 'metadata' | 'method' | 'statement_descriptor'
>;

export function payOut(context: RequestContext, terms: PayoutTerms): Payout {
  const id = context.newId('po');
  const arrival = arrivalOf(context, terms.method);
  const movement = move(context, {
    amount: -terms.amount,
    currency: terms.currency,
    description: terms.description ?? 'STRIPE PAYOUT',
    exchange_rate: null,
    fee: 0,
    feeIs: '',
    reporting_category: 'payout',
    source: id,
    type: 'payout',
  });
  const payout: Payout = {
    id,
    object: 'payout',
    application_fee: null,
    application_fee_amount: null,
    arrival_date: arrival,
    balance_transaction: movement.id,
    created: nowSeconds(context),
    destination: `ba_${digest(`bank/${context.tx.account}/${terms.currency}`)}`,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    livemode: false,
    original_payout: null,
    payout_method: null,
    reconciliation_status: terms.automatic ? 'in_progress' : 'not_applicable',
    reversed_by: null,
    source_type: 'card',
    status: 'pending',
    trace_id: { status: 'pending', value: null },
    type: 'bank_account',
    ...terms,
  };
  // What an automatic payout paid out is listed with it, and so is what it took itself.
  if (terms.automatic) context.tx.put('balance_transactions', { ...movement, payout: id });
  context.tx.put('payouts', payout);
  raise(context, 'payout.created', payout);
  schedule(context, 'payout_sent', id, SENT_AFTER_MS);
  schedule(context, 'payout_arrives', id, arrival * 1000 - context.nowMs);
  if (terms.automatic) schedule(context, 'payout_reconciled', id, RECONCILED_AFTER_MS);
  return payout;
}

/** Pays out, in every currency, all that can be; and again a day later while there is more to come. */
export function payDaily(context: RequestContext): void {
  if (context.account.payouts.interval !== 'daily') return;
  const currencies = [...context.tx.newestFirst('books')].map(({ id }) => id);
  for (const currency of currencies) {
    const books = booksIn(context.tx, currency, nowSeconds(context));
    const { available } = books;
    if (pendingOf(books) > 0) planDailyPayout(context);
    if (available <= 0) continue;
    const going = [...context.tx.newestFirst('balance_transactions')].filter((movement) => {
      const isAvailable = movement.available_on <= nowSeconds(context);
      // What was paid out by hand since is among it: without it, the rest would not add up to what goes.
      return movement.currency === currency && movement.payout === null && isAvailable;
    });
    const payout = payOut(context, {
      amount: available,
      automatic: true,
      currency,
      description: 'STRIPE PAYOUT',
      metadata: {},
      method: 'standard',
      statement_descriptor: null,
    });
    for (const movement of going) context.tx.put('balance_transactions', { ...movement, payout: payout.id });
  }
}

export function sendPayout(context: RequestContext, id: string): void {
  const payout = context.tx.get('payouts', id);
  if (payout?.status !== 'pending') return;
  const sent: Payout = {
    ...payout,
    status: 'in_transit',
    trace_id: { status: 'supported', value: digest(id).slice(0, 15) },
  };
  context.tx.put('payouts', sent);
  raise(context, 'payout.updated', sent, { status: 'pending' });
}

export function arrivePayout(context: RequestContext, id: string): void {
  const payout = context.tx.get('payouts', id);
  if (payout === undefined || (payout.status !== 'pending' && payout.status !== 'in_transit')) return;
  const paid: Payout = { ...payout, status: 'paid' };
  context.tx.put('payouts', paid);
  raise(context, 'payout.paid', paid);
}

export function reconcilePayout(context: RequestContext, id: string): void {
  const payout = context.tx.get('payouts', id);
  if (payout?.reconciliation_status !== 'in_progress') return;
  const reconciled: Payout = { ...payout, reconciliation_status: 'completed' };
  context.tx.put('payouts', reconciled);
  raise(context, 'payout.reconciliation_completed', reconciled);
}

export type PayoutEnd =
  | { readonly status: 'canceled' }
  | { readonly status: 'failed'; readonly code: string; readonly message: string };

/** It came to nothing: its money is on the balance again. */
export function endPayout(context: RequestContext, payout: Payout, end: PayoutEnd): Payout {
  const failed = end.status === 'failed';
  const returned = move(context, {
    amount: payout.amount,
    currency: payout.currency,
    description: failed ? 'STRIPE PAYOUT FAILURE' : 'STRIPE PAYOUT CANCEL',
    exchange_rate: null,
    fee: 0,
    feeIs: '',
    reporting_category: 'payout_reversal',
    source: payout.id,
    type: failed ? 'payout_failure' : 'payout_cancel',
  });
  const ended: Payout = {
    ...payout,
    status: end.status,
    failure_balance_transaction: returned.id,
    ...(end.status === 'failed' ? { failure_code: end.code, failure_message: end.message } : {}),
  };
  for (const kind of ['payout_sent', 'payout_arrives'] as const) unschedule(context, kind, payout.id);
  context.tx.put('payouts', ended);
  raise(context, failed ? 'payout.failed' : 'payout.canceled', ended);
  return ended;
}

function arrivalOf(context: RequestContext, method: Payout['method']): number {
  if (method === 'instant') return Math.floor((context.nowMs + INSTANT_ARRIVES_AFTER_MS) / 1000);
  return (Math.floor(nowSeconds(context) / DAY_S) + ARRIVES_AFTER_DAYS) * DAY_S;
}
