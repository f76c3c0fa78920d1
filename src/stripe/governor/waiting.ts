import type { Permit, Turn } from './permit.js';

/** A call that waits for its turn. */
export interface Waiter extends Turn {
  readonly askedMs: number;
  readonly go: (permit: Permit) => void;
  /** Ends its waiting, if it still waits. @param againInMs when it may be worth to come again. */
  readonly giveUp: (againInMs: number) => void;
}

/** What waits of one merchant, of one priority. */
interface Line {
  /** Those for each endpoint in a row of their own; a Set keeps the order and lets go of any. */
  readonly rows: Map<string, Set<Waiter>>;
  /** The turn that it had last, or is taken to have had: who has the lowest goes next. */
  since: number;
}

/** How many calls, in all and for one endpoint. */
interface Many {
  readonly all: number;
  readonly endpoint: number;
}

/** So many turns back it is known whose they were. */
const REMEMBERED = 1_000;

/**
 * The calls of one priority. Whoever has many waiting takes turns with whoever has few: the server shares a lane out among
 * merchants, and what it hands out in a burst must not undo that here. The turn is of whoever had its last one the longest ago,
 * so that no other has two while one waits that may go. Who comes anew is taken to have had its own a round ago, a turn for each
 * that waits: it goes before those that have had one since, and a crowd of such, which never ends, before nobody for longer.
 */
class Class {
  private readonly lines = new Map<string, Line>();
  /** The number of the last turn, and of each merchant's last one, the latest last. */
  private turn = 0;
  private readonly turns = new Map<string, number>();
  /** When whoever came last is taken to have had its turn, if it had none since: who comes later is not taken to have waited longer. */
  private roundAgo = Number.NEGATIVE_INFINITY;
  /** Whose turn was the last, when that was, and when the last turn of any other was, ms. */
  private lastMerchant = '';
  lastMs = Number.NEGATIVE_INFINITY;
  private othersLastMs = Number.NEGATIVE_INFINITY;
  readonly sizes = new Map<string, number>();
  size = 0;

  add(waiter: Waiter): void {
    const { merchant, endpoint } = waiter;
    const { rows } = this.lines.get(merchant) ?? this.begin(merchant);
    rows.set(endpoint, (rows.get(endpoint) ?? new Set()).add(waiter));
    this.count(endpoint, 1);
  }

  private begin(merchant: string): Line {
    this.roundAgo = this.aRoundAgo();
    const line = { rows: new Map(), since: this.sinceOf(merchant) };
    this.lines.set(merchant, line);
    return line;
  }

  private aRoundAgo(): number {
    return Math.max(this.roundAgo, this.turn - this.lines.size - 1);
  }

  /** The turn that a merchant had last, or, if it came now, is taken to have had. */
  private sinceOf(merchant: string): number {
    const roundAgo = this.aRoundAgo();
    return this.lines.get(merchant)?.since ?? Math.max(roundAgo, this.turns.get(merchant) ?? roundAgo);
  }

  has(waiter: Waiter): boolean {
    return this.lines.get(waiter.merchant)?.rows.get(waiter.endpoint)?.has(waiter) ?? false;
  }

  remove(waiter: Waiter): boolean {
    const { merchant, endpoint } = waiter;
    const rows = this.lines.get(merchant)?.rows;
    const row = rows?.get(endpoint);
    if (rows === undefined || row?.delete(waiter) !== true) return false;
    if (row.size === 0) rows.delete(endpoint);
    if (rows.size === 0) this.lines.delete(merchant);
    this.count(endpoint, -1);
    return true;
  }

  /** Whether more of its merchant's wait. */
  hasMore({ merchant }: Waiter): boolean {
    return sizeOf(this.lines.get(merchant)?.rows) > 1;
  }

  lastMsOfOthers(merchant: string): number {
    return merchant === this.lastMerchant ? this.othersLastMs : this.lastMs;
  }

