import type { Scheduled } from '../objects/simulated.js';
import type { Store } from '../state/store.js';
import { type Clock, LONGEST_TIMER_MS } from './clock.js';
import { DueQueue } from './due-queue.js';

export interface AgendaOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Carries out one thing as of `row.dueMs` and takes it off the list, in one commit. */
  readonly carryOut: (account: string, row: Scheduled) => void;
}

interface Coming {
  readonly account: string;
  readonly row: Scheduled;
}

/** What could not be carried out, for want of room on the disk say, is tried again after so long. */
const AGAIN_MS = 1_000;

/** What was taken back or put off may stand in the queue until there is so much of it. */
const STALE = 10_000;

/**
 * Carries out what is scheduled, in the order in which it falls due, each thing once. It is dated by its due time,
 * however late the process comes to it: after a kill, or after the clock was stepped past it.
 */
export class Agenda {
  private readonly queue = new DueQueue<Coming>();
  private timer: NodeJS.Timeout | undefined;
  /** What the timer was set for: a due time, and how far the clock was ahead by then. */
  private setFor = '';
  private running = false;

  constructor(private readonly options: AgendaOptions) {
    options.store.onScheduled = (account, row) => this.add(account, row);
    this.rebuild();
  }

  /** Takes up what fell due while no process was there. */
  start(): void {
    this.running = true;
    this.catchUp();
  }

  stop(): void {
    this.running = false;
    clearTimeout(this.timer);
    this.setFor = '';
  }

  /** Everything that has fallen due by now has happened when it returns. @throws what hindered it: it is still to come. */
  catchUp(): void {
    const { clock, carryOut, store } = this.options;
    for (let next = this.queue.take(clock.now()); next !== undefined; next = this.queue.take(clock.now())) {
      const { account, row } = next.what;
      // It may have been taken back, or put off: then it stands in the queue as it was before.
      if (store.get(account, 'scheduled', row.id)?.dueMs !== row.dueMs) continue;
      try {
        carryOut(account, row);
      } catch (error) {
        this.queue.putBack(next);
        throw error;
      }
    }
    this.arm();
  }

  private add(account: string, row: Scheduled): void {
    this.queue.add(row.dueMs, { account, row });
    if (this.queue.length > STALE && this.queue.length > 2 * this.count()) this.rebuild();
    this.arm();
  }

  private count(): number {
    const { store } = this.options;
    return store.accountNames().reduce((sum, account) => sum + store.table(account, 'scheduled').size, 0);
  }

  private rebuild(): void {
    const { store } = this.options;
    this.queue.clear();
    for (const account of store.accountNames()) {
      for (const row of store.all(account, 'scheduled')) this.queue.add(row.dueMs, { account, row });
    }
  }

  private arm(leastMs = 0): void {
    const { nextMs } = this.queue;
    const { clock } = this.options;
    // Where the clock stands still nothing falls due by itself: whoever steps it catches up.
    const setFor = clock.frozen ? 'never' : `${nextMs}/${clock.offsetMs}`;
    if (!this.running || nextMs === undefined || setFor === this.setFor) return;
    clearTimeout(this.timer);
    this.setFor = setFor;
    if (clock.frozen) return;
    const wait = Math.max(leastMs, nextMs - clock.now());
    this.timer = setTimeout(() => this.goOff(), Math.min(wait, LONGEST_TIMER_MS));
    // It holds up nobody who wants to end.
    this.timer.unref();
  }

  private goOff(): void {
    this.setFor = '';
    try {
      this.catchUp();
    } catch {
      // Nobody asked. Whoever does before it is tried again is told.
      this.arm(AGAIN_MS);
    }
  }
}
