export type { Tombstone, TombstoneResult } from '../domain/tombstone.js';
export { type Books, booksOf } from './books.js';
export {
  type Database,
  DatabaseError,
  type Param,
  type Queryable,
  SchemaNewerError,
  StoreMissingError,
} from './database.js';
export type { Difference } from './differences.js';
export type { JobRecord } from './jobs.js';
export type { LedgerEntry, LedgerKind, LedgerPage } from './ledger.js';
export type { StoredObject } from './objects.js';
export { PastPayments, type PastPaymentsParts } from './past-payments.js';
export { type Missed, type OnMissed, Records, type RecordsParts } from './records.js';
export { openStore, type Store, type StoreParts } from './store.js';
export type { UsageBatch, UsageKey, UsageRow } from './usage-book.js';
