import {
  ActivityFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  makeContinueAsNewFunc,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  type Workflow,
  workflowInfo,
} from '@temporalio/workflow';
import type { InternalActivities } from '../activities/types.js';
import { INTERNAL } from './activity-options.js';
import { callsTold } from './calls-told.js';
import { type JobProgress, type JobResult, jobProgress, PROGRESS } from './messages.js';
import { Pausable } from './pausing.js';

/** A run does at most this many steps, and the next one goes on: some ten events each. */
const STEPS_OF_ONE_RUN = 100;

const { callsUnderWay } = proxyActivities<InternalActivities>(INTERNAL);

/** What a step of a job did. */
export interface StepDone {
  readonly stripeCalls: number;
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * A job inside its workflow: a step at a time, between which it can be paused, or carried over into a new run. Called off, it
 * ends where it is: a call to Stripe that is under way is waited for, and nothing else. How far it has come is shown on its page
 * in the Web UI, told when it is asked, and noted in its memo where no worker may be there to ask.
 */
export class JobRun {
  private progress: JobProgress;
  private readonly pausable: Pausable;
  private steps = 0;
  /** What the step that is under way waits for. */
  private underWay: CancellationScope | null = null;
  /** The calls to Stripe of the tries that were under way when it was called off, while nothing has counted them. */
  private tried = 0;
  private calledOff = false;

  constructor(
    private readonly title: string,
    before: JobProgress,
  ) {
    this.progress = before;
    this.pausable = new Pausable(before.paused, () => {
      this.show();
      this.note();
    });
    setHandler(jobProgress, () => this.now());
    CancellationScope.current().cancelRequested.catch(() => CancellationScope.nonCancellable(() => this.callOff()));
    this.show();
  }

  now(): JobProgress {
    return { ...this.progress, paused: this.pausable.paused };
  }

  /**
   * Does one step, and adds up what it did.
   *
   * @param rest what the next run would have to be started with to begin with this step.
   */
  async step<D extends StepDone, W extends Workflow>(
    work: () => Promise<D>,
    rest: (progress: JobProgress) => Parameters<W>,
  ): Promise<D> {
    await this.pausable.nextStep();
    if (this.steps >= STEPS_OF_ONE_RUN || workflowInfo().continueAsNewSuggested) {
      const memo = { ...workflowInfo().memo, [PROGRESS]: this.now() };
      await makeContinueAsNewFunc<W>({ memo })(...rest(this.now()));
    }
    const done = await this.untilCalledOff(work);
    this.steps += 1;
    this.count(done, 1);
    return done;
  }

  /**
   * Adds up what was done.
   *
   * @param pages how many pages it ends; none of what a step counts while it is under way.
   */
  count({ stripeCalls, counts }: StepDone, pages = 0): void {
    const { progress } = this;
    const sums = { ...progress.counts };
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
    this.progress = {
      ...progress,
      pages: progress.pages + pages,
      stripeCalls: progress.stripeCalls + stripeCalls,
      counts: sums,
    };
    // What was under way has ended, and is among them.
    this.tried = 0;
    this.show();
  }

  /**
   * Asked by a step of several calls before it begins another.
   *
   * @throws CancelledFailure once the job is called off.
   */
  goesOn(): void {
    if (this.calledOff) throw new CancelledFailure('called off between two calls');
  }

  /** The job's end. @param complete whether everything that was asked for was read to its end. */
  result(complete: boolean): JobResult {
    const { paused: _, ...done } = this.progress;
    return { ...done, complete };
  }

  /** Notes how far it came before it was called off, or failed. */
  async noted<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      // A run that goes on as new has noted it already.
      if (isCancellation(error) || isFailure(error)) this.note();
      throw error;
    }
  }

  /** Writes down how far it is, for when no worker is there to ask. An upsert is a billable action: not for each page. */
  private note(): void {
    upsertMemo({ [PROGRESS]: this.now() });
  }

  /** Does a step to its end, or until what it waits for was taken back. */
  private untilCalledOff<D extends StepDone>(work: () => Promise<D>): Promise<D> {
    return CancellationScope.nonCancellable(async () => {
      const step = new CancellationScope();
      this.underWay = step;
      this.tried = 0;
      try {
        return await step.run(work);
      } catch (error) {
        this.count({ stripeCalls: callsTold(error) ?? this.tried, counts: {} });
        throw isTakenBack(error) ? new CancelledFailure('called off between two tries') : error;
      } finally {
        this.underWay = null;
      }
    });
  }

  /**
   * Takes back what the step under way waits for. What its tries have cost is asked for first: once it was taken back, the
   * server has forgotten it. Where that has ended meanwhile, the step begins nothing more.
   */
  private async callOff(): Promise<void> {
    const step = this.underWay;
    // Jobs that were called off before this did their step to its end, however long that took.
    if (step === null || !patched('steps-taken-back')) return;
    // Jobs that were called off before this began another call while they asked.
    this.calledOff = patched('no-call-begun-when-called-off');
    this.tried = await callsUnderWay();
    step.cancel();
  }

  private show(): void {
    const { pages, stripeCalls, counts, paused } = this.now();
    const lines = [
      `**${paused ? 'paused' : 'running'}**: ${this.title}`,
      `${pages} pages, ${stripeCalls} calls to Stripe`,
    ];
    const told = Object.entries(counts).map(([name, count]) => `${count} ${name.replaceAll('_', ' ')}`);
    if (told.length > 0) lines.push(told.join(', '));
    setCurrentDetails(lines.join('\n\n'));
  }
}

/** Whether it would have gone again, had it not been called off. */
function isTakenBack(error: unknown): boolean {
  return error instanceof ActivityFailure && error.retryState === 'CANCEL_REQUESTED';
}

function isFailure(error: unknown): boolean {
  return error instanceof Error && error.name === 'ActivityFailure';
}

/** `2026-11-01 to 2026-11-30`, for people. */
export function inWords({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): string {
  return `${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}`;
}
