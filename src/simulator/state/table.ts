import { RowIndex } from './row-index.js';
import { type PlacedText, TextBlocks } from './text-blocks.js';
import { textOf } from './texts.js';

/** A row of any table. */
export interface Row {
  readonly id: string;
}

interface Entry<R, C> {
  /** The row, or where its JSON stands. */
  kept: R | PlacedText;
  /** Of a row that is kept as JSON. */
  card: C | undefined;
  /** Where it stands in the order of creation. */
  position: number;
}

/** The holes that a table lets grow before it closes them up. */
const HOLES = 1_024;

export interface TableOptions<R, C> {
  /** The fields that `where` may ask for: of the row, or of its card. */
  readonly indexed?: readonly string[];
  /**
   * Rows are kept as JSON, in blocks of it: for those of which there are many and few are asked for. They take half the
   * memory, and a collector of garbage has nothing to look at in them. What is asked of many stands on a card beside each.
   */
  readonly asText?: ((row: R) => C) | undefined;
}

/**
 * Rows by id, in the order in which they were created, and by the fields that are looked for. A row is never changed in
 * place: whoever holds one holds it as it was.
 */
export class Table<R extends Row, C = unknown> {
  private readonly entries = new Map<string, Entry<R, C>>();
  /** Ids in the order of creation; undefined where one was taken away. */
  private order: (string | undefined)[] = [];
  private readonly indexes = new Map<string, RowIndex>();

  /** Where rows are kept as JSON, and nowhere else. */
  private readonly blocks: TextBlocks | undefined;
  private readonly makeCard: ((row: R) => C) | undefined;

  constructor({ indexed = [], asText }: TableOptions<R, C> = {}) {
    for (const field of indexed) this.indexes.set(field, new RowIndex());
    this.blocks = asText === undefined ? undefined : new TextBlocks();
    this.makeCard = asText;
  }

  get size(): number {
    return this.entries.size;
  }

  get(id: string): R | undefined {
    const entry = this.entries.get(id);
    return entry === undefined ? undefined : this.rowOf(entry);
  }

  /** What stands beside the row; undefined when it is not there. */
  card(id: string): C | undefined {
    return this.entries.get(id)?.card;
  }

  put(row: R): void {
    const entry = this.entries.get(row.id);
    const kept = this.blocks?.place(textOf(row)) ?? row;
    const card = this.makeCard?.(row);
    for (const [field, index] of this.indexes) {
      const value = fieldOf(card ?? row, field);
      if (entry !== undefined) {
        const was = fieldOf(entry.card ?? entry.kept, field);
        if (was === value) continue;
        index.remove(was, row.id);
      }
      index.add(value, row.id);
    }
    if (entry === undefined) {
      this.entries.set(row.id, { kept, card, position: this.order.length });
      this.order.push(row.id);
    } else {
      const { kept: replaced } = entry;
      entry.kept = kept;
      entry.card = card;
      this.letGo(replaced);
    }
  }

  delete(id: string): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    for (const [field, index] of this.indexes) index.remove(fieldOf(entry.card ?? entry.kept, field), id);
    this.entries.delete(id);
    this.order[entry.position] = undefined;
    if (this.order.length > 2 * this.entries.size + HOLES) this.closeUp();
    this.letGo(entry.kept);
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
    const kept = [...this.ids()].map((id) => (this.entries.get(id) as Entry<R, C>).kept);
    return texts(kept, this.blocks);
  }

  /** Newest first; of those older than the row `before`, where one is named, and of those that are `wanted` by their cards. */
  *newestFirst(before?: string, wanted?: (id: string, card: C) => boolean): Generator<R> {
    const from = before === undefined ? this.order.length : (this.entries.get(before)?.position ?? 0);
    for (let at = from - 1; at >= 0; at -= 1) {
      const id = this.order[at];
      const entry = id === undefined ? undefined : this.entries.get(id);
      if (id === undefined || entry === undefined) continue;
      if (wanted === undefined || wanted(id, entry.card as C)) yield this.rowOf(entry);
    }
  }

  /** The rows whose `field` is `value`, which is not null, oldest first. @throws when the field is not indexed. */
  where(field: string, value: unknown): R[] {
    const found = this.idsWhere(field, value).map((id) => this.entries.get(id) as Entry<R, C>);
    return found.sort((a, b) => a.position - b.position).map((entry) => this.rowOf(entry));
  }

  /** Their ids, in no order. @throws when the field is not indexed. */
  idsWhere(field: string, value: unknown): string[] {
    const index = this.indexes.get(field);
    if (index === undefined) throw new Error(`no index of ${field}`);
    return index.of(value);
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
      (this.entries.get(id as string) as Entry<R, C>).position = position;
    });
  }

  private rowOf({ kept }: Entry<R, C>): R {
    return this.blocks === undefined ? (kept as R) : (JSON.parse(this.blocks.read(kept as PlacedText)) as R);
  }

  /** What no entry keeps any more. */
  private letGo(kept: R | PlacedText): void {
    if (this.blocks === undefined) return;
    this.blocks.take(kept as PlacedText);
    if (this.blocks.isSparse) this.placeAgain(this.blocks);
  }

  /** Rows that were to stay hold blocks of others that have gone. */
  private placeAgain(blocks: TextBlocks): void {
    for (const entry of this.entries.values()) {
      const placed = entry.kept as PlacedText;
      entry.kept = blocks.place(blocks.read(placed));
      blocks.take(placed);
    }
  }
}

function* texts(kept: readonly unknown[], blocks: TextBlocks | undefined): Generator<string> {
  for (const row of kept) yield blocks === undefined ? JSON.stringify(row) : blocks.read(row as PlacedText);
}

function fieldOf(of: unknown, field: string): unknown {
  return (of as Readonly<Record<string, unknown>>)[field];
}
