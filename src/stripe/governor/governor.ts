import { type Budget, endpointUnits, type Units } from '../../control/budget.js';
import { type Endpoint, isRead } from '../../domain/endpoints.js';
import { type LaneClass, laneOfKey } from '../../domain/lanes.js';
import { BackgroundFloor } from './background-floor.js';
import { ConcurrencyLimit, RateLimit } from './limit.js';
import { type LimitCause, NoBudgetError, type Permit, type Turn } from './permit.js';
import { type Waiter, Waiting } from './waiting.js';

/** What a worker tells of its use of an account's budget. */
export interface Use {
  /** Requests that it could have under way in a second: what counts now, and what waits. */
  readonly demand: number;
  /** Requests let go that have not ended. */
  readonly underWay: number;
  /** Requests let go so far, by lane. */
  readonly sent: Readonly<Record<LaneClass, number>>;
  readonly waiting: Readonly<Record<LaneClass, number>>;
  /** How often it was found that more gets through than was known. */
  readonly rises: number;
  /** Reads let go so far. */
  readonly reads: number;
}

/** How a limit stands in this worker. */
export interface Standing {
  /** The worker's share, while its lease lasts. */
  readonly held: number;
  /** Of that, what gets through as far as is known. */
  readonly usable: number;
  /** What counts against it now. */
  readonly used: number;
  /** Whether Stripe was seen to allow less than the share. */
  readonly narrowed: boolean;
}

interface EndpointLimits {
  readonly rate: RateLimit;
  readonly concurrency: ConcurrencyLimit;
}

export interface GovernorParts {
  /** ms of a clock that never goes back. */
  readonly now: () => number;
  readonly setTimer: (run: () => void, ms: number) => { cancel(): void };
}

/** A month's reads come back day by day. */
const READS_PAUSE_MS = 3_600_000;

/** The least pause that is advised to what waited in vain: about what a larger share takes to come. */
const ADVISED_MS = 1_000;

/** Places are spared for whoever was here within so long, ms: for nobody, they would be lost. */
const SPARED_FOR_MS = 60_000;

/** Shares change within seconds: nothing is turned away at once for a wait of less than this. */
const SURE_WAIT_MS = 5_000;

/**
 * A request as its first byte went out, and what counted against each limit just then, itself included: that is what Stripe let
 * through, or not. By the time of its answer much of it has gone.
 */
interface Written {
  readonly atMs: number;
  readonly all: number;
  readonly endpoint: number;
  readonly concurrentAll: number;
  readonly concurrentEndpoint: number;
}

/**
 * Keeps one account's budget in one worker: lets calls go one by one, evenly paced, checkout first but for background's
 * floor, never more than the worker's share of any limit in any second. The share comes as leases; without one nothing goes.
 */
export class Governor {
  private readonly all: RateLimit;
  private readonly concurrency = new ConcurrencyLimit();
  private readonly endpoints = new Map<string, EndpointLimits>();
  private readonly waiting = new Waiting();
  private readonly floor: BackgroundFloor;
  private units: Units = {};
  private untilMs = Number.NEGATIVE_INFINITY;
  private sharers = 1;
  private readonly sent: Record<LaneClass, number> = { checkout: 0, background: 0 };
  private rises = 0;
  private reads = 0;
  private closed = false;
  private readsLeft = Number.POSITIVE_INFINITY;
  private timer: { cancel(): void } | undefined;

  constructor(
    private readonly budget: Pick<Budget, 'arrivesWithinMs' | 'backgroundFloor'>,
    private readonly parts: GovernorParts,
    /** Told when a call has to wait because the share is all in use, so that a larger one is asked for. */
    private readonly onScarce: () => void = () => undefined,
  ) {
    this.all = new RateLimit(budget.arrivesWithinMs);
    this.floor = new BackgroundFloor(budget.backgroundFloor);
  }

  /**
   * The worker's share from now on.
   *
   * @param untilMs by the governor's own clock; nothing is let go at or after it.
   * @param sharers how many workers share the budget.
   */
  hold(units: Units, untilMs: number, sharers: number): void {
    this.units = units;
    this.untilMs = untilMs;
    this.sharers = sharers;
    this.resize();
    this.pump();
  }

  /** What is left of the reads that Stripe allows a month: without any, background work reads no more. */
  allowReads(left: number): void {
    this.readsLeft = left;
  }

