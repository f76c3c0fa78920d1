import type { Books } from '../objects/balance.js';
import type { Dispute } from '../objects/dispute.js';
import { isSettled, type PaymentIntent } from '../objects/payment-intent.js';
import { KEY_LIFE_MS } from '../objects/simulated.js';
import type { AnswerCard } from './cards.js';
import type { AccountTables, Put } from './store.js';
import type { TableName } from './tables.js';

/** What is remembered. */
export interface Forgetting {
  /** Payments, with everything that belongs to them. */
  readonly payments: number;
}

/**
 * Beyond so many for each payment that is remembered, events and kept answers of no payment go: customers', payouts'. Four
 * events and two answers are usual of a payment, and these go with it.
 */
const EVENTS_PER_PAYMENT = 5;
const ANSWERS_PER_PAYMENT = 3;

/** Rows over the limit that are let be, so that they go many at a time. */
const SLACK = 256;

/** Of the rows that had to stay, one in so many more are let be: each new row pays for looking at so many old ones. */
const PASSED_OVER = 4;

const BOUNDED = ['payment_intents', 'events', 'answers'] as const;
type Bounded = (typeof BOUNDED)[number];

/** How far a row has to do with what is still to come: `open` goes once there are twice too many, `held` never. */
type Standing = 'over' | 'open' | 'held';

/**
 * What lets go of one account's oldest payments, with all that belongs to each, once there are more than are remembered.
 * What money did stays in the books.
 *
 * A payment that anything is still to come of stays however many there are: money that is on its way to the books, or
 * that may yet leave them, is not forgotten. One that waits for its customer goes once there are twice too many.
 *
 * Of what is no payment's, events go, those that are still on their way to somebody once there are twice too many; and
 * answers whose keys have lived their time. A key that is forgotten while it lives would make a second object.
 */
export class History {
  /** Rows of each table that are let be: what stayed at the last look stays at the next, and is not looked at each time. */
  private readonly slack: Record<Bounded, number> = { payment_intents: SLACK, events: SLACK, answers: SLACK };

  private readonly kept: Readonly<Record<Bounded, number>>;

  constructor(
    private readonly tables: AccountTables,
    { payments }: Forgetting,
  ) {
    this.kept = {
      payment_intents: payments,
      events: payments * EVENTS_PER_PAYMENT,
      answers: payments * ANSWERS_PER_PAYMENT,
    };
  }

  /** What is to go by now: nothing most of the time. */
  overdue(account: string): Put[] {
    if (!BOUNDED.some((name) => this.isOver(name))) return [];
    const leaving = new Leaving(this.tables);
    this.sweep('payment_intents', {
      standing: (id) => standingOf(this.tables, id),
      take: (id) => forgetPayment(leaving, id),
    });
    this.sweep('events', {
      standing: (id) => this.standingOfEvent(id),
      take: (id) => forgetEvent(leaving, id),
    });
    let nowMs: number | undefined;
    this.sweep('answers', {
      standing: (id) => {
        nowMs ??= this.newestAnswerMs();
        return this.standingOfAnswer(id, nowMs);
      },
      take: (id) => leaving.take('answers', id),
    });
    return leaving.puts(account);
  }

  private standingOfEvent(id: string): Standing {
    if (this.isRemembered(this.tables.events.card(id)?.payment)) return 'held';
    return isOnItsWay(this.tables, id) ? 'open' : 'over';
  }

  private standingOfAnswer(id: string, nowMs: number): Standing {
    const { payment, createdMs } = this.tables.answers.card(id) as AnswerCard;
    return this.isRemembered(payment) || nowMs < createdMs + KEY_LIFE_MS ? 'held' : 'over';
  }

  /** The simulator's clock as this account last saw it. */
  private newestAnswerMs(): number {
    for (const { createdMs } of this.tables.answers.newestFirst()) return createdMs;
    return 0;
  }

  private isRemembered(payment: string | null | undefined): boolean {
    return payment != null && this.tables.payment_intents.get(payment) !== undefined;
  }

  private isOver(name: Bounded): boolean {
    return this.tables[name].size - this.kept[name] > this.slack[name];
  }

  private sweep(
    name: Bounded,
    { standing, take }: { standing: (id: string) => Standing; take: (id: string) => void },
  ): void {
    if (!this.isOver(name)) return;
    const table = this.tables[name];
    const kept = this.kept[name];
    let over = table.size - kept;
    let passed = 0;
    for (const id of table.ids()) {
      if (over <= 0) break;
      const stands = standing(id);
      if (stands === 'held' || (stands === 'open' && over < kept + SLACK)) {
        passed += 1;
        continue;
      }
      take(id);
      over -= 1;
    }
    this.slack[name] = Math.max(over, 0) + Math.max(SLACK, Math.ceil(passed / PASSED_OVER));
  }
}

/** What goes, before it has gone. */
class Leaving {
  private readonly rows = new Map<TableName, Set<string>>();
  private readonly books = new Map<string, Books>();

  constructor(readonly tables: AccountTables) {}

  take(table: TableName, id: string): void {
    const ids = this.rows.get(table) ?? new Set<string>();
    this.rows.set(table, ids.add(id));
  }

  takes(table: TableName, id: string): boolean {
    return this.rows.get(table)?.has(id) ?? false;
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
      ...[...this.rows].flatMap(([table, ids]) => [...ids].map((id): Put => [account, table, id])),
      ...[...this.books.values()].map((book): Put => [account, 'books', book]),
    ];
  }
}

function standingOf(tables: AccountTables, id: string): Standing {
  const intent = tables.payment_intents.get(id);
  if (intent === undefined) return 'over';
  if (intent.status === 'processing' || intent.status === 'requires_capture') return 'held';
  const { charges, refunds, disputes } = belongings(tables, intent);
  if (disputes.some(({ status }) => !ENDED.includes(status))) return 'held';
  const objects = [intent, ...charges, ...refunds, ...disputes];
  if (objects.some((object) => tables.scheduled.idsWhere('concerns', object.id).length > 0)) return 'held';
  return isSettled(intent) ? 'over' : 'open';
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

function forgetPayment(leaving: Leaving, intentId: string): void {
  const { tables } = leaving;
  const intent = tables.payment_intents.get(intentId);
  if (intent === undefined) return;
  const { charges, refunds, disputes } = belongings(tables, intent);
  for (const { id } of [...charges, ...refunds, ...disputes]) leaving.takeMovements(id);
  for (const { id } of refunds) leaving.take('refunds', id);
  for (const { id } of disputes) leaving.take('disputes', id);
  for (const { id } of charges) leaving.take('charges', id);
  // One that is on its way yet is told all the same.
  const told = tables.events.idsWhere('payment', intent.id).filter((id) => !isOnItsWay(tables, id));
  for (const id of told) forgetEvent(leaving, id);
  for (const id of tables.answers.idsWhere('payment', intent.id)) leaving.take('answers', id);
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

function isOnItsWay({ deliveries }: AccountTables, event: string): boolean {
  return deliveries.where('event', event).some(({ state }) => state === 'pending');
}

function forgetEvent(leaving: Leaving, id: string): void {
  for (const delivery of leaving.tables.deliveries.where('event', id)) leaving.take('deliveries', delivery.id);
  leaving.take('events', id);
}
