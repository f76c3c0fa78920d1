import type { Client } from '@temporalio/client';
import type { LaneRates } from '../control/lane-rates.js';
import { LANE_CLASSES, type LaneClass, laneQueue } from '../domain/lanes.js';
import type { Logger } from '../telemetry/logger.js';

/** Temporal's number for queues of activities; limits exist for no others. */
const ACTIVITIES = 2;

/** Two rates that differ by less are the same: the server keeps them as single-precision numbers. */
const SAME = 0.01;

/** How long the server has to tell a limit, ms: some few where nothing is wrong. */
const READ_TIMEOUT_MS = 3_000;

/** And to set one: some 100. What is cut off half way may have it refuse those that come after, so it has longer. */
const SET_TIMEOUT_MS = 10_000;

/**
 * The limit on a lane as the server has it, activities a second; null where none is set.
 *
 * @throws whatever kept the server from telling it in time.
 */
export async function laneRate(client: Client, account: string, lane: LaneClass): Promise<number | null> {
  const { config } = await client.connection.withDeadline(Date.now() + READ_TIMEOUT_MS, () =>
    client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: laneQueue(account, lane) },
      taskQueueType: ACTIVITIES,
      reportConfig: true,
    }),
  );
  return config?.queueRateLimit?.rateLimit?.requestsPerSecond ?? null;
}

/**
 * Sets the limit on a lane: it overrides what its workers say, at once, and outlives them.
 *
 * @throws whatever kept the server from saying in time that it is set; it may be all the same.
 */
export async function setLaneRate(
  client: Client,
  account: string,
  lane: LaneClass,
  requestsPerSecond: number,
  reason: string,
): Promise<void> {
  await client.connection.withDeadline(Date.now() + SET_TIMEOUT_MS, () =>
    client.workflowService.updateTaskQueueConfig({
      namespace: client.options.namespace,
      identity: client.options.identity,
      taskQueue: laneQueue(account, lane),
      taskQueueType: ACTIVITIES,
      updateQueueRateLimit: { rateLimit: { requestsPerSecond }, reason },
    }),
  );
}

/** After a call that failed, ms; sooner where the lanes are looked at more often. Until then they keep to what may be long out of date. */
const AGAIN_MS = 5_000;

export interface LaneKeeperParts {
  readonly account: string;
  readonly logger: Logger;
  readonly now: () => number;
  readonly setTimer: (run: () => void, ms: number) => { cancel(): void };
  /** What the lanes are set to is looked at so often, ms: whoever changed one by hand finds it put right within this. */
  readonly checkMs: number;
  readonly read: (lane: LaneClass) => Promise<number | null>;
  readonly write: (lane: LaneClass, requestsPerSecond: number) => Promise<void>;
  /**
   * A lane is to be looked at, or tried again: {@link LaneKeeper.keep} is to be told what is wanted now, where that still falls to this
   * worker. By itself the keeper does nothing: it would put right what another has set that the lanes have fallen to meanwhile.
   */
  readonly onDue: () => void;
}

/** What the keeper knows of one lane. */
interface Kept {
  /** When it was last seen to be as wanted, and what was wanted then. */
  seen?: { readonly atMs: number; readonly rate: number };
  /** Since the server refused it: when it is asked again. */
  notBeforeMs?: number;
}

/** Keeps the limits on one account's lanes as its budget's issuer wants them, and puts right what somebody changed. */
export class LaneKeeper {
  private wanted: LaneRates | undefined;
  private readonly kept: Readonly<Record<LaneClass, Kept>> = { checkout: {}, background: {} };
  private busy = false;
  private writing: Promise<void> | undefined;
  private stopped = false;
  private due: { cancel(): void } | undefined;

  constructor(private readonly parts: LaneKeeperParts) {}

  /** What the lanes are to be set to; called often, and acts when something is due. Never rejects. */
  async keep(rates: LaneRates): Promise<void> {
    this.wanted = rates;
    if (this.busy) return;
    this.busy = true;
    const now = this.parts.now();
    try {
      // A lane that the server does not set keeps no other from being set.
      for (const lane of LANE_CLASSES) await this.tryOne(lane, now);
    } finally {
      this.busy = false;
      this.tellWhenDue();
    }
  }

  /**
   * Begins to set nothing more, and resolves once what is being set is set. A call that is cut off half way may have been
   * written all the same, and the server, which does not know, refuses all that come after until it looks at its database: by
   * default for up to 6 minutes (331 s measured, 1.29.1). Never rejects.
   */
  async stop(): Promise<void> {
    this.stopped = true;
    this.due?.cancel();
    await this.writing?.catch(() => undefined);
  }

  private tellWhenDue(): void {
    const { now, setTimer, checkMs, onDue } = this.parts;
    this.due?.cancel();
    if (this.stopped) return;
    const dueMs = Object.values(this.kept).map(({ seen, notBeforeMs }) => notBeforeMs ?? (seen?.atMs ?? 0) + checkMs);
    this.due = setTimer(onDue, Math.max(0, Math.min(...dueMs) - now()));
  }

  private async tryOne(lane: LaneClass, nowMs: number): Promise<void> {
    const kept = this.kept[lane];
    if (kept.notBeforeMs !== undefined && nowMs < kept.notBeforeMs) return;
    try {
      await this.keepOne(lane, kept, nowMs);
      delete kept.notBeforeMs;
    } catch (error) {
      const { account, logger, checkMs } = this.parts;
      if (kept.notBeforeMs === undefined) {
        logger.warn({ err: error, account, lane }, 'the limit of a lane could not be set; it is tried again');
      }
      // What workers say of their lanes holds meanwhile, or what was set last.
      kept.notBeforeMs = this.parts.now() + Math.min(checkMs, AGAIN_MS);
    }
  }

  private async keepOne(lane: LaneClass, kept: Kept, nowMs: number): Promise<void> {
    const rate = this.wanted?.[lane];
    if (rate === undefined || this.stopped) return;
    const { seen } = kept;
    const isNews = seen === undefined || !isSame(seen.rate, rate);
    if (!isNews && nowMs - seen.atMs < this.parts.checkMs) return;
    const found = await this.parts.read(lane);
    if (this.stopped) return;
    if (found === null || !isSame(found, rate)) {
      const { account, logger } = this.parts;
      if (!isNews) logger.warn({ account, lane, found, rate }, 'a limit was changed; it is put right');
      this.writing = this.parts.write(lane, rate);
      await this.writing;
    }
    kept.seen = { atMs: nowMs, rate };
  }
}

function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) < SAME;
}
