import { WINDOW_MS } from '../../control/budget.js';
import {
  ALL_USABLE,
  capOf,
  letThrough,
  refused,
  resized,
  type Usable,
  type UsableTerms,
  wanted,
} from '../../control/usable.js';
import { type Sent, SentLog } from './sent-log.js';

/** Rates: two refusals within this are one fall; another's one more comes once a second at most. */
const RATE_TERMS: UsableTerms = { togetherMs: 400, askEveryMs: 60 };

/** Concurrency: what is under way ends when it is answered, so room comes as fast as answers. */
const CONCURRENCY_TERMS: UsableTerms = { togetherMs: 400, askEveryMs: 60 };

/** A refusal comes quickly: what has no answer by then, ms, got past the limits, and may wait for its bank for long. */
const SLOW_MS = 500;

/** So many more at once get through by no chance. */
const SURE_STEP = 4;

/** A limit on something, and this worker's share of it. */
abstract class Limit {
  protected usable: Usable = ALL_USABLE;
  protected share = 0;
  private lastShare = 0;
  private sharers = 1;
  /** Its turn to try more has come, and was not taken. */
  private turn = false;
  /** The request that is under way to see whether anything gets through, and since when. */
  private asking: { readonly request: object; readonly sinceMs: number } | null = null;

  protected constructor(private readonly terms: UsableTerms) {}

  /** What counts against it now. */
  abstract used(nowMs: number): number;

  get cap(): number {
    return this.share === 0 ? 0 : capOf(this.usable, this.share);
  }

  /** Whether Stripe was seen to let through less than the share. */
  get narrowed(): boolean {
    return this.usable.cap !== null;
  }

  protected get isTrying(): boolean {
    return this.usable.mode.is === 'trying';
  }

  /** @param sharers how many workers share the limit. */
  resize(share: number, sharers: number): void {
    // A share of nothing teaches nothing.
    if (share > 0) {
      if (this.lastShare > 0) this.usable = resized(this.usable, this.lastShare, share);
      this.lastShare = share;
    }
    this.share = share;
    this.sharers = Math.max(1, sharers);
  }

  /** Whether all that may be used is in use. */
  isFull(nowMs: number): boolean {
    return this.isBlocked || this.used(nowMs) >= this.cap;
  }

  /** Whether a call that waits may go. Where all that may be used is in use, more is tried if that is due. */
  hasRoom(nowMs: number): boolean {
    const { mode } = this.usable;
    if (mode.is === 'blocked') return nowMs >= this.askMs(mode) && this.used(nowMs) < this.share;
    if (this.used(nowMs) < this.cap) return true;
    if (this.share === 0 || this.usable.cap === null) return false;
    this.usable = wanted(this.usable, this.share, this.turn, nowMs);
    if (this.isTrying) this.turn = false;
    return this.used(nowMs) < this.cap;
  }

  /** @param request goes now; {@link over} is told of it whatever becomes of it. */
  protected taken(request: object, nowMs: number): void {
    if (this.usable.mode.is === 'blocked') this.asking = { request, sinceMs: nowMs };
  }

  /** It has ended, in whatever way. */
  over(request: object): void {
    if (this.asking?.request === request) this.asking = null;
  }

  /** @param passed what counted besides it and was not refused. */
  refusedAt(sentMs: number, passed: number, nowMs: number): void {
    const { share, sharers } = this;
    this.usable = refused(this.usable, { sentMs, passed, share, sharers, nowMs }, this.terms);
  }

  /** @returns whether surely more gets through than was known. */
  passedAt(sentMs: number, counting: number, nowMs: number): boolean {
    const { mode } = this.usable;
    const { share } = this;
    const before = this.usable;
    this.usable = letThrough(before, { sentMs, counting, share, nowMs });
    return this.usable !== before && mode.is === 'trying' && mode.step >= SURE_STEP;
  }

  /** More is to be tried as soon as it is wanted. */
  takeTurn(): void {
    if (this.usable.cap !== null) this.turn = true;
  }

  /** When more may go than may now, ms; infinity where only an answer or a turn can tell. */
  protected moreMs(nowMs: number): number {
    const { cap, mode } = this.usable;
    if (this.share === 0 || cap === null) return Number.POSITIVE_INFINITY;
    if (mode.is === 'blocked') return Math.max(nowMs, this.askMs(mode));
    const due = mode.is === 'trying' ? mode.confirmed : this.turn;
    return due && this.cap < this.share ? nowMs : Number.POSITIVE_INFINITY;
  }

  /** When one request may be sent to see, ms. */
  private askMs({ askMs }: { readonly askMs: number }): number {
    return this.asking === null ? askMs : Math.max(askMs, this.asking.sinceMs + SLOW_MS);
  }

  /** More is tried, and nothing has got through of that yet. */
  protected get isUnconfirmed(): boolean {
    const { mode } = this.usable;
    return mode.is === 'trying' && !mode.confirmed;
  }

