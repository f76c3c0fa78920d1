/** The operations of Stripe's that Penstock calls: each is an endpoint of its own, counted and limited by name. */
export const ENDPOINTS = [
  'payment_intents.create',
  'payment_intents.confirm',
  'payment_intents.capture',
  'payment_intents.cancel',
  'payment_intents.retrieve',
  'payment_intents.list',
  'refunds.create',
  'refunds.retrieve',
  'refunds.list',
  'disputes.retrieve',
  'disputes.list',
  'events.list',
  'balance_transactions.list',
  'charges.list',
  'customers.list',
  'reporting.report_runs.create',
  'reporting.report_runs.retrieve',
  'files.contents',
] as const;

export type Endpoint = (typeof ENDPOINTS)[number];

/** Whether a call counts against the reads that Stripe allows a month: all but the reporting API's do, its files too. */
export function isRead(endpoint: string): boolean {
  return !endpoint.startsWith('reporting.') && /\.(list|retrieve|contents)$/.test(endpoint);
}
