import { ScheduleOverlapPolicy } from '@temporalio/client';
import { SWEEP_SCHEDULE } from '../../src/temporal/sweep-schedule.js';
import type { SweepResult } from '../../src/workflows/messages.js';
import type { Stack } from './stack.js';
import { onceItCan, until } from './until.js';

/** As rarely as a policy may say. One comes at each full hour all the same, wherever it is not paused. */
export const RARELY_SWEPT = { overdue_ms: 3_600_000, sweep_interval_ms: 3_600_000 };

/** The schedule of a stack's sweep, which comes by itself as rarely as the stack's policy says. */
export class Sweeps {
  constructor(private readonly stack: Stack) {}

  get schedule() {
    return this.stack.temporal.schedule.getHandle(SWEEP_SCHEDULE);
  }

  /** From here on none comes by itself; {@link now} has one all the same. */
  pause(): Promise<void> {
    // A worker says that it is ready before it has made the schedule.
    return onceItCan(() => this.schedule.pause());
  }

  /** As the schedule itself would: one that may overlap others hands its result to none that comes after it. */
  now(): Promise<void> {
    return this.schedule.trigger(ScheduleOverlapPolicy.SKIP);
  }

  /** What the last ten of the sweeps came to that have begun, once so many have. */
  async results(count = 0): Promise<SweepResult[]> {
    const begun = async () => (await this.schedule.describe()).info;
    await until(async () => (await begun()).numActionsTaken >= count);
    const runs = (await begun()).recentActions.map(({ action }) => action.workflow);
    return Promise.all(
      // Two of one second have one id.
      runs.map((run) => this.stack.temporal.workflow.getHandle(run.workflowId, run.firstExecutionRunId).result()),
    );
  }
}
