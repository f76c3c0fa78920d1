import type { BalanceTransaction, FeeDetail } from '../objects/balance.js';
import { isScheduled, nowSeconds, type RequestContext, raise, schedule } from '../requests/context.js';
import { balanceView } from './balance.js';
import { enter } from './books.js';

/** What a balance transaction is told with; the rest follows. */
export type Movement = Pick<
  BalanceTransaction,
  'amount' | 'currency' | 'description' | 'exchange_rate' | 'fee' | 'reporting_category' | 'source' | 'type'
> & {
  readonly feeIs: string;
  /** When it can be paid out, Unix seconds; at once when left out. */
  readonly availableOn?: number;
};

const DAY_S = 24 * 60 * 60;

/** Moves the balance: the transaction that Stripe shows, and the entry in the books beneath. */
export function move(context: RequestContext, movement: Movement): BalanceTransaction {
  const { feeIs, availableOn = nowSeconds(context), ...told } = movement;
  const { amount, currency, fee, type } = told;
  const made: BalanceTransaction = {
    id: context.newId('txn'),
    object: 'balance_transaction',
    available_on: availableOn,
    balance_type: 'payments',
    created: nowSeconds(context),
    fee_details: fee === 0 ? [] : [feeDetail(fee, currency, feeIs)],
    net: amount - fee,
    payout: null,
    ...told,
  };
  const between = type.startsWith('payout') ? 'bank' : 'customers';
  enter(context.tx, { currency, amount, fee, with: between, availableOn }, made.created);
  context.tx.put('balance_transactions', made);
  if (told.reporting_category === 'charge') announce(context, availableOn);
  if (between === 'customers' && made.net > 0) planDailyPayout(context);
  return made;
}

/** Money of today is available at the beginning of a day, some days on. */
export function availableAfter(context: RequestContext, days: number): number {
  const now = nowSeconds(context);
  return days === 0 ? now : (Math.floor(now / DAY_S) + days) * DAY_S;
}

/** Stripe says once a day that there is more to pay out. */
export function announceBalance(context: RequestContext): void {
  raise(context, 'balance.available', balanceView(context));
}

function announce(context: RequestContext, availableOn: number): void {
  if (availableOn <= nowSeconds(context)) announceBalance(context);
  else if (!isScheduled(context, 'balance_available', String(availableOn)))
    schedule(context, 'balance_available', String(availableOn), availableOn * 1000 - context.nowMs);
}

/** The next midnight, while the account pays out daily. */
export function planDailyPayout(context: RequestContext): void {
  const { nowMs, account } = context;
  if (account.payouts.interval !== 'daily' || isScheduled(context, 'payout_due', 'daily')) return;
  schedule(context, 'payout_due', 'daily', DAY_S * 1000 - (nowMs % (DAY_S * 1000)));
}

function feeDetail(amount: number, currency: string, description: string): FeeDetail {
  return { amount, application: null, currency, description, type: 'stripe_fee' };
}
