import type { Account } from '../objects/account.js';
import type { BalanceTransaction, Books, Payout } from '../objects/balance.js';
import type { Charge } from '../objects/charge.js';
import type { Customer } from '../objects/customer.js';
import type { Dispute } from '../objects/dispute.js';
import type { StripeEvent, WebhookDelivery, WebhookEndpoint } from '../objects/event.js';
import type { PaymentIntent } from '../objects/payment-intent.js';
import type { PaymentMethod } from '../objects/payment-method.js';
import type { Refund } from '../objects/refund.js';
import type { ReportRun, StoredFile } from '../objects/reporting.js';
import type { ClockOffset, Scheduled, Seed, StoredAnswer } from '../objects/simulated.js';
import type { CARDS } from './cards.js';

/** Every table of one account. */
export interface Tables {
  account: Account;
  payment_intents: PaymentIntent;
  charges: Charge;
  customers: Customer;
  payment_methods: PaymentMethod;
  refunds: Refund;
  disputes: Dispute;
  balance_transactions: BalanceTransaction;
  books: Books;
  payouts: Payout;
  report_runs: ReportRun;
  files: StoredFile;
  events: StripeEvent;
  deliveries: WebhookDelivery;
  webhook_endpoints: WebhookEndpoint;
  answers: StoredAnswer;
  scheduled: Scheduled;
  clock: ClockOffset;
  seed: Seed;
}

/**
 * The version of all these rows on disk, to be counted up whenever rows that were kept before would be misread: a field
 * that is read and that they lack, another fingerprint of a request. Before 2, a journal named none.
 */
export const FORMAT = 2;

export type TableName = keyof Tables;

/** What stands beside each row of a table whose rows are kept as text. */
export type CardOf<T extends TableName> = T extends keyof typeof CARDS ? ReturnType<(typeof CARDS)[T]> : undefined;

type LookedForBy<T extends TableName> = T extends keyof typeof CARDS ? keyof CardOf<T> : keyof Tables[T];

/** The tables, each with the fields that its rows are looked for by. */
export const INDEXES: { readonly [T in TableName]: readonly (LookedForBy<T> & string)[] } = {
  account: [],
  payment_intents: ['customer', 'payment_method'],
  charges: ['payment_intent', 'customer', 'payment_method'],
  customers: [],
  payment_methods: ['customer'],
  refunds: ['charge', 'payment_intent'],
  disputes: ['charge', 'payment_intent'],
  balance_transactions: ['source', 'payout'],
  books: [],
  payouts: [],
  report_runs: [],
  files: [],
  events: ['payment'],
  deliveries: ['event'],
  webhook_endpoints: [],
  answers: ['payment'],
  scheduled: ['concerns'],
  clock: [],
  seed: [],
};

export const TABLE_NAMES = Object.keys(INDEXES) as TableName[];
