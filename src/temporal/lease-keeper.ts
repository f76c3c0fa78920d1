import { ANSWERED_WITHIN_MS, type Budget, FLOOR_MS, type Units, usedMs } from '../control/budget.js';
import { type BudgetAnswer, floorUnits } from '../control/issuer.js';
import { followed, type LaneRates } from '../control/lane-rates.js';
import type { LaneClass } from '../domain/lanes.js';
import type { Logger } from '../telemetry/logger.js';
import { type BudgetIssuer, LateAskError } from './budget-issuer.js';

/** What a worker's governor is to its keeper (src/stripe/governor). */
export interface Governed {
  hold(units: Units, untilMs: number, sharers: number): void;
  tryMore(): void;
  allowReads(left: number): void;
  use(): {
    readonly demand: number;
    readonly underWay: number;
    readonly sent: Readonly<Record<LaneClass, number>>;
    readonly waiting: Readonly<Record<LaneClass, number>>;
    readonly rises: number;
    readonly reads: number;
  };
}

export interface LeaseKeeperParts {
  readonly issuer: Pick<BudgetIssuer, 'ask' | 'leave' | 'mark'>;
  readonly governor: Governed;
  readonly budget: Budget;
  /** This worker among those that share the budget. */
  readonly worker: string;
  /** ms of a clock that never goes back; the governor's. */
  readonly now: () => number;
  readonly setTimer: (run: () => void, ms: number) => { cancel(): void };
  readonly logger: Logger;
  /** Sets the lanes, where that falls to this worker. */
  readonly setLanes: (rates: LaneRates) => void;
  /** After each try to renew, however it went. */
  readonly onRenewed: () => void;
}

/** A worker with something to do renews its lease so often, ms; any worker once this part of a lease has gone by. */
const BUSY_MS = 1_000;
const RENEWED_PART = 0.4;

/** Where there is a reason it asks sooner, but not more often than this, ms. */
const SOONEST_MS = 250;

/** How long the issuer may take to answer, ms: some ten where nothing is wrong. */
const ASK_TIMEOUT_MS = ANSWERED_WITHIN_MS;

/** So long before its lease ends a worker without an answer begins to look whether others get one, ms. */
const LOOK_BEFORE_MS = 1_500;

/** After an answer that failed to come, ms. */
const AGAIN_MS = 500;

/** What is waited for to say goodbye, ms; a lease that is not given back ends by itself. */
const LEAVE_TIMEOUT_MS = 1_000;

/**
 * Keeps a worker's lease on an account's budget: renews it, asks sooner when calls wait, and goes over to the floor once
 * nobody can be holding a lease any more.
 */
export class LeaseKeeper {
  private holding = 0;
  private untilMs = Number.NEGATIVE_INFINITY;
  private askedMs = Number.NEGATIVE_INFINITY;
  private before = { atMs: 0, sent: { checkout: 0, background: 0 }, rises: 0 };
  /** Requests/s of each lane, of late. */
  private perSecond = { checkout: 0, background: 0 };
  /** The issuer's newest answer to anybody, and when at the latest all that was granted up to it counts no more. */
  private seen: { id: string; agedMs: number } | undefined;
  private wake: () => void = () => undefined;
  private draining = false;
  private stopped = false;
  private ending: Promise<void> | undefined;
  private failing = false;
  /** How many shared the budget when it was last heard of. */
  private sharers = 1;
  private tooMany = false;
  /** There was a reason to ask again since it asked last. */
  private hurries = false;
  /** Reads that the issuer was told of. */
  private readsTold = 0;
  /** What the issuer's clock shows more than this one's, at most, ms; undefined until it has told. */
  private aheadMs: number | undefined;

  constructor(private readonly parts: LeaseKeeperParts) {
    this.before.atMs = parts.now();
  }

  /** Asks once, so that a worker which reports ready has its share; an issuer that is away keeps nobody from starting. */
  async begin(): Promise<void> {
    await this.renew();
  }

  /** Renews until {@link stop}, or until what was under way at {@link drain} is over. Never rejects. */
  async run(): Promise<void> {
    while (!this.stopped) {
      await this.untilDue();
      if (this.isDrained()) await this.stop();
      else if (!this.stopped) await this.renew();
    }
  }

  /**
   * The governor lets nothing go any more: the lease is given back once nothing is under way, while there may be somebody to
   * hear it. What an issuer is asked that has no worker left, the next worker hears.
   */
  drain(): void {
    this.draining = true;
    this.wake();
  }

  /**
   * The issuer is asked as soon as may be, be an answer still on its way: calls wait that a larger share would let go, or the lanes
   * are to be looked at.
   */
  askSoon(): void {
    if (this.hurries) return;
    this.hurries = true;
    this.wake();
  }

  /** Sends nothing more, and gives the lease back; where calls were cut off that are still under way, it ends by itself. */
  stop(): Promise<void> {
    this.ending ??= this.end();
    return this.ending;
  }

  private async end(): Promise<void> {
    this.stopped = true;
    this.wake();
    this.parts.governor.hold({}, Number.NEGATIVE_INFINITY, 1);
    const { underWay, reads } = this.parts.governor.use();
    if (underWay > 0) return;
    try {
      // Those of an ask that is not answered yet may count twice: of a limit that is better than not at all.
      await this.parts.issuer.leave(this.parts.worker, reads - this.readsTold, LEAVE_TIMEOUT_MS);
    } catch (error) {
      this.parts.logger.debug({ err: error }, 'a lease was not given back; it ends by itself');
    }
  }

