import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { NEW_ACCOUNT } from '../../src/simulator/account.js';
import { outOfBalance, pendingOf } from '../../src/simulator/ledger/books.js';
import type { Account } from '../../src/simulator/objects/account.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import type { Store } from '../../src/simulator/state/store.js';
import type { Simulated } from './simulated.js';

/** The account that the simulator's own key opens. */
export const ACCOUNT = accountId(SIMULATOR_KEY);

/** From now on it is set up like a new one, but for `changes`. */
export function setUp({ simulator }: Simulated, changes: Partial<Account>): void {
  simulator.store.commit([[ACCOUNT, 'account', { ...NEW_ACCOUNT, ...changes }]]);
}

/** By how much its books fail to add up: each against itself, and against the balance transactions there have been. */
export function mistakesInBooks(store: Store): string[] {
  return store.all(ACCOUNT, 'books').flatMap((books) => {
    const movements = store.all(ACCOUNT, 'balance_transactions').filter(({ currency }) => currency === books.id);
    const sum = movements.reduce((total, { net }) => total + net, books.forgotten);
    const wrong = movements.filter(({ amount, fee, net }) => net !== amount - fee);
    return [
      ...(outOfBalance(books) === 0 ? [] : [`${books.id} is out by ${outOfBalance(books)}`]),
      ...(sum === books.available + pendingOf(books) ? [] : [`${books.id}: the movements add up to ${sum}`]),
      ...wrong.map(({ id }) => `${id}: its net is not what is left`),
    ];
  });
}
