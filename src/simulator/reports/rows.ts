import { inMajorUnits } from '../money.js';
import type { BalanceTransaction } from '../objects/balance.js';
import type { Charge } from '../objects/charge.js';
import type { Dispute } from '../objects/dispute.js';
import type { Refund } from '../objects/refund.js';
import type { ReportParameters } from '../objects/reporting.js';
import type { RequestContext } from '../requests/context.js';

/** One line of a report, by column. */
export type Line = Readonly<Record<string, string>>;

/** The movements that a report is about, oldest first. */
export function movementsIn(context: RequestContext, { interval_start, interval_end, currency }: ReportParameters) {
  const { tx } = context;
  const all = [...tx.newestFirst('balance_transactions')].reverse();
  return all.filter(
    (movement) =>
      movement.created >= (interval_start ?? 0) &&
      movement.created < (interval_end ?? Number.POSITIVE_INFINITY) &&
      (currency === undefined || movement.currency === currency),
  );
}

/** A movement as an itemised report tells it; amounts are in major units there (docs.stripe.com/reports). */
export function itemized(context: RequestContext, movement: BalanceTransaction, timezone: string): Line {
  const { tx } = context;
  const { currency } = movement;
  const charge = chargeOf(context, movement.source);
  const payout = movement.payout === null ? undefined : tx.look('payouts', movement.payout);
  const dispute = tx.look('disputes', movement.source);
  const facing = tx.look('refunds', movement.source) ?? dispute ?? tx.look('charges', movement.source);
  return {
    balance_transaction_id: movement.id,
    ...timed('created', movement.created, timezone),
    ...timed('available_on', movement.available_on, timezone),
    currency,
    gross: inMajorUnits(movement.amount, currency),
    fee: inMajorUnits(movement.fee, currency),
    net: inMajorUnits(movement.net, currency),
    reporting_category: movement.reporting_category,
    source_id: movement.source,
    description: movement.description ?? '',
    customer_facing_amount:
      facing === undefined ? '' : inMajorUnits(Math.sign(movement.amount) * tookOf(facing), facing.currency),
    customer_facing_currency: facing?.currency ?? '',
    automatic_payout_id: payout?.id ?? '',
    ...timed('automatic_payout_effective_at', payout?.arrival_date, timezone),
    charge_id: charge?.id ?? '',
    payment_intent_id: charge?.payment_intent ?? '',
    ...timed('charge_created', charge?.created, timezone),
    customer_id: charge?.customer ?? '',
    payment_method_type: charge?.payment_method_details.type ?? '',
    card_brand: charge?.payment_method_details.card?.brand ?? '',
    card_country: charge?.payment_method_details.card?.country ?? '',
    dispute_reason: dispute?.reason ?? '',
  };
}

/** What moved, by category and currency. */
export function summed(movements: readonly BalanceTransaction[]): Line[] {
  const sums = new Map<string, BalanceTransaction[]>();
  for (const movement of movements) {
    const key = `${movement.reporting_category}/${movement.currency}`;
    sums.set(key, [...(sums.get(key) ?? []), movement]);
  }
  return [...sums.values()].map((of) => {
    const { reporting_category, currency } = of[0] as BalanceTransaction;
    const total = (field: 'amount' | 'fee' | 'net') =>
      inMajorUnits(
        of.reduce((sum, m) => sum + m[field], 0),
        currency,
      );
    return {
      reporting_category,
      currency,
      count: String(of.length),
      gross: total('amount'),
      fee: total('fee'),
      net: total('net'),
    };
  });
}

/** What the customer was charged is what was captured. */
function tookOf(facing: Charge | Refund | Dispute): number {
  return facing.object === 'charge' ? facing.amount_captured : facing.amount;
}

function chargeOf({ tx }: RequestContext, source: string) {
  const named = tx.look('refunds', source)?.charge ?? tx.look('disputes', source)?.charge ?? source;
  return tx.look('charges', named);
}

/** A time, in UTC and where the account's people are. */
function timed(column: string, seconds: number | undefined, timezone: string): Line {
  if (seconds === undefined) return { [`${column}_utc`]: '', [column]: '' };
  return { [`${column}_utc`]: written(seconds, 'UTC'), [column]: written(seconds, timezone) };
}

const FORMATS = new Map<string, Intl.DateTimeFormat>();

function written(seconds: number, timeZone: string): string {
  let format = FORMATS.get(timeZone);
  if (format === undefined) {
    // Of all locales this one writes dates as ISO 8601 does.
    format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    FORMATS.set(timeZone, format);
  }
  return format.format(seconds * 1000);
}
