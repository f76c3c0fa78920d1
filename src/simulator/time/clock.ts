import { type Store, WHOLE } from '../state/store.js';
import { DAY_MS } from './durations.js';

/** Ten years, as far as it can be stepped at once: whatever is scheduled falls due before. */
export const LONGEST_STEP_MS = 3_650 * DAY_MS;

/** The longest that a timer takes, ms; what is further off is looked at again then. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The simulator's time: real time and an offset, or the time at which it stands still. Either is kept, so that a step
 * forward outlives the process. What Stripe dates is dated by it; webhooks are signed with real time, which is what their
 * receivers compare with.
 */
export class Clock {
  constructor(
    private readonly store: Store,
    private readonly realNow: () => number,
  ) {}

  /** Unix ms. */
  now(): number {
    const kept = this.kept;
    return kept?.frozenAtMs ?? this.realNow() + (kept?.offsetMs ?? 0);
  }

  /** How far it is ahead of real time, ms; negative once it has stood still for longer than it was ahead. */
  get offsetMs(): number {
    const { frozenAtMs = null, offsetMs = 0 } = this.kept ?? {};
    return frozenAtMs === null ? offsetMs : frozenAtMs - this.realNow();
  }

  /** It stands still until it is stepped or set running again. */
  get frozen(): boolean {
    return (this.kept?.frozenAtMs ?? null) !== null;
  }

  stepForward(ms: number): void {
    if (this.frozen) this.keep(this.offsetMs + ms, this.now() + ms);
    else this.keep(this.offsetMs + ms, null);
  }

  freeze(): void {
    this.keep(this.offsetMs, this.now());
  }

  /** It goes on from where it stood: nothing falls due because it runs again. */
  run(): void {
    this.keep(this.offsetMs, null);
  }

  private get kept() {
    return this.store.get(WHOLE, 'clock', 'clock');
  }

  private keep(offsetMs: number, frozenAtMs: number | null): void {
    this.store.commit([[WHOLE, 'clock', { id: 'clock', offsetMs, frozenAtMs }]]);
  }
}
