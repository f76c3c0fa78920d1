import { balanceView } from '../ledger/balance.js';
import { outOfBalance, pendingOf } from '../ledger/books.js';
import type { BalanceTransaction, Books } from '../objects/balance.js';
import { Transaction } from '../state/transaction.js';
import { type Audited, sum } from './audited.js';

/** Balance transactions sum to the balance, in every currency; the four accounts beneath add to nothing. */
export function* booksAddUp(of: Audited): Generator<string> {
  const movements = new Map<string, BalanceTransaction[]>();
  for (const movement of of.all('balance_transactions')) {
    const known = movements.get(movement.currency);
    if (known === undefined) movements.set(movement.currency, [movement]);
    else known.push(movement);
  }
  for (const currency of movements.keys()) {
    if (of.get('books', currency) === undefined) yield `there are movements in ${currency}, and no books of them`;
  }
  for (const books of of.all('books')) {
    const moved = movements.get(books.id) ?? [];
    yield* ofOneCurrency(books, moved);
    if (!of.hasForgotten) yield* byCounterpart(books, moved);
  }
  yield* shownBalance(of, movements);
}

function* ofOneCurrency(books: Books, moved: readonly BalanceTransaction[]): Generator<string> {
  const out = outOfBalance(books);
  if (out !== 0) yield `the four accounts of the books in ${books.id} add to ${out} and not to 0`;
  const net = sum(moved, (movement) => movement.net);
  const balance = books.available + pendingOf(books);
  if (net + books.forgotten !== balance) {
    yield `balance transactions in ${books.id} sum to ${net}, and ${books.forgotten} forgotten, but the balance is ${balance}`;
  }
}

/** Each movement has its other side: with the customers or the bank, and what Stripe kept of it. */
function* byCounterpart(books: Books, moved: readonly BalanceTransaction[]): Generator<string> {
  const withBank = moved.filter(({ type }) => type.startsWith('payout'));
  const withCustomers = moved.filter(({ type }) => !type.startsWith('payout'));
  const sides = {
    bank: -sum(withBank, ({ amount }) => amount),
    customers: -sum(withCustomers, ({ amount }) => amount),
    stripe: sum(moved, ({ fee }) => fee),
  };
  for (const side of ['bank', 'customers', 'stripe'] as const) {
    if (books[side] === sides[side]) continue;
    yield `the books in ${books.id} have ${books[side]} with ${side}, of movements that come to ${sides[side]}`;
  }
}

/** What anybody is shown as the balance is what the movements come to. */
function* shownBalance(of: Audited, movements: ReadonlyMap<string, BalanceTransaction[]>): Generator<string> {
  const { available, pending } = balanceView({ tx: new Transaction(of.store, of.account), nowMs: of.nowMs });
  for (const [currency, moved] of movements) {
    const forgotten = of.get('books', currency)?.forgotten ?? 0;
    const shown = {
      available: available.find((funds) => funds.currency === currency)?.amount ?? 0,
      pending: pending.find((funds) => funds.currency === currency)?.amount ?? 0,
    };
    const waiting = sum(moved, ({ available_on, net }) => (available_on * 1000 > of.nowMs ? net : 0));
    const all = sum(moved, ({ net }) => net) + forgotten;
    if (shown.available + shown.pending !== all) {
      yield `the balance shows ${shown.available} available and ${shown.pending} pending ${currency}, of movements that come to ${all}`;
    } else if (!of.hasForgotten && shown.pending !== waiting) {
      yield `the balance shows ${shown.pending} ${currency} pending, of movements that come to ${waiting}`;
    }
  }
}

const SOURCES = {
  charge: 'charges',
  refund: 'refunds',
  refund_failure: 'refunds',
  dispute: 'disputes',
  dispute_reversal: 'disputes',
  payout: 'payouts',
  payout_reversal: 'payouts',
} as const;

/** Each movement adds up in itself, and comes from something that is there. */
export function* movementsAddUp(of: Audited): Generator<string> {
  for (const { id, amount, fee, fee_details, net, reporting_category, source } of of.all('balance_transactions')) {
    if (net !== amount - fee) yield `${id} nets ${net} of ${amount} less a fee of ${fee}`;
    const detailed = sum(fee_details, (detail) => detail.amount);
    if (detailed !== fee) yield `${id} has a fee of ${fee}, and fee details of ${detailed}`;
    const table = SOURCES[reporting_category];
    if (of.get(table, source) === undefined)
      yield `${id} is the ${reporting_category} of ${source}, which is not there`;
  }
}
