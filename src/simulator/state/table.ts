import { RowIndex } from './row-index.js';
import { textOf } from './texts.js';

/** A row of any table. */
export interface Row {
  readonly id: string;
}

interface Entry<R> {
  /** The row, or its JSON. */
  kept: R | string;
  /** Where it stands in the order of creation. */
  readonly position: number;
}

/** The holes that a table lets grow before it closes them up. */
const HOLES = 1_024;

export interface TableOptions {
  /** The fields that `where` may ask for. */
  readonly indexed?: readonly string[];
  /**
   * Rows are kept as JSON: for those of which there are many and few are asked for. They take half the memory, and a
   * collector of garbage has nothing to look at in them.
   */
  readonly asText?: boolean;
}

/**
 * Rows by id, in the order in which they were created, and by the fields that are looked for. A row is never changed in
 * place: whoever holds one holds it as it was.
 */
export class Table<R extends Row> {
  private readonly entries = new Map<string, Entry<R>>();
  /** Ids in the order of creation; undefined where one was taken away. */
  private order: (string | undefined)[] = [];
  private readonly indexes = new Map<string, RowIndex>();

  private readonly asText: boolean;

  constructor({ indexed = [], asText = false }: TableOptions = {}) {
    for (const field of indexed) this.indexes.set(field, new RowIndex());
    this.asText = asText;
  }

  get size(): number {
    return this.entries.size;
  }

  get(id: string): R | undefined {
    const entry = this.entries.get(id);
    return entry === undefined ? undefined : rowOf(entry);
  }

  put(row: R): void {
    const entry = this.entries.get(row.id);
    const kept = this.asText ? textOf(row) : row;
    const before = entry === undefined || this.indexes.size === 0 ? undefined : rowOf(entry);
    if (entry === undefined) {
      this.entries.set(row.id, { kept, position: this.order.length });
      this.order.push(row.id);
    } else entry.kept = kept;
    for (const [field, index] of this.indexes) {
      const value = fieldOf(row, field);
      if (before !== undefined) {
        const was = fieldOf(before, field);
        if (was === value) continue;
        index.remove(was, row.id);
      }
      index.add(value, row.id);
    }
  }

  delete(id: string): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    if (this.indexes.size > 0) {
      const row = rowOf(entry);
      for (const [field, index] of this.indexes) index.remove(fieldOf(row, field), id);
    }
    this.entries.delete(id);
    this.order[entry.position] = undefined;
    if (this.order.length > 2 * this.entries.size + HOLES) this.closeUp();
  }

  /** Oldest first. */
  *oldestFirst(): Generator<R> {
    for (const id of this.ids()) {
      const row = this.get(id);
      if (row !== undefined) yield row;
    }
  }

  /** Of every row, oldest first. */
  *ids(): Generator<string> {
    for (const id of this.order) if (id !== undefined) yield id;
  }

  /** Every row as JSON, oldest first: as it is now, whatever is put while it is gone through. */
  snapshot(): Iterable<string> {
    const kept = [...this.ids()].map((id) => (this.entries.get(id) as Entry<R>).kept);
    return texts(kept);
  }

  /** Newest first; of those older than the row `before`, where one is named. */
  *newestFirst(before?: string): Generator<R> {
    const from = before === undefined ? this.order.length : (this.entries.get(before)?.position ?? 0);
    for (let at = from - 1; at >= 0; at -= 1) {
      const id = this.order[at];
      const row = id === undefined ? undefined : this.get(id);
      if (row !== undefined) yield row;
    }
  }

  /** The rows whose `field` is `value`, which is not null, oldest first. @throws when the field is not indexed. */
  where(field: string, value: unknown): R[] {
    const index = this.indexes.get(field);
    if (index === undefined) throw new Error(`no index of ${field}`);
    const found = index.of(value).map((id) => this.entries.get(id) as Entry<R>);
    return found.sort((a, b) => a.position - b.position).map(rowOf);
  }

  /** Whether the row `id` came after the row `than`. @throws when either is not there. */
  isNewer(id: string, than: string): boolean {
    return this.positionOf(id) > this.positionOf(than);
  }

  private positionOf(id: string): number {
    const entry = this.entries.get(id);
    if (entry === undefined) throw new Error(`no row ${id}`);
    return entry.position;
  }

  private closeUp(): void {
    this.order = [...this.ids()];
    this.order.forEach((id, position) => {
      const { kept } = this.entries.get(id as string) as Entry<R>;
      this.entries.set(id as string, { kept, position });
    });
  }
}

function rowOf<R>({ kept }: Entry<R>): R {
  return typeof kept === 'string' ? (JSON.parse(kept) as R) : kept;
}

function* texts(kept: readonly unknown[]): Generator<string> {
  for (const row of kept) yield typeof row === 'string' ? row : JSON.stringify(row);
}

function fieldOf(row: Row, field: string): unknown {
  return (row as unknown as Record<string, unknown>)[field];
}
