import TinyQueue from 'tinyqueue';
import { type Clock, LONGEST_TIMER_MS } from '../time/clock.js';

interface Entry {
  readonly dueMs: number;
  /** It was overdue from the first. */
  readonly late: boolean;
  /** Of two that fall due together, what came first comes first. */
  readonly order: number;
  readonly work: (asOfMs: number) => void;
}

/**
 * What is to be done at a time of the simulator's clock, and is forgotten when the process ends: a step of the clock brings
 * it about as real time does. One timer serves for all of it.
 */
export class Waiting {
  private readonly queue = new TinyQueue<Entry>([], (a, b) => a.dueMs - b.dueMs || a.order - b.order);
  private came = 0;
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
   */
  at(dueMs: number, work: (asOfMs: number) => void): void {
    if (this.stopped) return;
    this.queue.push({ dueMs, late: dueMs < this.clock.now(), order: this.came, work });
    this.came += 1;
    this.arm();
  }

  /** The clock was stepped, stopped or set running: what has fallen due by now is on its way when it returns. */
  catchUp(): void {
    this.disarm();
    for (const { work, dueMs } of this.takeDue(this.clock.now())) work(dueMs);
    this.arm();
  }

  stop(): void {
    this.stopped = true;
    this.disarm();
    this.queue.data.length = 0;
    this.queue.length = 0;
  }

  private takeDue(byMs: number): Entry[] {
    const due: Entry[] = [];
    for (let next = this.queue.peek(); next !== undefined && next.dueMs <= byMs; next = this.queue.peek()) {
      due.push(next);
      this.queue.pop();
    }
    return due;
  }

  private disarm(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(): void {
    const next = this.queue.peek();
    if (next === undefined || (this.timer !== undefined && this.setForMs <= next.dueMs)) return;
    this.disarm();
    const wait = Math.max(0, next.dueMs - this.clock.now());
    // It is left to the step that passes it.
    if (wait > 0 && this.clock.frozen) return;
    this.setForMs = next.dueMs;
    this.timer = setTimeout(() => this.goOff(wait <= LONGEST_TIMER_MS), Math.min(wait, LONGEST_TIMER_MS));
  }

  /** @param isDue what the timer was set for: the timer is right where real time stands still, as it may in a test. */
  private goOff(isDue: boolean): void {
    this.timer = undefined;
    const nowMs = this.clock.now();
    const due = this.takeDue(isDue ? Math.max(nowMs, this.setForMs) : nowMs);
    for (const { work, late, dueMs } of due) work(late ? dueMs : Math.max(dueMs, nowMs));
    this.arm();
  }
}
