import type { Tables } from '../state/tables.js';

export const SEARCHED = ['payment_intents', 'charges', 'customers'] as const;
export type Searched = (typeof SEARCHED)[number];

/** A row as it was until it changed. */
interface Former {
  readonly key: string;
  readonly untilMs: number;
  readonly row: Tables[Searched] | undefined;
}

/** What changed of one account so lately that search may not know it, oldest first, and by row. */
interface Recent {
  order: Former[];
  /** Those before it in `order` are out of date. */
  from: number;
  readonly byRow: Map<string, Former[]>;
}

/** Out of date, so many are let be: they go many at a time. */
const SLACK = 256;

/**
 * Rows as they were that an account remembers at most. While the clock stands still none goes out of date; beyond this
 * search knows the oldest changes before its lag is over, which Stripe promises no lower bound of either.
 */
const MOST = 20_000;

/** What search does not know yet: rows as they were, for as long as the lag lasts. It is forgotten with the process. */
export class SearchLag {
  private readonly accounts = new Map<string, Recent>();

  /**
   * @param before the row until now; undefined when it is new.
   * @param lagMs how long search does not see the change.
   */
  changed(account: string, table: Searched, id: string, before: Former['row'], nowMs: number, lagMs: number): void {
    const recent = this.accounts.get(account) ?? { order: [], from: 0, byRow: new Map<string, Former[]>() };
    this.accounts.set(account, recent);
    const former: Former = { key: `${table}/${id}`, untilMs: nowMs, row: before };
    recent.order.push(former);
    const ofRow = recent.byRow.get(former.key);
    if (ofRow === undefined) recent.byRow.set(former.key, [former]);
    else ofRow.push(former);
    forget(recent, nowMs - lagMs);
  }

  /** How many rows as they were it remembers, of every account. */
  get size(): number {
    return [...this.accounts.values()].reduce((sum, { order, from }) => sum + order.length - from, 0);
  }

  /** The row as search knows it at `nowMs`; undefined when it does not know of it yet. */
  seen<T extends Searched>(
    account: string,
    table: T,
    row: Tables[T],
    nowMs: number,
    lagMs: number,
  ): Tables[T] | undefined {
    const known = this.accounts.get(account)?.byRow.get(`${table}/${row.id}`);
    const first = known?.find(({ untilMs }) => untilMs > nowMs - lagMs);
    return first === undefined ? row : (first.row as Tables[T] | undefined);
  }
}

/** Lets go of what changed so long ago that search knows it, and of what is too much. */
function forget(recent: Recent, knownMs: number): void {
  const { byRow, order } = recent;
  for (let next = order[recent.from]; next !== undefined; next = order[recent.from]) {
    if (next.untilMs > knownMs && order.length - recent.from <= MOST) break;
    const ofRow = byRow.get(next.key) ?? [];
    if (ofRow.length <= 1) byRow.delete(next.key);
    else ofRow.shift();
    recent.from += 1;
  }
  if (recent.from < SLACK) return;
  recent.order = order.slice(recent.from);
  recent.from = 0;
}
