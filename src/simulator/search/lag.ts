import type { TableName, Tables } from '../state/tables.js';

export const SEARCHED = ['payment_intents', 'charges', 'customers'] as const;
export type Searched = (typeof SEARCHED)[number];

/** A row as it was until it changed. */
interface Former {
  readonly untilMs: number;
  readonly row: Tables[Searched] | undefined;
}

/** Changes so old that no lag reaches them are let go when there are so many. */
const SWEEP = 1_000;
const LONGEST_LAG_MS = 60 * 60_000;

/** What search does not know yet: the rows of the last hour as they were. It is forgotten with the process. */
export class SearchLag {
  private readonly former = new Map<string, Former[]>();
  private changes = 0;

  /** @param before the row until now; undefined when it is new. */
  changed(account: string, table: TableName, id: string, before: unknown, nowMs: number): void {
    if (!(SEARCHED as readonly string[]).includes(table)) return;
    const key = `${account}/${table}/${id}`;
    const known = this.former.get(key) ?? [];
    known.push({ untilMs: nowMs, row: before as Tables[Searched] | undefined });
    this.former.set(key, known);
    this.changes += 1;
    if (this.changes % SWEEP === 0) this.sweep(nowMs);
  }

  /** The row as search knows it at `nowMs`; undefined when it does not know of it yet. */
  seen<T extends Searched>(
    account: string,
    table: T,
    row: Tables[T],
    nowMs: number,
    lagMs: number,
  ): Tables[T] | undefined {
    const known = this.former.get(`${account}/${table}/${row.id}`);
    const first = known?.find(({ untilMs }) => untilMs > nowMs - lagMs);
    return first === undefined ? row : (first.row as Tables[T] | undefined);
  }

  private sweep(nowMs: number): void {
    for (const [key, known] of this.former) {
      if (known.every(({ untilMs }) => untilMs <= nowMs - LONGEST_LAG_MS)) this.former.delete(key);
    }
  }
}
