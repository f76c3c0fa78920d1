import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { booksIn, type Entry, enter, outOfBalance, pendingOf } from '../../../src/simulator/ledger/books.js';
import { Store } from '../../../src/simulator/state/store.js';
import { Transaction } from '../../../src/simulator/state/transaction.js';
import { SEED } from '../../support/any-fact.js';
import { SECOND, T0 } from '../../support/facts.js';

const NOW = T0 / SECOND;

const anyEntry = fc.record({
  entry: fc.record({
    currency: fc.constantFrom('usd', 'jpy'),
    amount: fc.integer({ min: -1_000_000, max: 1_000_000 }),
    fee: fc.integer({ min: -5_000, max: 5_000 }),
    with: fc.constantFrom<Entry['with']>('customers', 'bank'),
    availableOn: fc.integer({ min: NOW - 5, max: NOW + 50 }),
  }),
  /** Seconds that pass before it. */
  later: fc.nat(10),
});

describe('the books', () => {
  it('are never out of balance, and hold what each of their four sides was given, whatever moves and whenever', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 40 }), (entries) => {
        const store = new Store({ folder: undefined });
        let now = NOW;
        const moved: (Entry & { readonly at: number })[] = [];
        for (const { entry, later } of entries) {
          now += later;
          const tx = new Transaction(store, 'acct');
          enter(tx, entry, now);
          tx.commit();
          moved.push({ ...entry, at: now });
        }
        for (const currency of ['usd', 'jpy']) {
          const books = booksIn(new Transaction(store, 'acct'), currency, now);
          const mine = moved.filter((entry) => entry.currency === currency);
          const sum = (of: readonly Entry[], value: (entry: Entry) => number) =>
            of.reduce((total, entry) => total + value(entry), 0);
          const net = ({ amount, fee }: Entry) => amount - fee;
          assert.equal(outOfBalance(books), 0);
          assert.equal(
            books.stripe,
            sum(mine, ({ fee }) => fee),
          );
          for (const side of ['customers', 'bank'] as const) {
            const with_ = mine.filter((entry) => entry.with === side);
            assert.equal(books[side] + sum(with_, ({ amount }) => amount), 0);
          }
          const ripe = mine.filter(({ availableOn }) => availableOn <= now);
          assert.equal(books.available, sum(ripe, net));
          assert.equal(pendingOf(books), sum(mine, net) - sum(ripe, net));
          assert.ok(Object.keys(books.pending).every((on) => Number(on) > now));
        }
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it('refuse an entry that would not balance, and are as they were', () => {
    const store = new Store({ folder: undefined });
    const tx = new Transaction(store, 'acct');
    const entry: Entry = { currency: 'usd', amount: 100, fee: 3, with: 'customers', availableOn: NOW };
    enter(tx, entry, NOW);
    tx.commit();
    const before = store.all('acct', 'books');
    const broken = new Transaction(store, 'acct');
    assert.throws(() => enter(broken, { ...entry, fee: Number.NaN }, NOW), /out by NaN/);
    broken.commit();
    assert.deepEqual(store.all('acct', 'books'), before);
  });

  it('that somebody only looks at do not change', () => {
    const store = new Store({ folder: undefined });
    const tx = new Transaction(store, 'acct');
    enter(tx, { currency: 'usd', amount: 100, fee: 0, with: 'customers', availableOn: NOW + 10 }, NOW);
    tx.commit();
    const before = structuredClone(store.all('acct', 'books'));
    assert.equal(booksIn(new Transaction(store, 'acct'), 'usd', NOW + 10).available, 100);
    assert.deepEqual(store.all('acct', 'books'), before);
  });
});
