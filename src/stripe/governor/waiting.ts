import type { Permit, Turn } from './permit.js';

/** A call that waits for its turn. */
export interface Waiter extends Turn {
  readonly askedMs: number;
  readonly go: (permit: Permit) => void;
  /** Ends its waiting, if it still waits. @param againInMs when it may be worth to come again. */
  readonly giveUp: (againInMs: number) => void;
}

/** A merchant's calls of one priority, those for each endpoint in a row of their own; a Set keeps the order and lets go of any. */
type Rows = Map<string, Set<Waiter>>;

/** Of so many merchants it is known when they had their last turn; of others it is longer ago. */
const REMEMBERED = 1_000;

/**
 * The calls of one priority. Whoever has many waiting takes turns with whoever has few: the server shares a lane out among
 * merchants, and what it hands out in a burst must not undo that here. Whoever comes meanwhile, and had its last turn before the
 * one whose turn it is, goes before that one, as if it had waited all along; but no two of them in a row, or a
 * crowd of merchants with one call each would keep all others waiting.
 */
class Class {
  /** By merchant, the next to go first, but for the {@link newcomer}. */
  private readonly merchants = new Map<string, Rows>();
  private newcomer: string | undefined;
  private newcomerWent = false;
  /** The number of each merchant's last turn, the latest last. */
  private readonly turns = new Map<string, number>();
  private turn = 0;
  readonly sizes = new Map<string, number>();
  size = 0;

  add(waiter: Waiter): void {
    const { merchant, endpoint } = waiter;
    if (this.passes(merchant)) this.newcomer = merchant;
    const rows: Rows = this.merchants.get(merchant) ?? new Map();
    rows.set(endpoint, (rows.get(endpoint) ?? new Set()).add(waiter));
    this.merchants.set(merchant, rows);
    this.count(endpoint, 1);
  }

  private passes(merchant: string): boolean {
    if (this.newcomer !== undefined || this.newcomerWent || this.merchants.has(merchant)) return false;
    const [next] = this.merchants.keys();
    return next !== undefined && (this.turns.get(merchant) ?? 0) < (this.turns.get(next) ?? 0);
  }

  has(waiter: Waiter): boolean {
    return this.merchants.get(waiter.merchant)?.get(waiter.endpoint)?.has(waiter) ?? false;
  }

  remove(waiter: Waiter): boolean {
    const { merchant, endpoint } = waiter;
    const rows = this.merchants.get(merchant);
    const row = rows?.get(endpoint);
    if (rows === undefined || row?.delete(waiter) !== true) return false;
    if (row.size === 0) rows.delete(endpoint);
    if (rows.size === 0) {
      this.merchants.delete(merchant);
      if (merchant === this.newcomer) this.newcomer = undefined;
    }
    this.count(endpoint, -1);
    return true;
  }

  /** It goes, and the next turn is another merchant's. */
  take(waiter: Waiter): void {
    const { merchant } = waiter;
    this.newcomerWent = merchant === this.newcomer;
    if (this.newcomerWent) this.newcomer = undefined;
    this.remove(waiter);
    this.hadTurn(merchant);
    const rest = this.merchants.get(merchant);
    if (rest === undefined) return;
    this.merchants.delete(merchant);
    this.merchants.set(merchant, rest);
  }

  private hadTurn(merchant: string): void {
    this.turn += 1;
    this.turns.delete(merchant);
    this.turns.set(merchant, this.turn);
    if (this.turns.size <= REMEMBERED) return;
    const [oldest] = this.turns.keys();
    if (oldest !== undefined) this.turns.delete(oldest);
  }

  /** Of each merchant and endpoint the one that has waited longest; of a merchant the oldest first. */
  *heads(): Generator<Waiter> {
    for (const rows of this.inTurn()) {
      const heads = [...rows.values()].flatMap(([head]) => head ?? []);
      yield* heads.sort((a, b) => a.askedMs - b.askedMs);
    }
  }

  private *inTurn(): Generator<Rows> {
    const { newcomer } = this;
    if (newcomer !== undefined) yield this.merchants.get(newcomer) ?? new Map();
    for (const [merchant, rows] of this.merchants) if (merchant !== newcomer) yield rows;
  }

  *all(): Generator<Waiter> {
    for (const rows of this.merchants.values()) for (const row of rows.values()) yield* row;
  }

  private count(endpoint: string, more: number): void {
    this.size += more;
    const size = (this.sizes.get(endpoint) ?? 0) + more;
    if (size === 0) this.sizes.delete(endpoint);
    else this.sizes.set(endpoint, size);
  }
}

/** The calls that wait in one worker: by priority, then by merchant, so that a full endpoint keeps nobody from another. */
export class Waiting {
  private readonly classes = new Map<number, Class>();

  get size(): number {
    let size = 0;
    for (const waiting of this.classes.values()) size += waiting.size;
    return size;
  }

  add(waiter: Waiter): void {
    const waiting = this.classes.get(waiter.priority) ?? new Class();
    waiting.add(waiter);
    this.classes.set(waiter.priority, waiting);
  }

  has(waiter: Waiter): boolean {
    return this.classes.get(waiter.priority)?.has(waiter) ?? false;
  }

  /** @returns whether it waited. */
  remove(waiter: Waiter): boolean {
    return this.classes.get(waiter.priority)?.remove(waiter) ?? false;
  }

  /** Those whose turn it would be, the most urgent first, and among those of one priority by the merchants' turns. */
  *heads(): Generator<Waiter> {
    for (const priority of [...this.classes.keys()].sort((a, b) => a - b)) {
      yield* this.classes.get(priority)?.heads() ?? [];
    }
  }

  /** One of the heads goes, and waits no more. */
  take(head: Waiter): void {
    this.classes.get(head.priority)?.take(head);
  }

  /** How many wait of the priorities that are counted, in all and at this endpoint. */
  count(
    isCounted: (priority: number) => boolean,
    endpoint: string,
  ): { readonly all: number; readonly endpoint: number } {
    const count = { all: 0, endpoint: 0 };
    for (const [priority, waiting] of this.classes) {
      if (!isCounted(priority)) continue;
      count.all += waiting.size;
      count.endpoint += waiting.sizes.get(endpoint) ?? 0;
    }
    return count;
  }

  all(): Waiter[] {
    return [...this.classes.values()].flatMap((waiting) => [...waiting.all()]);
  }

  /** The endpoints that are waited for. */
  endpoints(): string[] {
    return [...new Set([...this.classes.values()].flatMap(({ sizes }) => [...sizes.keys()]))];
  }

  /** How many wait, by priority. */
  counts(): [priority: number, many: number][] {
    return [...this.classes].map(([priority, { size }]) => [priority, size]);
  }
}
