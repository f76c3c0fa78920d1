import { WINDOW_MS } from '../../src/control/budget.js';
import type { Governor } from '../../src/stripe/governor/governor.js';
import type { LimitCause } from '../../src/stripe/governor/permit.js';
import type { VirtualTime } from './virtual-time.js';

/** A Stripe of nothing but a limit: so many requests let through in any second, exactly. */
export class VirtualStripe {
  readonly passed: number[] = [];
  private readonly arrivals: number[] = [];
  refused = 0;
  arrived = 0;
  /** The most that arrived within any second, let through or not. */
  worst = 0;

  constructor(
    private readonly time: VirtualTime,
    private readonly limitAt: (nowMs: number) => number,
    private readonly cause: LimitCause,
    private readonly latency: { readonly there: () => number; readonly back: () => number },
  ) {}

  /** How many of these times are in the second that ends now. */
  private inSecond(times: readonly number[]): number {
    const from = this.time.now() - WINDOW_MS;
    let many = 0;
    for (let i = times.length - 1; i >= 0 && (times[i] as number) > from; i -= 1) many += 1;
    return many;
  }

  /** Keeps `many` calls of a governor waiting, each followed by another. */
  load(governor: Governor, endpoint: string, many: number, priority: number, onPassed = () => {}): void {
    for (let i = 0; i < many; i += 1) void this.endless(governor, endpoint, priority, onPassed);
  }

  private async endless(governor: Governor, endpoint: string, priority: number, onPassed: () => void): Promise<void> {
    for (;;) if (await this.call(governor, endpoint, priority)) onPassed();
  }

  async call(governor: Governor, endpoint: string, priority: number): Promise<boolean> {
    const permit = await governor.admit({ endpoint, priority, merchant: 'acme', waitMs: 1e9 });
    permit.written();
    await this.pass(this.latency.there());
    this.arrived += 1;
    this.arrivals.push(this.time.now());
    this.worst = Math.max(this.worst, this.inSecond(this.arrivals));
    const through = this.inSecond(this.passed) < this.limitAt(this.time.now());
    if (through) this.passed.push(this.time.now());
    else this.refused += 1;
    await this.pass(this.latency.back());
    permit.ended(through ? 'passed' : this.cause);
    return through;
  }

  private pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.time.setTimer(resolve, ms));
  }
}
