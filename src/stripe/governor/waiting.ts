import type { Permit, Turn } from './permit.js';

/** A call that waits for its turn. */
export interface Waiter extends Turn {
  readonly askedMs: number;
  readonly go: (permit: Permit) => void;
  /** Ends its waiting, if it still waits. @param againInMs when it may be worth to come again. */
  readonly giveUp: (againInMs: number) => void;
}

/**
 * The calls of one priority that wait for one endpoint. Whoever has many waiting takes turns with whoever has few: the server
 * shares a lane out among merchants, and what it hands out in a burst must not undo that here.
 */
class Row {
  /** By merchant, the next to go first; a Set keeps the order and lets go of any. */
  private readonly merchants = new Map<string, Set<Waiter>>();
  size = 0;

  add(waiter: Waiter): void {
    const calls = this.merchants.get(waiter.merchant) ?? new Set();
    this.merchants.set(waiter.merchant, calls.add(waiter));
    this.size += 1;
  }

  has(waiter: Waiter): boolean {
    return this.merchants.get(waiter.merchant)?.has(waiter) ?? false;
  }

  remove(waiter: Waiter): boolean {
    const calls = this.merchants.get(waiter.merchant);
    if (calls?.delete(waiter) !== true) return false;
    this.size -= 1;
    if (calls.size === 0) this.merchants.delete(waiter.merchant);
    return true;
  }

  /** The longest waiting of the merchant whose turn it is. */
  next(): Waiter | undefined {
    for (const calls of this.merchants.values()) for (const waiter of calls) return waiter;
    return undefined;
  }

  /** It goes, and the next turn is another merchant's. */
  take(waiter: Waiter): void {
    this.remove(waiter);
    const rest = this.merchants.get(waiter.merchant);
    if (rest === undefined) return;
    this.merchants.delete(waiter.merchant);
    this.merchants.set(waiter.merchant, rest);
  }

  all(): Waiter[] {
    return [...this.merchants.values()].flatMap((calls) => [...calls]);
  }
}

/**
 * The calls that wait in one worker: by priority, and each endpoint's in a row of its own, so that a full endpoint keeps
 * nobody from another.
 */
export class Waiting {
  /** By priority, then by endpoint. */
  private readonly rows = new Map<number, Map<string, Row>>();
  private many = 0;

  get size(): number {
    return this.many;
  }

  add(waiter: Waiter): void {
    let rows = this.rows.get(waiter.priority);
    if (rows === undefined) {
      rows = new Map();
      this.rows.set(waiter.priority, rows);
    }
    const row = rows.get(waiter.endpoint) ?? new Row();
    row.add(waiter);
    rows.set(waiter.endpoint, row);
    this.many += 1;
  }

  has(waiter: Waiter): boolean {
    return this.rowOf(waiter)?.has(waiter) ?? false;
  }

  /** @returns whether it waited. */
  remove(waiter: Waiter): boolean {
    if (this.rowOf(waiter)?.remove(waiter) !== true) return false;
    this.left(waiter);
    return true;
  }

  /** The most urgent that may go, and among endpoints the one that has waited longest; it waits no more. */
  take(mayGo: (waiter: Waiter) => boolean): Waiter | undefined {
    for (const priority of [...this.rows.keys()].sort((a, b) => a - b)) {
      const heads = [...(this.rows.get(priority)?.values() ?? [])].flatMap((row) => row.next() ?? []);
      heads.sort((a, b) => a.askedMs - b.askedMs);
      const next = heads.find(mayGo);
      if (next === undefined) continue;
      this.rowOf(next)?.take(next);
      this.left(next);
      return next;
    }
    return undefined;
  }

  /** How many wait that go before one of this priority, in all and at its endpoint. */
  ahead(priority: number, endpoint: string): { readonly all: number; readonly endpoint: number } {
    const ahead = { all: 0, endpoint: 0 };
    for (const [other, rows] of this.rows) {
      if (other > priority) continue;
      for (const [at, { size }] of rows) {
        ahead.all += size;
        if (at === endpoint) ahead.endpoint += size;
      }
    }
    return ahead;
  }

  all(): Waiter[] {
    return [...this.rows.values()].flatMap((rows) => [...rows.values()].flatMap((row) => row.all()));
  }

  /** The endpoints that are waited for. */
  endpoints(): string[] {
    return [...new Set([...this.rows.values()].flatMap((rows) => [...rows.keys()]))];
  }

  /** How many wait, by priority. */
  counts(): [priority: number, many: number][] {
    return [...this.rows].map(([priority, rows]) => [
      priority,
      [...rows.values()].reduce((sum, { size }) => sum + size, 0),
    ]);
  }

  private rowOf({ priority, endpoint }: Waiter): Row | undefined {
    return this.rows.get(priority)?.get(endpoint);
  }

  private left(waiter: Waiter): void {
    this.many -= 1;
    if (this.rowOf(waiter)?.size === 0) this.rows.get(waiter.priority)?.delete(waiter.endpoint);
  }
}
