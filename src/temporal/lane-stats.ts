import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { type LaneClass, laneQueue } from '../domain/lanes.js';
import type { Logger } from '../telemetry/logger.js';
import { abortable } from './abortable.js';
import { TaskQueueType } from './proto.js';

/** How often the lanes are looked at, ms: a scrape comes every 15 to 60 s, and each look is a call for every lane. */
const EVERY_MS = 5_000;

/** How long the server has to answer one call. */
const ANSWER_TIMEOUT_MS = 3_000;

/** Calls under way at once: with a hundred accounts the server is asked two hundred times, and never more than so. */
const AT_ONCE = 4;

export interface Lane {
  readonly account: string;
  readonly lane: LaneClass;
}

/** Where the figures go. */
export interface LaneGauges {
  laneIs(account: string, lane: string, backlog: number, ageSeconds: number): void;
  laneUnknown(account: string, lane: string): void;
}

/**
 * Tells again and again what waits in each lane, until stopped. Temporal is asked here and not at each scrape, so that
 * whoever asks for metrics cannot make this process ask the server any faster.
 *
 * @throws the reason of `stopping` once that is aborted; nothing else.
 */
export async function keepLaneStats(
  client: Client,
  lanes: readonly Lane[],
  gauges: LaneGauges,
  logger: Logger,
  stopping: AbortSignal,
  everyMs = EVERY_MS,
): Promise<never> {
  let silent = false;
  for (;;) {
    const unread = await readAll(client, lanes, gauges, stopping);
    stopping.throwIfAborted();
    // Once for each time that it begins: what is missing in the metrics says that it goes on.
    if (unread !== null && !silent) logger.warn({ err: unread }, 'Temporal does not tell what waits in the lanes');
    silent = unread !== null;
    await pause(everyMs, undefined, { signal: stopping });
  }
}

/** @returns what kept a lane from being read, if one was not. */
async function readAll(
  client: Client,
  lanes: readonly Lane[],
  gauges: LaneGauges,
  stopping: AbortSignal,
): Promise<Error | null> {
  const left = [...lanes];
  let unread: Error | null = null;
  const readSome = async () => {
    for (let next = left.shift(); next !== undefined && !stopping.aborted; next = left.shift()) {
      try {
        const { backlog, ageSeconds } = await read(client, next, stopping);
        gauges.laneIs(next.account, next.lane, backlog, ageSeconds);
      } catch (error) {
        gauges.laneUnknown(next.account, next.lane);
        unread = error as Error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, readSome));
  return unread;
}

async function read(
  client: Client,
  { account, lane }: Lane,
  stopping: AbortSignal,
): Promise<{ backlog: number; ageSeconds: number }> {
  const { stats } = await abortable(client, stopping, () =>
    client.connection.withDeadline(Date.now() + ANSWER_TIMEOUT_MS, () =>
      client.workflowService.describeTaskQueue({
        namespace: client.options.namespace,
        taskQueue: { name: laneQueue(account, lane) },
        taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        reportStats: true,
      }),
    ),
  );
  const { seconds, nanos } = stats?.approximateBacklogAge ?? {};
  return {
    backlog: Number(stats?.approximateBacklogCount ?? 0),
    ageSeconds: Number(seconds ?? 0) + (nanos ?? 0) / 1e9,
  };
}
