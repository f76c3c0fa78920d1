import { setTimeout as pause } from 'node:timers/promises';
import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import type { Config } from '../config/index.js';
import type { Logger } from '../telemetry/logger.js';
import { sweep } from '../workflows/index.js';
import { MAIN_QUEUE, type SweepInput } from '../workflows/messages.js';
import { abortable } from './abortable.js';
import { isNotNow } from './grpc-errors.js';

export const SWEEP_SCHEDULE = 'penstock-sweep';

const SWEEP_TIMEOUT = '15m';

/** The pause before the first repeat, ms; it doubles up to the longest. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * The schedule of the sweep, as the configuration has it, whichever worker comes first. Repeats while Temporal says that
 * it cannot now: to read a schedule its server asks a worker of its own, which a server that was killed and is back can
 * take most of a minute for, and payments need not wait for that.
 *
 * @throws what Temporal refuses for good; the reason of `stopping` once that is aborted.
 */
export async function keepSweepSchedule(
  client: Client,
  config: Config,
  deployment: string,
  logger: Logger,
  stopping: AbortSignal,
): Promise<void> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      await abortable(client, stopping, () => keepOnce(client, config, deployment));
      return;
    } catch (error) {
      stopping.throwIfAborted();
      if (!isNotNow(error)) throw error;
      logger.warn({ err: error, againInMs: pauseMs }, 'the schedule of the sweep could not be set yet');
      await pause(pauseMs, undefined, { signal: stopping });
    }
  }
}

async function keepOnce(client: Client, config: Config, deployment: string): Promise<void> {
  const { overdue_ms, sweep_interval_ms, worker_lost_ms } = config.policy.payments;
  const accounts = config.accounts.map(({ name }) => name);
  const input: SweepInput = { overdueMs: overdue_ms, workerLostMs: worker_lost_ms, deployment, accounts };
  const spec = { intervals: [{ every: sweep_interval_ms }] };
  const action = {
    type: 'startWorkflow' as const,
    workflowType: sweep,
    workflowId: 'sweep',
    // One that cannot end must not keep the next from beginning.
    workflowExecutionTimeout: SWEEP_TIMEOUT,
    taskQueue: MAIN_QUEUE,
    args: [input] as [SweepInput],
    staticSummary: 'stand in for webhooks that did not come',
  };
  const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m' as const };
  try {
    await client.schedule.create({ scheduleId: SWEEP_SCHEDULE, spec, action, policies });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(SWEEP_SCHEDULE).update((schedule) => ({ ...schedule, spec, action, policies }));
  }
}
