import { nowSeconds } from '../requests/context.js';
import type { Looking } from '../requests/shown.js';
import { booksIn, pendingOf } from './books.js';

interface Funds {
  readonly amount: number;
  readonly currency: string;
  readonly source_types: { readonly card: number };
}

/** The account's balance as Stripe shows it. */
export function balanceView(looking: Looking) {
  const all = currencies(looking).map((currency) => booksIn(looking.tx, currency, nowSeconds(looking)));
  const funds = (amount: number, currency: string): Funds => ({ amount, currency, source_types: { card: amount } });
  return {
    object: 'balance' as const,
    available: all.map(({ id, available }) => funds(available, id)),
    connect_reserved: all.map(({ id }) => ({ amount: 0, currency: id })),
    livemode: false,
    pending: all.map((books) => funds(pendingOf(books), books.id)),
  };
}

/** Those it has ever had money in; a new one has its own at nothing. */
function currencies({ tx }: Looking): string[] {
  const known = [...tx.newestFirst('books')].map(({ id }) => id);
  const fresh = tx.changed('books').map(({ id }) => id);
  const all = [...new Set([...known.reverse(), ...fresh])];
  return all.length === 0 ? ['usd'] : all;
}
