import type { Books } from '../objects/balance.js';
import type { Transaction } from '../state/transaction.js';

/** One entry: `amount` moves between the balance and `with`, and of it Stripe keeps `fee`. Minor units. */
export interface Entry {
  readonly currency: string;
  /** Negative where it leaves the balance. */
  readonly amount: number;
  readonly fee: number;
  readonly with: 'customers' | 'bank';
  /** When it can be paid out, Unix seconds. */
  readonly availableOn: number;
}

export function booksIn(tx: Transaction, currency: string, nowSeconds: number): Books {
  const books = tx.get('books', currency) ?? emptyBooks(currency);
  return ripened(books, nowSeconds);
}

/** Writes the entry on both sides. @throws when the books would not balance, which is a bug. */
export function enter(tx: Transaction, entry: Entry, nowSeconds: number): void {
  const books = booksIn(tx, entry.currency, nowSeconds);
  const net = entry.amount - entry.fee;
  books[entry.with] -= entry.amount;
  books.stripe += entry.fee;
  if (entry.availableOn <= nowSeconds) books.available += net;
  else books.pending[entry.availableOn] = (books.pending[entry.availableOn] ?? 0) + net;
  if (outOfBalance(books) !== 0) throw new Error(`the books in ${entry.currency} are out by ${outOfBalance(books)}`);
  tx.put('books', books);
}

/** Of the balance, what cannot be paid out yet. */
export function pendingOf({ pending }: Books): number {
  return Object.values(pending).reduce((sum, amount) => sum + amount, 0);
}

/** By how much the four accounts fail to add to nothing. */
export function outOfBalance(books: Books): number {
  return books.customers + books.stripe + books.bank + books.available + pendingOf(books);
}

/** What was pending and can be paid out by now is available. */
function ripened(books: Books, nowSeconds: number): Books {
  for (const [on, amount] of Object.entries(books.pending)) {
    if (Number(on) > nowSeconds) continue;
    books.available += amount;
    delete books.pending[on];
  }
  return books;
}

function emptyBooks(currency: string): Books {
  return { id: currency, customers: 0, stripe: 0, bank: 0, available: 0, pending: {}, forgotten: 0 };
}
