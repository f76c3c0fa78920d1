import { type Clock, LONGEST_TIMER_MS } from '../time/clock.js';
import { type Due, DueQueue } from '../time/due-queue.js';

interface Work {
  /** It was overdue from the first. */
  readonly late: boolean;
  readonly work: (asOfMs: number) => void;
  readonly isWanted: (() => boolean) | undefined;
}

/**
 * What is to be done at a time of the simulator's clock, and is forgotten when the process ends: a step of the clock brings
 * it about as real time does. One timer serves for all of it.
 */
export class Waiting {
  private readonly queue = new DueQueue<Work>();
  private timer: NodeJS.Timeout | undefined;
  /** The due time that the timer was set for. */
  private setForMs = 0;
  private stopped = false;

  constructor(private readonly clock: Clock) {}

  /**
   * Does `work` once it is due, never within this call. It is told as of when: its due time where a step of the clock has
   * passed that, so that what follows it falls due within the step too; else the time it is.
   *
   * @param dueMs Unix ms by the simulator's clock.
   * @param isWanted is asked by `prune` whether there is still anything to do.
   */
  at(dueMs: number, work: (asOfMs: number) => void, isWanted?: () => boolean): void {
    if (this.stopped) return;
    this.queue.add(dueMs, { late: dueMs < this.clock.now(), work, isWanted });
    this.arm();
  }

  /** The clock was stepped, stopped or set running: what has fallen due by now is on its way when it returns. */
  catchUp(): void {
    this.disarm();
    for (const { what, dueMs } of this.takeDue(this.clock.now())) what.work(dueMs);
    this.arm();
  }

  /** Forgets what is wanted no more. */
  prune(): void {
    this.queue.keep(({ isWanted }) => isWanted?.() ?? true);
  }

  get length(): number {
    return this.queue.length;
  }

  stop(): void {
    this.stopped = true;
    this.disarm();
    this.queue.clear();
  }

  private takeDue(byMs: number): Due<Work>[] {
    const due: Due<Work>[] = [];
    for (let next = this.queue.take(byMs); next !== undefined; next = this.queue.take(byMs)) due.push(next);
    return due;
  }

  private disarm(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(): void {
    const { nextMs } = this.queue;
    if (nextMs === undefined || (this.timer !== undefined && this.setForMs <= nextMs)) return;
    this.disarm();
    const wait = Math.max(0, nextMs - this.clock.now());
    // It is left to the step that passes it.
    if (wait > 0 && this.clock.frozen) return;
    this.setForMs = nextMs;
    this.timer = setTimeout(() => this.goOff(wait <= LONGEST_TIMER_MS), Math.min(wait, LONGEST_TIMER_MS));
  }

  /** @param isDue what the timer was set for: the timer is right where real time stands still, as it may in a test. */
  private goOff(isDue: boolean): void {
    this.timer = undefined;
    const nowMs = this.clock.now();
    const due = this.takeDue(isDue ? Math.max(nowMs, this.setForMs) : nowMs);
    for (const { what, dueMs } of due) what.work(what.late ? dueMs : Math.max(dueMs, nowMs));
    this.arm();
  }
}