  /** It is this worker's turn to try more than it knows to get through, or another found that more does. */
  tryMore(): void {
    for (const limit of this.limits()) limit.takeTurn();
    this.pump();
  }

  /** Waits for the call's turn. @throws NoBudgetError when that does not come in time. */
  admit(turn: Turn): Promise<Permit> {
    const askedMs = this.parts.now();
    if (this.closed) return Promise.reject(new NoBudgetError(0));
    // What payments have to know they read in any case; what can wait for days does.
    if (this.readsLeft <= 0 && turn.mayWaitForDays && isRead(turn.endpoint)) {
      return Promise.reject(new NoBudgetError(READS_PAUSE_MS));
    }
    // One that cannot go in time leaves its slot at once, to one that can.
    const advisedMs = this.advisedMs(turn);
    if (advisedMs > Math.max(turn.waitMs, SURE_WAIT_MS)) return Promise.reject(new NoBudgetError(advisedMs));
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        ...turn,
        askedMs,
        go: (permit) => {
          timer.cancel();
          resolve(permit);
        },
        giveUp: (againInMs) => {
          timer.cancel();
          if (this.waiting.remove(waiter)) reject(new NoBudgetError(againInMs));
        },
      };
      const giveUp = () => {
        waiter.giveUp(Math.max(ADVISED_MS, this.advisedMs(turn)));
        // Another of its merchant's may not have to spare a place any more.
        this.pump();
      };
      const timer = this.parts.setTimer(giveUp, Math.max(0, turn.waitMs));
      this.waiting.add(waiter);
      this.pump();
      if (this.waiting.has(waiter) && this.isScarce(turn.endpoint)) this.onScarce();
    });
  }

  /** This worker stops: what waits, and what still comes, goes back at once, to be sent by another. */
  close(): void {
    this.closed = true;
    for (const waiter of this.waiting.all()) waiter.giveUp(0);
  }

  use(): Use {
    const now = this.parts.now();
    const waiting = { checkout: 0, background: 0 };
    for (const [priority, many] of this.waiting.counts()) waiting[laneOfKey(priority)] += many;
    return {
      demand: this.all.used(now) + this.waiting.size,
      underWay: this.concurrency.used(),
      sent: { ...this.sent },
      waiting,
      rises: this.rises,
      reads: this.reads,
    };
  }

  /** How one limit stands: `all`, `concurrent`, or the rate of an endpoint, by its name. */
  standing(of: 'all' | 'concurrent' | Endpoint = 'all'): Standing {
    const now = this.parts.now();
    const limits = { all: this.all, concurrent: this.concurrency };
    const limit = of === 'all' || of === 'concurrent' ? limits[of] : this.endpoints.get(of)?.rate;
    const held = now < this.untilMs ? endpointUnits(this.units, of) : 0;
    // Where nothing was sent yet, nothing was learned.
    if (limit === undefined) return { held, usable: held, used: 0, narrowed: false };
    return { held, usable: Math.min(held, limit.cap), used: limit.used(now), narrowed: limit.narrowed };
  }

  /** What is left of the month's reads, by the issuer's last word less those since; infinite until it has spoken. */
  get readsToGo(): number {
    return this.readsLeft;
  }

  private *limits() {
    yield this.all;
    yield this.concurrency;
    for (const { rate, concurrency } of this.endpoints.values()) yield* [rate, concurrency];
  }

  private resize(): void {
    this.all.resize(this.units['all'] ?? 0, this.sharers);
    this.concurrency.resize(this.units['concurrent'] ?? 0, this.sharers);
    for (const [endpoint, limits] of this.endpoints) this.resizeEndpoint(endpoint, limits);
  }

  private resizeEndpoint(endpoint: string, { rate, concurrency }: EndpointLimits): void {
    rate.resize(endpointUnits(this.units, endpoint), this.sharers);
    concurrency.resize(this.units['concurrent'] ?? 0, this.sharers);
  }

  private limitsOf(endpoint: string): EndpointLimits {
    let limits = this.endpoints.get(endpoint);
    if (limits === undefined) {
      limits = { rate: new RateLimit(this.budget.arrivesWithinMs), concurrency: new ConcurrencyLimit() };
      this.endpoints.set(endpoint, limits);
      this.resizeEndpoint(endpoint, limits);
    }
    return limits;
  }

  /** Lets go whatever may go now, the most urgent first, and comes back when more may. */
  private pump(): void {
    this.timer?.cancel();
    this.timer = undefined;
    const now = this.parts.now();
    let heads = [...this.waiting.heads()];
    if (now < this.untilMs) {
      for (;;) {
        const waiter = this.next(heads, now);
        if (waiter === undefined) break;
        this.waiting.take(waiter, now);
        this.sent[laneOfKey(waiter.priority)] += 1;
        if (isRead(waiter.endpoint)) {
          this.reads += 1;
          this.readsLeft -= 1;
        }
        waiter.go(this.permit(waiter, heads, now));
        heads = [...this.waiting.heads()];
      }
    }
    if (this.waiting.size === 0) return;
    const opensMs = this.opensForMs(heads, now);
    if (opensMs >= this.untilMs) return;
    // A timer never fires early, and one of no time would be this loop again.
    this.timer = this.parts.setTimer(() => this.pump(), Math.max(1, Math.ceil(opensMs - now)));
  }

  /** Who goes now: what background is owed, else the most urgent that may and, where it has to, spares others a place. */
  private next(heads: readonly Waiter[], now: number): Waiter | undefined {
    const background = heads.filter(isBackground);
    const mayGo = eachOnce((endpoint) => this.mayGo(endpoint, now));
    const sparesMs = eachOnce((endpoint) => this.sparesMs(endpoint, now));
    const owed = background.find((head) => this.floor.owes(head.endpoint) && mayGo(head.endpoint));
    const next =
      owed ??
      heads.find((head) => mayGo(head.endpoint) && (!this.hasToSpare(head, now) || sparesMs(head.endpoint) <= now));
    if (next === undefined) return undefined;
    if (isBackground(next)) this.floor.paid(next.endpoint);
    else {
      const passedOver = background.find(({ endpoint }) => this.opensMs(endpoint, now) <= now);
      if (passedOver !== undefined) this.floor.passOver(passedOver.endpoint);
    }
    return next;
  }

  private mayGo(endpoint: string, now: number): boolean {
    const { rate, concurrency } = this.limitsOf(endpoint);
    if (this.all.opensMs(now) > now || rate.opensMs(now) > now) return false;
    // The narrow ones first: only where they have room is more of the wide ones worth a try.
    return concurrency.hasRoom(now) && rate.hasRoom(now) && this.concurrency.hasRoom(now) && this.all.hasRoom(now);
  }

  /** Whether it goes only where a place is spared for others, who come now and then. What background is owed is its own. */
  private hasToSpare(head: Waiter, now: number): boolean {
    if (isBackground(head) && this.floor.owes(head.endpoint)) return false;
    return this.waiting.isAfterOthers(head, now - SPARED_FOR_MS);
  }

  private sparesMs(endpoint: string, now: number): number {
    return Math.max(this.all.sparesMs(now), this.limitsOf(endpoint).rate.sparesMs(now));
  }

  /** When the first of these may go, as far as is known now, ms. */
  private opensForMs(heads: readonly Waiter[], now: number): number {
    // By endpoint: whether all that wait for it have to spare others a place.
    const allSpare = new Map<string, boolean>();
    for (const head of heads) {
      if (allSpare.get(head.endpoint) !== false) allSpare.set(head.endpoint, this.hasToSpare(head, now));
    }
    let firstMs = Number.POSITIVE_INFINITY;
    for (const [endpoint, spare] of allSpare) {
      const opensMs = this.opensMs(endpoint, now);
      firstMs = Math.min(firstMs, spare ? Math.max(opensMs, this.sparesMs(endpoint, now)) : opensMs);
    }
    return firstMs;
  }

  private opensMs(endpoint: string, now: number): number {
    const { rate, concurrency } = this.limitsOf(endpoint);
    const times = [this.all, rate, this.concurrency, concurrency].map((limit) => limit.opensMs(now));
    return Math.max(...times);
  }

  /** @param heads those that waited when it went, itself among them. */
  private permit({ endpoint, askedMs }: Waiter, heads: readonly Waiter[], now: number): Permit {
    const { rate, concurrency } = this.limitsOf(endpoint);
    const request = {};
    const since = (some: readonly Waiter[]) => Math.min(...some.map((head) => head.askedMs));
    const ofAll = this.all.hold(request, now, since(heads));
    const ofEndpoint = rate.hold(request, now, since(heads.filter((head) => head.endpoint === endpoint)));
    this.concurrency.enter(request, now);
    concurrency.enter(request, now);
    let written: Written | null = null;
    let over = false;
    return {
      waitedMs: now - askedMs,
      written: () => {
        if (written !== null || over) return !over;
        const now = this.parts.now();
        // Its connection took so long that the share it was let go under has ended, or become less than is used of it.
        if (now >= this.untilMs || !this.all.mayWrite(now) || !rate.mayWrite(now)) return false;
        this.all.log.write(ofAll, now);
        rate.log.write(ofEndpoint, now);
        written = {
          atMs: now,
          all: this.all.log.passed(now),
          endpoint: rate.log.passed(now),
          concurrentAll: this.concurrency.used(),
          concurrentEndpoint: concurrency.used(),
        };
        return true;
      },
      ended: (end) => {
        if (over) return;
        over = true;
        this.concurrency.leave();
        concurrency.leave();
        const endedMs = this.parts.now();
        if (written === null) {
          this.all.log.release(ofAll);
          rate.log.release(ofEndpoint);
        } else {
          if (end !== 'unknown') {
            this.all.log.answer(ofAll, end !== 'passed', endedMs);
            rate.log.answer(ofEndpoint, end !== 'passed', endedMs);
          }
          this.learn(endpoint, end, written, endedMs);
        }
        for (const limit of [this.all, rate, this.concurrency, concurrency]) limit.over(request);
        this.pump();
      },
    };
  }

  /** What an answer says of the limits: each cause narrows what it names, and nothing else. */
  private learn(endpoint: string, end: LimitCause | 'passed' | 'unknown', sent: Written, now: number): void {
    const { rate, concurrency } = this.limitsOf(endpoint);
    if (end === 'passed') {
      // Each of them has to hear it.
      const rose = [
        this.all.passedAt(sent.atMs, sent.all, now),
        rate.passedAt(sent.atMs, sent.endpoint, now),
        this.concurrency.passedAt(sent.atMs, sent.concurrentAll, now),
        concurrency.passedAt(sent.atMs, sent.concurrentEndpoint, now),
      ];
      if (rose.includes(true)) this.rises += 1;
    } else if (end === 'global-rate') this.all.refusedAt(sent.atMs, sent.all - 1, now);
    else if (end === 'endpoint-rate') rate.refusedAt(sent.atMs, sent.endpoint - 1, now);
    else if (end === 'global-concurrency') this.concurrency.refusedAt(sent.atMs, sent.concurrentAll - 1, now);
    else if (end === 'endpoint-concurrency') concurrency.refusedAt(sent.atMs, sent.concurrentEndpoint - 1, now);
  }

  /** Whether a larger share would let a call go: it waits for room, and not for the pace. */
  private isScarce(endpoint: string): boolean {
    const now = this.parts.now();
    const { rate, concurrency } = this.limitsOf(endpoint);
    return now >= this.untilMs || [this.all, rate, this.concurrency, concurrency].some((limit) => limit.isFull(now));
  }

  /** How long what goes before a call takes at the present pace, ms; 0 where there is no pace to reckon with. */
  private advisedMs(turn: Turn): number {
    const now = this.parts.now();
    const { rate } = this.limitsOf(turn.endpoint);
    // A worker that joins can have a share of an endpoint before it has one of all.
    if (now >= this.untilMs || rate.cap === 0 || this.all.cap === 0) return 0;
    const behind = (isCounted: (priority: number) => boolean, part: number) => {
      const ahead = this.waiting.ahead(turn, isCounted);
      return Math.max((ahead.all * 1_000) / (this.all.cap * part), (ahead.endpoint * 1_000) / (rate.cap * part));
    };
    const inTurn = behind(() => true, 1);
    if (!isBackground(turn)) return Math.round(inTurn);
    const ofFloor = behind((priority) => isBackground({ priority }), this.budget.backgroundFloor);
    return Math.round(Math.min(inTurn, ofFloor));
  }
}

/** Of many merchants' heads most are for the same few endpoints. */
function eachOnce<T>(reckon: (endpoint: string) => T): (endpoint: string) => T {
  const known = new Map<string, T>();
  return (endpoint) => {
    const value = known.get(endpoint) ?? reckon(endpoint);
    known.set(endpoint, value);
    return value;
  };
}

function isBackground({ priority }: Pick<Waiter, 'priority'>): boolean {
  return laneOfKey(priority) === 'background';
}