  private async untilDue(): Promise<void> {
    const { now } = this.parts;
    const dueMs = now() + (this.failing ? AGAIN_MS : this.renewInMs());
    while (!this.stopped && !this.isDrained()) {
      // Of an issuer that does not answer nobody gets more by asking sooner.
      const hurries = this.hurries && !this.failing;
      const leftMs = (hurries ? Math.min(dueMs, this.askedMs + SOONEST_MS) : dueMs) - now();
      if (leftMs <= 0) return;
      await this.pause(leftMs);
    }
  }

  private isDrained(): boolean {
    return this.draining && this.parts.governor.use().underWay === 0;
  }

  private renewInMs(): number {
    const { demand } = this.parts.governor.use();
    const idleMs = this.parts.budget.leaseMs * RENEWED_PART;
    return demand > 0 ? Math.min(BUSY_MS, idleMs) : idleMs;
  }

  private async renew(): Promise<void> {
    const { governor, budget, worker, now } = this.parts;
    const use = governor.use();
    const askedMs = now();
    this.askedMs = askedMs;
    this.hurries = false;
    const ask = {
      worker,
      holding: this.holding,
      budget,
      demand: use.demand,
      underWay: use.underWay,
      rose: use.rises > this.before.rises,
      lanes: this.laneUse(use, askedMs),
      reads: use.reads - this.readsTold,
      ...(this.aheadMs === undefined ? {} : { waitsUntilMs: askedMs + this.aheadMs + ASK_TIMEOUT_MS }),
    };
    try {
      const answer = await this.parts.issuer.ask(ask, ASK_TIMEOUT_MS);
      this.readsTold = use.reads;
      this.take(answer, askedMs);
    } catch (error) {
      if (error instanceof LateAskError && this.aheadMs !== undefined) {
        // The issuer's clock was set. Asked without a time, it tells its own anew.
        this.aheadMs = undefined;
        return this.renew();
      }
      await this.unanswered(error);
    }
    this.parts.onRenewed();
  }

  private laneUse({ sent, waiting, rises }: ReturnType<Governed['use']>, nowMs: number) {
    const { before } = this;
    const lastedMs = Math.max(100, nowMs - before.atMs);
    const perSecond = (lane: LaneClass) =>
      followed(this.perSecond[lane], ((sent[lane] - before.sent[lane]) * 1_000) / lastedMs, lastedMs);
    this.perSecond = { checkout: perSecond('checkout'), background: perSecond('background') };
    this.before = { atMs: nowMs, sent: { ...sent }, rises };
    return {
      checkoutPerSecond: this.perSecond.checkout,
      backgroundPerSecond: this.perSecond.background,
      backgroundWaits: waiting.background > 0,
    };
  }

  private take(answer: BudgetAnswer, askedMs: number): void {
    if (this.stopped) return;
    if (this.failing) this.parts.logger.info('the budget is shared out again');
    this.failing = false;
    this.seen = undefined;
    // It answered later than it was asked: by this no answer counts as too late that is still waited for.
    this.aheadMs = answer.nowMs === undefined ? undefined : answer.nowMs - askedMs;
    this.holding = answer.lease;
    // From before it asked: the issuer counts from when it answered, which is later.
    this.untilMs = askedMs + answer.leaseMs;
    this.parts.governor.hold(answer.units, this.untilMs, answer.sharers);
    this.sharers = answer.sharers;
    const { maxWorkers } = this.parts.budget;
    if (answer.sharers > maxWorkers && !this.tooMany) {
      this.parts.logger.warn(
        { workers: answer.sharers, maxWorkers },
        'more workers than the budget says: raise max_workers',
      );
    }
    this.tooMany = answer.sharers > maxWorkers;
    this.parts.governor.allowReads(answer.readsLeft);
    if (answer.tryMore) this.parts.governor.tryMore();
    if (answer.lanes !== null) this.parts.setLanes(answer.lanes);
  }

  /**
   * Nobody answers. While the lease lasts nothing is lost. After it, the floor may be used, but only once it is certain that
   * nobody else is being granted more than that: the newest answer that the issuer gave tells how long any lease that is more may
   * count. That is read from its history; where that cannot be read either, Temporal is away, and brings no work.
   */
  private async unanswered(error: unknown): Promise<void> {
    const { issuer, governor, budget, now, logger } = this.parts;
    if (!this.failing) logger.warn({ err: error }, "the budget's issuer does not answer");
    this.failing = true;
    const lookedMs = now();
    // While the lease lasts, asking again is worth more than looking why.
    if (this.seen === undefined && lookedMs + LOOK_BEFORE_MS < this.untilMs) return;
    const mark = await issuer.mark(ASK_TIMEOUT_MS).catch(() => undefined);
    if (this.stopped || mark === undefined) return;
    if (this.seen?.id !== mark.id) this.seen = { id: mark.id, agedMs: now() + agedInMs(mark.answer, budget) };
    if (lookedMs < Math.max(this.untilMs, this.seen.agedMs)) return;
    // From before the look, and until what it sends has surely arrived: the issuer reckons with that when it is back.
    const forMs = FLOOR_MS - budget.arrivesWithinMs;
    const maxWorkers = Math.max(budget.maxWorkers, this.sharers);
    governor.hold(floorUnits({ ...budget, maxWorkers }), lookedMs + forMs, maxWorkers);
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.parts.setTimer(resolve, ms);
      this.wake = () => {
        timer.cancel();
        resolve();
      };
      if (this.stopped) this.wake();
    });
  }
}

/** How long after this answer of an issuer a lease that is more than a floor may count, ms; by one's own terms where it does not tell. */
function agedInMs(answer: BudgetAnswer | undefined, budget: Budget): number {
  return answer?.floorsInMs ?? Math.max(budget.leaseMs, answer?.leaseMs ?? 0) + usedMs(budget);
}
