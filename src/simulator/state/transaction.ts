import { copy } from './copy.js';
import type { Put, Store } from './store.js';
import type { Table } from './table.js';
import type { CardOf, TableName, Tables } from './tables.js';

/** Whether a row is asked for, as far as its card tells. */
export type Wanted<T extends TableName> = (id: string, card: CardOf<T>) => boolean;

/**
 * What one request changes: read through it, put into it, and commit it whole. What it reads to be changed is a copy, so
 * that a request which fails half way leaves nothing behind.
 */
export class Transaction {
  /** In the order in which the rows were first put, each as it was put last. */
  private readonly puts: Put[] = [];
  private readonly places = new Map<TableName, Map<string, number>>();

  constructor(
    private readonly store: Store,
    readonly account: string,
  ) {}

  /** The row, to be changed and put back. */
  get<T extends TableName>(table: T, id: string): Tables[T] | undefined {
    return copy(this.look(table, id));
  }

  /** The row, to be looked at only. */
  look<T extends TableName>(table: T, id: string): Tables[T] | undefined {
    const place = this.places.get(table)?.get(id);
    if (place === undefined) return this.store.get(this.account, table, id);
    const [, , row] = this.puts[place] as Put;
    return typeof row === 'string' ? undefined : (row as Tables[T]);
  }

  /** The rows whose `field` is `value`, oldest first, to be looked at only. */
  where<T extends TableName>(table: T, field: keyof Tables[T] & string, value: unknown): Tables[T][] {
    const of = this.store.table(this.account, table);
    const known = of.where(field, value) as Tables[T][];
    const kept = known.flatMap(({ id }) => this.look(table, id) ?? []).filter((row) => row[field] === value);
    const ids = new Set(known.map(({ id }) => id));
    const joined = this.changed(table).filter((row) => row[field] === value && !ids.has(row.id));
    return [...kept, ...joined];
  }

  /** Whether the row `id` came after the row `than`. @throws when either was not there before this request. */
  isNewer(table: TableName, id: string, than: string): boolean {
    return this.store.table(this.account, table).isNewer(id, than);
  }

  /** The rows that this request made or changed. */
  changed<T extends TableName>(table: T): Tables[T][] {
    return this.puts.flatMap(([, of, row]) => (of === table && typeof row !== 'string' ? [row as Tables[T]] : []));
  }

  /** Every row of these tables that this request made, changed or took away, with what it was until now. */
  changes<T extends TableName>(tables: readonly T[]): { table: T; id: string; before: Tables[T] | undefined }[] {
    return this.puts.flatMap(([, of, row]) => {
      const table = tables.find((name) => name === of);
      if (table === undefined) return [];
      const id = typeof row === 'string' ? row : row.id;
      return [{ table, id, before: this.store.get(this.account, table, id) }];
    });
  }

  /**
   * Newest first, as they were before this request; of those older than the row `before`, where one is named, and of those
   * that are `wanted` by their cards.
   */
  newestFirst<T extends TableName>(table: T, before?: string, wanted?: Wanted<T>): Generator<Tables[T]> {
    return (this.store.table(this.account, table) as Table<Tables[T], CardOf<T>>).newestFirst(before, wanted);
  }

  /** The row as it is once this request is committed: what is still changed of it until then is part of it. */
  put<T extends TableName>(table: T, row: Tables[T]): void {
    this.change(table, row.id, row);
  }

  remove(table: TableName, id: string): void {
    this.change(table, id, id);
  }

  commit(): void {
    this.store.commit([...this.puts]);
    this.puts.length = 0;
    this.places.clear();
  }

  private change(table: TableName, id: string, row: Put[2]): void {
    const places = this.places.get(table) ?? new Map<string, number>();
    this.places.set(table, places);
    const place = places.get(id) ?? this.puts.length;
    places.set(id, place);
    this.puts[place] = [this.account, table, row];
  }
}
