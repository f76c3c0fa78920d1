import type { Clock } from './clock.js';
import type { Scheduled } from './objects.js';
import type { Store } from './store.js';

export interface AgendaOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Carries out one thing as of `row.dueMs` and takes it off the list, in one commit. */
  readonly carryOut: (account: string, row: Scheduled) => void;
}

/** The longest that a timer takes; a thing further off is looked at again then. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Carries out what is scheduled, in the order in which it falls due, each thing once. It is dated by its due time,
 * however late the process comes to it: after a kill, or after the clock was stepped past it.
 */
export class Agenda {
  /** No later than the first due time there is. */
  private nextDueMs = Number.POSITIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private running = false;

  constructor(private readonly options: AgendaOptions) {
    options.store.onScheduled = ({ dueMs }) => {
      if (dueMs >= this.nextDueMs) return;
      this.nextDueMs = dueMs;
      if (this.running) this.arm();
    };
  }

  /** Takes up what fell due while no process was there. */
  start(): void {
    this.running = true;
    this.nextDueMs = Number.NEGATIVE_INFINITY;
    this.catchUp();
    this.arm();
  }

  stop(): void {
    this.running = false;
    clearTimeout(this.timer);
  }

  /** Everything that has fallen due by now has happened when it returns. */
  catchUp(): void {
    const { clock, carryOut } = this.options;
    while (this.nextDueMs <= clock.now()) {
      const waiting = this.inOrder();
      // What is scheduled meanwhile lowers it again, and may belong before the rest of this round.
      this.nextDueMs = Number.POSITIVE_INFINITY;
      for (const { account, row } of waiting) {
        if (row.dueMs > clock.now() || this.nextDueMs < row.dueMs) {
          this.nextDueMs = Math.min(this.nextDueMs, row.dueMs);
          break;
        }
        carryOut(account, row);
      }
    }
    if (this.running) this.arm();
  }

  private inOrder(): { account: string; row: Scheduled }[] {
    const { store } = this.options;
    return store
      .accountNames()
      .flatMap((account) => store.all(account, 'scheduled').map((row) => ({ account, row })))
      .sort((a, b) => a.row.dueMs - b.row.dueMs);
  }

  private arm(): void {
    clearTimeout(this.timer);
    if (this.nextDueMs === Number.POSITIVE_INFINITY) return;
    const wait = Math.max(0, this.nextDueMs - this.options.clock.now());
    this.timer = setTimeout(() => this.catchUp(), Math.min(wait, LONGEST_TIMER_MS));
    // It holds up nobody who wants to end.
    this.timer.unref();
  }
}
