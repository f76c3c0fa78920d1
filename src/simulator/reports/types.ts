import type { ReportParameters } from '../objects/reporting.js';
import type { RequestContext } from '../requests/context.js';
import { itemized, type Line, movementsIn, summed } from './rows.js';

/** The reports there are, by Stripe's own names and versions (docs.stripe.com/reports/report-types). */
export interface ReportType {
  readonly name: string;
  readonly version: number;
  readonly columns: readonly string[];
  /** What has to be said of it, beside the interval. */
  readonly lines: (context: RequestContext, parameters: ReportParameters) => Line[];
}

const ITEMIZED = [
  'balance_transaction_id',
  'created_utc',
  'created',
  'available_on_utc',
  'available_on',
  'currency',
  'gross',
  'fee',
  'net',
  'reporting_category',
  'source_id',
  'description',
  'customer_facing_amount',
  'customer_facing_currency',
  'automatic_payout_id',
  'automatic_payout_effective_at_utc',
  'automatic_payout_effective_at',
  'charge_id',
  'payment_intent_id',
  'charge_created_utc',
  'charge_created',
  'customer_id',
  'payment_method_type',
  'card_brand',
  'card_country',
  'dispute_reason',
];

const SUMMED = ['reporting_category', 'currency', 'count', 'gross', 'fee', 'net'];

export const REPORT_TYPES: Readonly<Record<string, ReportType>> = {
  'balance_change_from_activity.itemized.3': {
    name: 'Itemized balance change from activity',
    version: 3,
    columns: ITEMIZED,
    lines: (context, parameters) => activity(context, parameters).map((m) => itemized(context, m, zone(parameters))),
  },
  'balance_change_from_activity.summary.1': {
    name: 'Balance change from activity summary',
    version: 1,
    columns: SUMMED,
    lines: (context, parameters) => summed(activity(context, parameters)),
  },
  'balance.summary.1': {
    name: 'Balance summary',
    version: 1,
    columns: SUMMED,
    lines: (context, parameters) => summed(movementsIn(context, parameters)),
  },
  'payout_reconciliation.itemized.5': {
    name: 'Itemized payout reconciliation',
    version: 5,
    columns: ITEMIZED,
    lines: (context, parameters) => paidOut(context, parameters).map((m) => itemized(context, m, zone(parameters))),
  },
};

/** All but what was paid out. */
function activity(context: RequestContext, parameters: ReportParameters) {
  const { reporting_category } = parameters;
  return movementsIn(context, parameters).filter(
    (movement) =>
      !movement.reporting_category.startsWith('payout') &&
      (reporting_category === undefined || movement.reporting_category === reporting_category),
  );
}

/** What automatic payouts paid out, by when they arrive; of one payout where it is named. */
function paidOut(context: RequestContext, { interval_start, interval_end, ...rest }: ReportParameters) {
  return movementsIn(context, rest).filter((movement) => {
    const payout = movement.payout === null ? undefined : context.tx.look('payouts', movement.payout);
    if (payout === undefined || movement.source === payout.id) return false;
    if (rest.payout !== undefined && payout.id !== rest.payout) return false;
    return (
      payout.arrival_date >= (interval_start ?? 0) && payout.arrival_date < (interval_end ?? Number.POSITIVE_INFINITY)
    );
  });
}

function zone({ timezone }: ReportParameters): string {
  return timezone ?? 'UTC';
}
