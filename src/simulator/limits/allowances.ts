import { DAY_MS, HOUR_MS } from '../time/durations.js';
import { SlidingWindow } from './sliding-window.js';

/** What is allowed over hours and days, by the simulator's clock. */

const READS_OVER_MS = 30 * DAY_MS;

/** How often something happened in the last 30 days, to the hour: an hour counts until all of it is over. */
export class RollingCount {
  private readonly hours: { hour: number; count: number }[] = [];
  private total = 0;

  add(nowMs: number): void {
    const hour = Math.floor(nowMs / HOUR_MS);
    const last = this.hours.at(-1);
    if (last?.hour === hour) {
      last.count += 1;
    } else {
      this.forget(nowMs);
      this.hours.push({ hour, count: 1 });
    }
    this.total += 1;
  }

  count(nowMs: number): number {
    this.forget(nowMs);
    return this.total;
  }

  private forget(nowMs: number): void {
    for (let oldest = this.hours[0]; oldest !== undefined; oldest = this.hours[0]) {
      if ((oldest.hour + 1) * HOUR_MS > nowMs - READS_OVER_MS) break;
      this.total -= oldest.count;
      this.hours.shift();
    }
  }
}

/** How often each PaymentIntent was written to within the last hour; memory is that of the hour's intents. */
export class UpdateCounts {
  /** By intent; whichever was written to last stands last. */
  private readonly intents = new Map<string, SlidingWindow>();

  count(intent: string, nowMs: number): number {
    return this.intents.get(intent)?.count(nowMs) ?? 0;
  }

  add(intent: string, nowMs: number): void {
    const updates = this.intents.get(intent) ?? new SlidingWindow(HOUR_MS);
    updates.add(nowMs);
    this.intents.delete(intent);
    this.intents.set(intent, updates);
    for (const [oldest, { newestMs = Number.NEGATIVE_INFINITY }] of this.intents) {
      if (newestMs > nowMs - HOUR_MS) break;
      this.intents.delete(oldest);
    }
  }
}
