import type { Store } from '../state/store.js';
import type { TableName, Tables } from '../state/tables.js';

/** What a rule of the audit looks at: one account as it stands. */
export interface Audited {
  readonly account: string;
  /** Unix ms, the simulator's clock. */
  readonly nowMs: number;
  readonly store: Store;
  /** Oldest payments are remembered no more: what they left behind elsewhere has lost its other half. */
  readonly hasForgotten: boolean;
  readonly all: <T extends TableName>(table: T) => readonly Tables[T][];
  readonly get: <T extends TableName>(table: T, id: string | null) => Tables[T] | undefined;
  /** The rows whose indexed `field` is `value`. */
  readonly where: <T extends TableName>(table: T, field: keyof Tables[T] & string, value: unknown) => Tables[T][];
}

/** Says in a sentence each what it finds wrong, naming the objects. */
export type Rule = (of: Audited) => Iterable<string>;

export function audited(store: Store, account: string, nowMs: number): Audited {
  return {
    account,
    nowMs,
    store,
    hasForgotten: store.hasForgotten(account),
    all: (table) => store.all(account, table),
    get: (table, id) => (id === null ? undefined : store.get(account, table, id)),
    where: (table, field, value) => store.table(account, table).where(field, value) as never,
  };
}

/** Of all rows together. */
export function sum<T>(rows: Iterable<T>, amount: (row: T) => number): number {
  let total = 0;
  for (const row of rows) total += amount(row);
  return total;
}