  /** It goes, and the next turn is another merchant's. */
  take(waiter: Waiter, nowMs: number): void {
    const { merchant } = waiter;
    this.remove(waiter);
    if (merchant !== this.lastMerchant) this.othersLastMs = this.lastMs;
    this.lastMerchant = merchant;
    this.lastMs = nowMs;
    this.turn += 1;
    this.turns.delete(merchant);
    this.turns.set(merchant, this.turn);
    const [oldest] = this.turns.keys();
    if (this.turns.size > REMEMBERED && oldest !== undefined) this.turns.delete(oldest);
    const rest = this.lines.get(merchant);
    if (rest === undefined) return;
    rest.since = this.turn;
    // Of those that come while it waits, none that is taken to have had the same turn goes before it.
    this.lines.delete(merchant);
    this.lines.set(merchant, rest);
  }

  /** Of each merchant and endpoint the one that has waited longest; of a merchant the oldest first. */
  *heads(): Generator<Waiter> {
    // The sort leaves those of one turn in the order in which they came.
    for (const { rows } of [...this.lines.values()].sort((a, b) => a.since - b.since)) {
      const heads = [...rows.values()].flatMap(([head]) => head ?? []);
      yield* heads.sort((a, b) => a.askedMs - b.askedMs);
    }
  }

  *all(): Generator<Waiter> {
    for (const { rows } of this.lines.values()) for (const row of rows.values()) yield* row;
  }

  /** All that wait. */
  many(endpoint: string): Many {
    return { all: this.size, endpoint: this.sizes.get(endpoint) ?? 0 };
  }

  /**
   * Those that go before one more of this merchant's, at most: its own, and of each other one a turn between two of those, and one
   * before all of them where it waits for its own for longer.
   */
  ahead(merchant: string, endpoint: string): Many {
    const own = sizeOf(this.lines.get(merchant)?.rows);
    const mine = this.sinceOf(merchant);
    const ahead = { all: 0, endpoint: 0 };
    for (const [other, { rows, since }] of this.lines) {
      const most = other === merchant || since > mine ? own : own + 1;
      ahead.all += Math.min(most, sizeOf(rows));
      ahead.endpoint += Math.min(most, rows.get(endpoint)?.size ?? 0);
    }
    return ahead;
  }

  private count(endpoint: string, more: number): void {
    this.size += more;
    const size = (this.sizes.get(endpoint) ?? 0) + more;
    if (size === 0) this.sizes.delete(endpoint);
    else this.sizes.set(endpoint, size);
  }
}

function sizeOf(rows: Line['rows'] | undefined): number {
  let size = 0;
  for (const row of rows?.values() ?? []) size += row.size;
  return size;
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
  take(head: Waiter, nowMs: number): void {
    this.classes.get(head.priority)?.take(head, nowMs);
  }

  /**
   * Whether others, who would go before it, had a turn since then: whoever is more urgent and, where more of its merchant's wait,
   * another merchant.
   */
  isAfterOthers(head: Waiter, sinceMs: number): boolean {
    for (const [priority, { lastMs }] of this.classes) if (priority < head.priority && lastMs >= sinceMs) return true;
    const own = this.classes.get(head.priority);
    if (own?.hasMore(head) !== true) return false;
    return own.lastMsOfOthers(head.merchant) >= sinceMs;
  }

  /**
   * How many of those that wait go before a call that comes now, at most: of the priorities that are counted all that are more
   * urgent, and of its own those that have their turn before it.
   */
  ahead({ priority, merchant, endpoint }: Turn, isCounted: (priority: number) => boolean): Many {
    const ahead = { all: 0, endpoint: 0 };
    for (const [other, waiting] of this.classes) {
      if (other > priority || !isCounted(other)) continue;
      const many = other < priority ? waiting.many(endpoint) : waiting.ahead(merchant, endpoint);
      ahead.all += many.all;
      ahead.endpoint += many.endpoint;
    }
    return ahead;
  }

  all(): Waiter[] {
    return [...this.classes.values()].flatMap((waiting) => [...waiting.all()]);
  }

  /** How many wait, by priority. */
  counts(): [priority: number, many: number][] {
    return [...this.classes].map(([priority, { size }]) => [priority, size]);
  }
}