  protected get isBlocked(): boolean {
    return this.usable.mode.is === 'blocked';
  }
}

/**
 * How far a stream of requests may be behind its even pace and still catch up, ms: what a busy event loop loses, or a container
 * whose share of a processor is used up (Linux takes it away for a tenth of a second at a time). What is lost beyond that is
 * lost; so many at once are a fifth of what any second may have.
 */
const CATCH_UP_MS = 200;

/** How much of its even pace what comes after a rest may take at once, ms: nothing was lost that could be caught up. */
const AFTER_REST_MS = 50;

/**
 * What is spared comes once in so many paces. Less would cost what waits more of the limit, more would have who comes wait
 * for longer (`test/stripe/governor/sparing.test.ts` says how much of either).
 */
const SPARED_PACES = 1.5;

/** While more is tried, the few that are more go faster: at an even pace each step would take a second to be filled. */
const TRYING_PACE = 4;

/** Requests in any one second, evenly paced: between two of them lies the second divided by how many there may be. */
export class RateLimit extends Limit {
  readonly log: SentLog;
  /** When the next is due by the pace. */
  private dueMs = Number.NEGATIVE_INFINITY;

  constructor(arrivesWithinMs: number) {
    super(RATE_TERMS);
    this.log = new SentLog(arrivesWithinMs);
  }

  override used(nowMs: number): number {
    return this.log.count(nowMs);
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.dueMs;
  }

  /** @param sinceMs from when on a request has waited to go: before, the limit was at rest. */
  hold(request: object, nowMs: number, sinceMs: number): Sent {
    // What is tried goes at its own pace: of several at once all would be refused, where one by one the first ends it.
    const behindMs = this.isTrying ? 0 : CATCH_UP_MS;
    const due = Math.max(this.dueMs, nowMs - behindMs, Math.min(sinceMs, nowMs) - AFTER_REST_MS);
    const pace = this.isTrying ? TRYING_PACE : 1;
    this.dueMs = due + WINDOW_MS / Math.max(1, this.cap * pace);
    this.taken(request, nowMs);
    return this.log.hold();
  }

  /** Whether one more may be written within what is held now, whatever was let go and is not written yet. */
  mayWrite(nowMs: number): boolean {
    return this.log.writtenCount(nowMs) < this.share;
  }

  /** The earliest time at which a call that waits may go, as far as is known now, ms. */
  opensMs(nowMs: number): number {
    if (this.share === 0) return Number.POSITIVE_INFINITY;
    if (this.isBlocked) return Math.max(this.moreMs(nowMs), this.used(nowMs) < this.share ? nowMs : this.log.nextMs());
    const room = this.used(nowMs) < this.cap ? nowMs : Math.min(this.log.nextMs(), this.moreMs(nowMs));
    return Math.max(room, this.dueMs);
  }

  /**
   * The earliest time at which a call may go and yet spare others a place, ms: one in every so many paces from then on, for as
   * long as is caught up. What is lost and then caught up leaves a gap in a full limit, and the same gap comes again a second later,
   * and each second after: who comes within it would wait for its end. The pace here is that at which places come back, for
   * requests count for as long as they are under way.
   */
  sparesMs(nowMs: number): number {
    // What is tried is sent as soon as it is begun: it says something only while the limit is full.
    if (this.isBlocked || this.isUnconfirmed || this.moreMs(nowMs) <= nowMs) return nowMs;
    const everyMs = (SPARED_PACES * this.log.lastsMs) / Math.max(1, this.cap);
    const spared = Math.max(1, Math.floor(CATCH_UP_MS / everyMs));
    // Beside the call itself.
    const free = this.cap - this.used(nowMs) - 1;
    if (free >= spared) return nowMs;
    const ends = this.log.nextEnds(spared - free, nowMs);
    let sparesMs = nowMs;
    for (let nth = Math.max(1, free + 1); nth <= spared; nth += 1) {
      // What is not written yet counts for a second at least, if it is written.
      const end = ends[nth - free - 1] ?? nowMs + WINDOW_MS;
      sparesMs = Math.max(sparesMs, end - nth * everyMs);
    }
    // How long requests count is known anew by then.
    return Math.min(sparesMs, this.log.nextMs());
  }
}

/** Requests under way at once. */
export class ConcurrencyLimit extends Limit {
  private underWay = 0;

  constructor() {
    super(CONCURRENCY_TERMS);
  }

  override used(): number {
    return this.underWay;
  }

  enter(request: object, nowMs: number): void {
    this.taken(request, nowMs);
    this.underWay += 1;
  }

  leave(): void {
    this.underWay -= 1;
  }

  opensMs(nowMs: number): number {
    if (this.share === 0) return Number.POSITIVE_INFINITY;
    return !this.isBlocked && this.underWay < this.cap ? nowMs : this.moreMs(nowMs);
  }
}
