import { isSettled } from '../objects/payment-intent.js';
import type { AccountTables } from './store.js';

/** What is remembered. */
export interface Forgetting {
  /** Payments, with everything that belongs to them. */
  readonly payments: number;
}

/** For each payment that is remembered, so many events (three is usual) and answers under keys (one or two are). */
const EVENTS_PER_PAYMENT = 5;
const ANSWERS_PER_PAYMENT = 3;

/** Rows over the limit that are let be, so that they go many at a time. */
const SLACK = 256;

/**
 * Lets go of the oldest payments, events and kept answers once there are more than are remembered. A payment that can
 * still change goes only when there are twice too many; an event that is still on its way to somebody likewise. What
 * money did stays in the books.
 */
export function forgetOld(tables: AccountTables, { payments }: Forgetting): void {
  forgetPayments(tables, payments);
  forgetEvents(tables, payments * EVENTS_PER_PAYMENT);
  const { answers } = tables;
  if (answers.size > payments * ANSWERS_PER_PAYMENT + SLACK) {
    for (const { id } of oldest(answers.oldestFirst(), answers.size - payments * ANSWERS_PER_PAYMENT))
      answers.delete(id);
  }
}

function forgetPayments(tables: AccountTables, kept: number): void {
  const { payment_intents } = tables;
  let over = payment_intents.size - kept;
  if (over <= SLACK) return;
  for (const intent of payment_intents.oldestFirst()) {
    if (over <= 0) return;
    if (!isSettled(intent) && over < kept) continue;
    forgetPayment(tables, intent.id);
    over -= 1;
  }
}

function forgetPayment(tables: AccountTables, id: string): void {
  for (const charge of tables.charges.where('payment_intent', id)) {
    const refunds = tables.refunds.where('charge', charge.id);
    const disputes = tables.disputes.where('charge', charge.id);
    for (const source of [charge, ...refunds, ...disputes]) forgetMovements(tables, source.id);
    for (const refund of refunds) tables.refunds.delete(refund.id);
    for (const dispute of disputes) tables.disputes.delete(dispute.id);
    const method = tables.payment_methods.get(charge.payment_method);
    if (method !== undefined && method.customer === null) tables.payment_methods.delete(method.id);
    tables.charges.delete(charge.id);
  }
  tables.payment_intents.delete(id);
}

function forgetMovements({ balance_transactions, books }: AccountTables, source: string): void {
  for (const { id, currency, net } of balance_transactions.where('source', source)) {
    const book = books.get(currency);
    if (book !== undefined) books.put({ ...book, forgotten: book.forgotten + net });
    balance_transactions.delete(id);
  }
}

function forgetEvents({ events, deliveries }: AccountTables, kept: number): void {
  let over = events.size - kept;
  if (over <= SLACK) return;
  for (const { id } of events.oldestFirst()) {
    if (over <= 0) return;
    const of = deliveries.where('event', id);
    if (of.some(({ state }) => state === 'pending') && over < kept) continue;
    for (const delivery of of) deliveries.delete(delivery.id);
    events.delete(id);
    over -= 1;
  }
}

function* oldest<T>(rows: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const row of rows) {
    if (left <= 0) return;
    left -= 1;
    yield row;
  }
}
