import { type Clock, LONGEST_TIMER_MS } from '../time/clock.js';

interface Entry {
  readonly dueMs: number;
  /** It was overdue from the first. */
  readonly late: boolean;
  readonly work: (asOfMs: number) => void;
  timer?: NodeJS.Timeout;
}

/**
 * What is to be done at a time of the simulator's clock, and is forgotten when the process ends: a step of the clock brings
 * it about as real time does.
 */
export class Waiting {
  private readonly entries = new Set<Entry>();

  constructor(private readonly clock: Clock) {}

  /**
   * Does `work` once it is due, never within this call. It is told as of when: its due time where a step of the clock has
   * passed that, so that what follows it falls due within the step too; else the time it is.
   *
   * @param dueMs Unix ms by the simulator's clock.
   */
  at(dueMs: number, work: (asOfMs: number) => void): void {
    const entry: Entry = { dueMs, late: dueMs < this.clock.now(), work };
    this.entries.add(entry);
    this.arm(entry);
  }

  /** The clock was stepped, stopped or set running: what has fallen due by now is on its way when it returns. */
  catchUp(): void {
    const inOrder = [...this.entries].sort((a, b) => a.dueMs - b.dueMs);
    for (const entry of inOrder) {
      clearTimeout(entry.timer);
      if (entry.dueMs <= this.clock.now()) this.carryOut(entry, entry.dueMs);
      else this.arm(entry);
    }
  }

  stop(): void {
    for (const { timer } of this.entries) clearTimeout(timer);
    this.entries.clear();
  }

  private arm(entry: Entry): void {
    const wait = Math.max(0, entry.dueMs - this.clock.now());
    // It is left to the step that passes it.
    if (wait > 0 && this.clock.frozen) return;
    entry.timer =
      wait > LONGEST_TIMER_MS
        ? setTimeout(() => this.arm(entry), LONGEST_TIMER_MS)
        : // The timer is right where real time stands still, as it may in a test.
          setTimeout(
            () => this.carryOut(entry, entry.late ? entry.dueMs : Math.max(entry.dueMs, this.clock.now())),
            wait,
          );
  }

  private carryOut(entry: Entry, asOfMs: number): void {
    this.entries.delete(entry);
    entry.work(asOfMs);
  }
}
