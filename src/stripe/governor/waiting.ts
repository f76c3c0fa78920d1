import type { Permit, Turn } from './permit.js';

/** A call that waits for its turn. */
export interface Waiter extends Turn {
  readonly askedMs: number;
  readonly go: (permit: Permit) => void;
  /** Ends its waiting, if it still waits. @param againInMs when it may be worth to come again. */
  readonly giveUp: (againInMs: number) => void;
}

/**
 * The calls that wait in one worker: by priority, and within it in the order in which they came, each endpoint's in a row of
 * its own, so that a full endpoint keeps nobody from another.
 */
export class Waiting {
  /** By priority, then by endpoint; a Set keeps the order and lets go of any. */
  private readonly rows = new Map<number, Map<string, Set<Waiter>>>();
  private many = 0;

  get size(): number {
    return this.many;
  }

  add(waiter: Waiter): void {
    let row = this.rows.get(waiter.priority);
    if (row === undefined) {
      row = new Map();
      this.rows.set(waiter.priority, row);
    }
    const calls = row.get(waiter.endpoint) ?? new Set();
    row.set(waiter.endpoint, calls.add(waiter));
    this.many += 1;
  }

  has(waiter: Waiter): boolean {
    return this.rows.get(waiter.priority)?.get(waiter.endpoint)?.has(waiter) ?? false;
  }

  /** @returns whether it waited. */
  remove(waiter: Waiter): boolean {
    const row = this.rows.get(waiter.priority);
    const calls = row?.get(waiter.endpoint);
    if (calls?.delete(waiter) !== true) return false;
    this.many -= 1;
    if (calls.size === 0) row?.delete(waiter.endpoint);
    return true;
  }

  /** The most urgent that may go, and of those the one that has waited longest; it waits no more. */
  take(mayGo: (waiter: Waiter) => boolean): Waiter | undefined {
    for (const priority of [...this.rows.keys()].sort((a, b) => a - b)) {
      const heads = [...(this.rows.get(priority)?.values() ?? [])].flatMap(([head]) =>
        head === undefined ? [] : [head],
      );
      heads.sort((a, b) => a.askedMs - b.askedMs);
      const next = heads.find(mayGo);
      if (next === undefined) continue;
      this.remove(next);
      return next;
    }
    return undefined;
  }

  /** How many wait that go before one of this priority, in all and at its endpoint. */
  ahead(priority: number, endpoint: string): { readonly all: number; readonly endpoint: number } {
    const ahead = { all: 0, endpoint: 0 };
    for (const [other, row] of this.rows) {
      if (other > priority) continue;
      for (const [at, calls] of row) {
        ahead.all += calls.size;
        if (at === endpoint) ahead.endpoint += calls.size;
      }
    }
    return ahead;
  }

  all(): Waiter[] {
    return [...this.rows.values()].flatMap((row) => [...row.values()].flatMap((calls) => [...calls]));
  }

  /** The endpoints that are waited for. */
  endpoints(): string[] {
    return [...new Set([...this.rows.values()].flatMap((row) => [...row.keys()]))];
  }

  /** How many wait, by priority. */
  counts(): [priority: number, many: number][] {
    return [...this.rows].map(([priority, row]) => [
      priority,
      [...row.values()].reduce((sum, calls) => sum + calls.size, 0),
    ]);
  }
}
