import type { z } from 'zod';
import type { ReportRun } from '../objects/reporting.js';
import { csv } from '../reports/csv.js';
import { REPORT_TYPES, type ReportType } from '../reports/types.js';
import { nowSeconds, type Operation, type RequestContext, raise, schedule } from '../requests/context.js';
import { invalidRequest, noSuch, noSuchNamed } from '../requests/errors.js';
import { page } from '../requests/lists.js';
import { EXPAND, LIST_BY_TIME, list, object, oneOf, read, time, word } from '../requests/params.js';
import { shown } from '../requests/shown.js';
import { present } from './details.js';
import { makeFile } from './files.js';

/** Stripe's own first years, Unix seconds. */
const FIRST_DATA = Date.UTC(2011, 0) / 1000;

/** What movements are counted as (docs.stripe.com/reports/reporting-categories). */
const REPORTING_CATEGORIES = [
  'advance',
  'advance_funding',
  'anticipation_repayment',
  'charge',
  'charge_failure',
  'climate_order_purchase',
  'climate_order_refund',
  'connect_collection_transfer',
  'connect_reserved_funds',
  'contribution',
  'dispute',
  'dispute_reversal',
  'fee',
  'financing_paydown',
  'financing_paydown_reversal',
  'financing_payout',
  'financing_payout_reversal',
  'issuing_authorization_hold',
  'issuing_authorization_release',
  'issuing_dispute',
  'issuing_transaction',
  'network_cost',
  'other_adjustment',
  'partial_capture_reversal',
  'payout',
  'payout_reversal',
  'platform_earning',
  'platform_earning_refund',
  'refund',
  'refund_failure',
  'risk_reserved_funds',
  'tax',
  'topup',
  'topup_reversal',
  'transfer',
  'transfer_reversal',
  'unreconciled_customer_funds',
] as const;

const PARAMETERS = object({
  columns: list(word()).optional(),
  currency: word().optional(),
  interval_end: time().optional(),
  interval_start: time().optional(),
  payout: word().optional(),
  reporting_category: oneOf(REPORTING_CATEGORIES).optional(),
  timezone: word().refine(isTimeZone, { error: 'must be a time zone such as Etc/UTC' }).optional(),
});
const CREATE = object({ ...EXPAND, parameters: PARAMETERS.optional(), report_type: word() });
const RETRIEVE = object(EXPAND);
const LIST = object(LIST_BY_TIME);

/** It is ready a little later: `reporting.report_run.succeeded` says so. */
export const createRun: Operation = (context) => {
  const { report_type, parameters = {} } = read(CREATE, context.params);
  const type = Object.hasOwn(REPORT_TYPES, report_type) ? REPORT_TYPES[report_type] : undefined;
  if (type === undefined) throw noSuchNamed('report type', report_type, 'report_type');
  check(context, type, parameters);
  const run: ReportRun = {
    id: context.newId('frr'),
    object: 'reporting.report_run',
    created: nowSeconds(context),
    error: null,
    livemode: false,
    parameters: present(parameters),
    report_type,
    result: null,
    status: 'pending',
    succeeded_at: null,
  };
  context.tx.put('report_runs', run);
  schedule(context, 'report_ready', run.id, context.account.report_takes_ms);
  return run;
};

export function finishRun(context: RequestContext, id: string): void {
  const run = context.tx.get('report_runs', id);
  const type = run === undefined ? undefined : REPORT_TYPES[run.report_type];
  if (run?.status !== 'pending' || type === undefined) return;
  const contents = csv(run.parameters.columns ?? type.columns, type.lines(context, run.parameters));
  const file = makeFile(context, {
    contents: Buffer.from(contents),
    filename: `${run.id}.csv`,
    purpose: 'finance_report_run',
    title: `FinanceReportRun ${run.id}`,
    type: 'csv',
  });
  const done: ReportRun = { ...run, result: file.id, status: 'succeeded', succeeded_at: nowSeconds(context) };
  context.tx.put('report_runs', done);
  raise(context, 'reporting.report_run.succeeded', shown(context, 'report_runs', done));
}

export const retrieveRun: Operation = (context, id) => {
  read(RETRIEVE, context.params);
  const run = context.tx.look('report_runs', id);
  if (run === undefined) throw noSuch('report run', id, 'report_run');
  return shown(context, 'report_runs', run);
};

export const listRuns: Operation = (context) =>
  page(context, read(LIST, context.params), { table: 'report_runs', url: '/v1/reporting/report_runs' });

export const retrieveType: Operation = (context, id) => {
  read(RETRIEVE, context.params);
  const type = Object.hasOwn(REPORT_TYPES, id) ? REPORT_TYPES[id] : undefined;
  if (type === undefined) throw noSuch('report type', id, 'report_type');
  return typeView(context, id, type);
};

export const listTypes: Operation = (context) => {
  read(RETRIEVE, context.params);
  const data = Object.entries(REPORT_TYPES).map(([id, type]) => typeView(context, id, type));
  return { object: 'list', data, has_more: false, url: '/v1/reporting/report_types' };
};

function typeView(context: RequestContext, id: string, { name, version, columns }: ReportType) {
  return {
    id,
    object: 'reporting.report_type',
    data_available_end: nowSeconds(context),
    data_available_start: FIRST_DATA,
    default_columns: [...columns],
    livemode: false,
    name,
    updated: nowSeconds(context),
    version,
  };
}

function check(context: RequestContext, type: ReportType, parameters: z.output<typeof PARAMETERS>): void {
  const { columns = [], interval_start = 0, interval_end, payout } = parameters;
  const unknown = columns.find((column) => !type.columns.includes(column));
  if (unknown !== undefined) {
    throw invalidRequest(`Unknown column: ${unknown.slice(0, 60)}`, undefined, 'parameters[columns]');
  }
  if (interval_end !== undefined && (interval_end <= interval_start || interval_end > nowSeconds(context))) {
    throw invalidRequest(
      'interval_end must be after interval_start, and no later than data_available_end of the report type.',
      undefined,
      'parameters[interval_end]',
    );
  }
  if (payout !== undefined && context.tx.look('payouts', payout) === undefined) {
    throw noSuchNamed('payout', payout, 'parameters[payout]');
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
