import type { Queryable } from './database.js';
import { Differences } from './differences.js';
import { Jobs } from './jobs.js';
import { Ledger } from './ledger.js';
import { Objects } from './objects.js';
import { Tombstones } from './tombstones.js';
import { UsageBook } from './usage-book.js';

/** Everything a deployment keeps, on a database or in a transaction on it. */
export interface Books {
  readonly usage: UsageBook;
  readonly ledger: Ledger;
  readonly tombstones: Tombstones;
  readonly jobs: Jobs;
  readonly objects: Objects;
  readonly differences: Differences;
}

/** @param deployment the Temporal namespace's id: what another Penstock keeps in the same database is not seen. */
export function booksOf(on: Queryable, deployment: string): Books {
  return {
    usage: new UsageBook(on, deployment),
    ledger: new Ledger(on, deployment),
    tombstones: new Tombstones(on, deployment),
    jobs: new Jobs(on, deployment),
    objects: new Objects(on, deployment),
    differences: new Differences(on, deployment),
  };
}
