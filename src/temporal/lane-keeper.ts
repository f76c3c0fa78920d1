import type { Client } from '@temporalio/client';
import type { LaneRates } from '../control/lane-rates.js';
import { LANE_CLASSES, type LaneClass, laneQueue } from '../domain/lanes.js';
import type { Logger } from '../telemetry/logger.js';

/** Temporal's number for queues of activities; limits exist for no others. */
const ACTIVITIES = 2;

/** Two rates that differ by less are the same: the server keeps them as single-precision numbers. */
const SAME = 0.01;

/** The limit on a lane as the server has it, activities a second; null where none is set. @throws what the call throws. */
export async function laneRate(client: Client, account: string, lane: LaneClass): Promise<number | null> {
  const { config } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: laneQueue(account, lane) },
    taskQueueType: ACTIVITIES,
    reportConfig: true,
  });
  return config?.queueRateLimit?.rateLimit?.requestsPerSecond ?? null;
}

/** Sets the limit on a lane: it overrides what its workers say, at once, and outlives them. */
export async function setLaneRate(
  client: Client,
  account: string,
  lane: LaneClass,
  requestsPerSecond: number,
  reason: string,
): Promise<void> {
  await client.workflowService.updateTaskQueueConfig({
    namespace: client.options.namespace,
    identity: client.options.identity,
    taskQueue: laneQueue(account, lane),
    taskQueueType: ACTIVITIES,
    updateQueueRateLimit: { rateLimit: { requestsPerSecond }, reason },
  });
}

/** After a call that failed, ms; sooner where the lanes are looked at more often. Until then they keep to what may be long out of date. */
const AGAIN_MS = 5_000;

export interface LaneKeeperParts {
  readonly account: string;
  readonly logger: Logger;
  readonly now: () => number;
  /** What the lanes are set to is looked at so often, ms: whoever changed one by hand finds it put right within this. */
  readonly checkMs: number;
  readonly read: (lane: LaneClass) => Promise<number | null>;
  readonly write: (lane: LaneClass, requestsPerSecond: number) => Promise<void>;
}

/** Keeps the limits on one account's lanes as its budget's issuer wants them, and puts right what somebody changed. */
export class LaneKeeper {
  private wanted: LaneRates | undefined;
  /** When each was last seen to be as wanted, and what was wanted then. */
  private readonly seen = new Map<LaneClass, { atMs: number; rate: number }>();
  private notBeforeMs = Number.NEGATIVE_INFINITY;
  private keeping: Promise<void> | undefined;
  private refused = false;

  constructor(private readonly parts: LaneKeeperParts) {}

  /** What the lanes are to be set to; called often, and acts when something is due. Never rejects. */
  async keep(rates: LaneRates): Promise<void> {
    this.wanted = rates;
    const now = this.parts.now();
    if (this.keeping !== undefined || now < this.notBeforeMs) return;
    this.keeping = this.keepAll(now);
    await this.keeping;
    this.keeping = undefined;
  }

  /**
   * Once what is being set is set. A call that is cut off half way may have been written all the same, and the server, which
   * does not know, refuses all that come after until it looks at its database: for 5 minutes by default (measured, 1.29.1).
   */
  async settled(): Promise<void> {
    await this.keeping;
  }

  private async keepAll(nowMs: number): Promise<void> {
    const failures: unknown[] = [];
    for (const lane of LANE_CLASSES) {
      // A lane that the server does not set keeps no other from being set.
      await this.keepOne(lane, nowMs).catch((error: unknown) => failures.push(error));
    }
    const { account, logger, checkMs } = this.parts;
    if (failures.length > 0) {
      // What workers say of their lanes holds meanwhile, or what was set last.
      this.notBeforeMs = nowMs + Math.min(checkMs, AGAIN_MS);
      if (!this.refused) logger.warn({ err: failures[0], account }, 'the limits on the lanes could not be set');
    }
    this.refused = failures.length > 0;
  }

  private async keepOne(lane: LaneClass, nowMs: number): Promise<void> {
    const rate = this.wanted?.[lane];
    if (rate === undefined) return;
    const seen = this.seen.get(lane);
    const isNews = seen === undefined || !isSame(seen.rate, rate);
    if (!isNews && nowMs - seen.atMs < this.parts.checkMs) return;
    const found = await this.parts.read(lane);
    if (found === null || !isSame(found, rate)) {
      if (!isNews) {
        this.parts.logger.warn(
          { account: this.parts.account, lane, found, rate },
          'a limit was changed; it is put right',
        );
      }
      await this.parts.write(lane, rate);
    }
    this.seen.set(lane, { atMs: nowMs, rate });
  }
}

function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) < SAME;
}
