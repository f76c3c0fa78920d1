import { ScheduleOverlapPolicy } from '@temporalio/client';
import { SWEEP_SCHEDULE } from '../../src/temporal/sweep-schedule.js';
import type { SweepResult } from '../../src/workflows/messages.js';
import type { Stack } from './stack.js';
import { until } from './until.js';

/** The schedule of a stack's sweep, which comes by itself as rarely as the stack's policy says. */
export class Sweeps {
  constructor(private readonly stack: Stack) {}

  get schedule() {
    return this.stack.temporal.schedule.getHandle(SWEEP_SCHEDULE);
  }

  /** As the schedule itself would: one that may overlap others hands its result to none that comes after it. */
  now(): Promise<void> {
    return this.schedule.trigger(ScheduleOverlapPolicy.SKIP);
  }

  /** What each of the first sweeps of the schedule came to, once there are so many of them. */
  async results(count: number): Promise<SweepResult[]> {
    const begun = async () => (await this.schedule.describe()).info.recentActions;
    await until(async () => (await begun()).length >= count);
    const runs = (await begun()).slice(0, count).map(({ action }) => action.workflow);
    return Promise.all(
      // Two of one second have one id.
      runs.map((run) => this.stack.temporal.workflow.getHandle(run.workflowId, run.firstExecutionRunId).result()),
    );
  }
}
