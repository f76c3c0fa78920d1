import type { BalanceTransaction } from '../objects/balance.js';
import type { Customer } from '../objects/customer.js';
import type { Dispute } from '../objects/dispute.js';
import { eventAmong, type StripeEvent, type WebhookEndpoint } from '../objects/event.js';
import type { PaymentMethod, ShownMethod } from '../objects/payment-method.js';
import type { ReportRun, StoredFile } from '../objects/reporting.js';
import type { TableName, Tables } from '../state/tables.js';
import type { Transaction } from '../state/transaction.js';

/** What is needed to see a row as Stripe shows it. */
export interface Looking {
  readonly tx: Transaction;
  readonly nowMs: number;
}

type Shown<T extends TableName> = (row: Tables[T], looking: Looking) => unknown;

/** Of some rows anybody sees less than is kept, or what only the time of asking tells. */
const SHOWN: { readonly [T in TableName]?: Shown<T> } = {
  payment_methods: shownMethod,
  customers: shownCustomer,
  balance_transactions: shownMovement,
  disputes: shownDispute,
  events: shownEvent,
  webhook_endpoints: shownEndpoint,
  report_runs: shownRun,
  files: shownFile,
};

/** A row of `table` as Stripe shows it. */
export function shown<T extends TableName>(looking: Looking, table: T, row: Tables[T]): unknown {
  const show = SHOWN[table] as Shown<T> | undefined;
  return show === undefined ? row : show(row, looking);
}

export function shownMethod({ token: _, detached: __, ...method }: PaymentMethod): ShownMethod {
  return method;
}

function shownCustomer(customer: Customer): unknown {
  return customer.deleted === true ? { id: customer.id, object: 'customer', deleted: true } : customer;
}

export function shownMovement({ payout: _, ...movement }: BalanceTransaction, { nowMs }: Pick<Looking, 'nowMs'>) {
  return { ...movement, status: movement.available_on * 1000 <= nowMs ? ('available' as const) : ('pending' as const) };
}

function shownDispute(dispute: Dispute, { nowMs }: Looking): unknown {
  const details = dispute.evidence_details;
  const past_due = dispute.status === 'needs_response' && details.due_by * 1000 < nowMs;
  return { ...dispute, evidence_details: { ...details, past_due } };
}

function shownEvent(event: StripeEvent, { tx }: Looking): unknown {
  return eventAmong(event, tx.where('deliveries', 'event', event.id));
}

function shownEndpoint({ secret: _, ...endpoint }: WebhookEndpoint): unknown {
  return endpoint;
}

/** Its result is the one thing that is always shown whole. */
function shownRun(run: ReportRun, { tx }: Looking): unknown {
  const file = run.result === null ? undefined : tx.look('files', run.result);
  return { ...run, result: file === undefined ? null : shownFile(file) };
}

export function shownFile({ contents: _, ...file }: StoredFile): unknown {
  return { ...file, links: { object: 'list', data: [], has_more: false, url: `/v1/file_links?file=${file.id}` } };
}
