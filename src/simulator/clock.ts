import { type Store, WHOLE } from './state/store.js';

/**
 * The simulator's time: real time and an offset that is kept, so that a step forward outlives the process. What Stripe
 * dates is dated by it; webhooks are signed with real time, which is what their receivers compare with.
 */
export class Clock {
  constructor(
    private readonly store: Store,
    private readonly realNow: () => number,
  ) {}

  /** Unix ms. */
  now(): number {
    return this.realNow() + this.offsetMs;
  }

  get offsetMs(): number {
    return this.store.get(WHOLE, 'clock', 'clock')?.offsetMs ?? 0;
  }

  stepForward(ms: number): void {
    this.store.commit([[WHOLE, 'clock', { id: 'clock', offsetMs: this.offsetMs + ms }]]);
  }
}
