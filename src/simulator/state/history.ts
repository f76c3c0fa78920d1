import type { Books } from '../objects/balance.js';
import type { Dispute } from '../objects/dispute.js';
import { isSettled, type PaymentIntent } from '../objects/payment-intent.js';
import type { AccountTables, Put } from './store.js';
import type { TableName } from './tables.js';

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
 * What lets go of the oldest payments, events and kept answers once there are more than are remembered. A payment that
 * can still change goes only when there are twice too many; an event that is still on its way to somebody likewise.
 * What money did stays in the books. Pure.
 */
export function overdue(account: string, tables: AccountTables, { payments }: Forgetting): Put[] {
  const leaving = new Leaving(tables);
  forgetPayments(leaving, payments);
  forgetEvents(leaving, payments * EVENTS_PER_PAYMENT);
  const { answers } = tables;
  let over = answers.size - payments * ANSWERS_PER_PAYMENT;
  if (over > SLACK) {
    for (const { id } of answers.oldestFirst()) {
      if (over <= 0) break;
      leaving.take('answers', id);
      over -= 1;
    }
  }
  return leaving.puts(account);
}

/** What goes, before it has gone. */
class Leaving {
  private readonly rows = new Map<string, readonly [table: TableName, id: string]>();
  private readonly books = new Map<string, Books>();

  constructor(readonly tables: AccountTables) {}

  take(table: TableName, id: string): void {
    this.rows.set(`${table}/${id}`, [table, id]);
  }

  takes(table: TableName, id: string): boolean {
    return this.rows.has(`${table}/${id}`);
  }

  /** What it moved is forgotten one by one and remembered as a sum. */
  takeMovements(source: string): void {
    for (const { id, currency, net } of this.tables.balance_transactions.where('source', source)) {
      const book = this.books.get(currency) ?? this.tables.books.get(currency);
      if (book !== undefined) this.books.set(currency, { ...book, forgotten: book.forgotten + net });
      this.take('balance_transactions', id);
    }
  }

  puts(account: string): Put[] {
    return [
      ...[...this.rows.values()].map(([table, id]): Put => [account, table, id]),
      ...[...this.books.values()].map((book): Put => [account, 'books', book]),
    ];
  }
}

function forgetPayments(leaving: Leaving, kept: number): void {
  const { payment_intents } = leaving.tables;
  let over = payment_intents.size - kept;
  if (over <= SLACK) return;
  for (const intent of payment_intents.oldestFirst()) {
    if (over <= 0) return;
    if (over < kept + SLACK && !isAtRest(leaving.tables, intent)) continue;
    forgetPayment(leaving, intent);
    over -= 1;
  }
}

/** Neither will anything come of it by itself, nor has anybody to decide about it. */
function isAtRest(tables: AccountTables, intent: PaymentIntent): boolean {
  if (!isSettled(intent)) return false;
  const { charges, refunds, disputes } = belongings(tables, intent);
  if (disputes.some(({ status }) => !ENDED.includes(status))) return false;
  return [intent, ...charges, ...refunds, ...disputes].every(
    ({ id }) => tables.scheduled.where('concerns', id).length === 0,
  );
}

const ENDED: readonly Dispute['status'][] = ['won', 'lost', 'warning_closed'];

function belongings(tables: AccountTables, { id }: PaymentIntent) {
  const charges = tables.charges.where('payment_intent', id);
  return {
    charges,
    refunds: charges.flatMap((charge) => tables.refunds.where('charge', charge.id)),
    disputes: charges.flatMap((charge) => tables.disputes.where('charge', charge.id)),
  };
}

function forgetPayment(leaving: Leaving, intent: PaymentIntent): void {
  const { tables } = leaving;
  const { charges, refunds, disputes } = belongings(tables, intent);
  for (const { id } of [...charges, ...refunds, ...disputes]) leaving.takeMovements(id);
  for (const { id } of refunds) leaving.take('refunds', id);
  for (const { id } of disputes) leaving.take('disputes', id);
  for (const { id } of charges) leaving.take('charges', id);
  leaving.take('payment_intents', intent.id);
  const methods = new Set([intent.payment_method, ...charges.map((charge) => charge.payment_method)]);
  for (const id of methods) if (id !== null && isNobodys(leaving, id)) leaving.take('payment_methods', id);
}

/** Nobody who stays has paid with it, and nobody can. */
function isNobodys(leaving: Leaving, id: string): boolean {
  const { payment_methods, payment_intents, charges } = leaving.tables;
  return (
    payment_methods.get(id)?.customer === null &&
    payment_intents.where('payment_method', id).every((intent) => leaving.takes('payment_intents', intent.id)) &&
    charges.where('payment_method', id).every((charge) => leaving.takes('charges', charge.id))
  );
}

function forgetEvents(leaving: Leaving, kept: number): void {
  const { events, deliveries } = leaving.tables;
  let over = events.size - kept;
  if (over <= SLACK) return;
  for (const { id } of events.oldestFirst()) {
    if (over <= 0) return;
    const of = deliveries.where('event', id);
    if (over < kept + SLACK && of.some(({ state }) => state === 'pending')) continue;
    for (const delivery of of) leaving.take('deliveries', delivery.id);
    leaving.take('events', id);
    over -= 1;
  }
}
