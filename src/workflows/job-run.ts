import {
  isCancellation,
  makeContinueAsNewFunc,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  type Workflow,
  workflowInfo,
} from '@temporalio/workflow';
import { type JobProgress, type JobResult, jobProgress, PROGRESS } from './messages.js';
import { Pausable } from './pausing.js';

/** A run does at most this many steps, and the next one goes on: some ten events each. */
const STEPS_OF_ONE_RUN = 100;

/** What a step of a job did. */
export interface StepDone {
  readonly stripeCalls: number;
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * A job inside its workflow: a step at a time, each read to its end, between which it can be paused, called off or carried
 * over into a new run. How far it has come is shown on its page in the Web UI, told when it is asked, and noted in its
 * memo where no worker may be there to ask.
 */
export class JobRun {
  private progress: JobProgress;
  private readonly pausable: Pausable;
  private steps = 0;

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
    const done = await this.pausable.step(work);
    this.steps += 1;
    this.add(done);
    return done;
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

  private add({ stripeCalls, counts }: StepDone): void {
    const { progress } = this;
    const sums = { ...progress.counts };
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
    this.progress = {
      ...progress,
      pages: progress.pages + 1,
      stripeCalls: progress.stripeCalls + stripeCalls,
      counts: sums,
    };
    this.show();
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

function isFailure(error: unknown): boolean {
  return error instanceof Error && error.name === 'ActivityFailure';
}

/** `2026-11-01 to 2026-11-30`, for people. */
export function inWords({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): string {
  return `${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}`;
}
