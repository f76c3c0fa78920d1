import { WINDOW_MS } from '../../control/budget.js';

/** One request that counts against a limit. Times in ms of a clock that never goes back. */
export interface Sent {
  /** Until when it may count at Stripe; null while it is not written, for then nobody can know. */
  untilMs: number | null;
  refused: boolean;
}

/**
 * The requests that may count in some sliding second at Stripe. One is held from the moment it is let go until it has surely left
 * every second in which it can have arrived: it arrives between its first byte and its answer, and no later than
 * `arrivesWithinMs` after the first byte.
 */
export class SentLog {
  /** Written ones, oldest first; what has left is behind `first`. */
  private written: Sent[] = [];
  private first = 0;
  private unwritten = 0;
  private refused = 0;

  constructor(private readonly arrivesWithinMs: number) {}

  /** How many may count now. */
  count(nowMs: number): number {
    this.expire(nowMs);
    return this.unwritten + this.written.length - this.first;
  }

  /** How many of them are written. */
  writtenCount(nowMs: number): number {
    this.expire(nowMs);
    return this.written.length - this.first;
  }

  /** How many of them were let through or are under way. */
  passed(nowMs: number): number {
    return this.count(nowMs) - this.refused;
  }

  /** When the next of them stops counting, ms; infinity while that is not known of any. */
  nextMs(): number {
    return this.written[this.first]?.untilMs ?? Number.POSITIVE_INFINITY;
  }

  hold(): Sent {
    this.unwritten += 1;
    return { untilMs: null, refused: false };
  }

  /** Its first byte goes out. */
  write(sent: Sent, nowMs: number): void {
    if (sent.untilMs !== null) return;
    this.unwritten -= 1;
    sent.untilMs = nowMs + this.arrivesWithinMs + WINDOW_MS;
    this.written.push(sent);
  }

  /** Its answer is here, so it had arrived by now. */
  answer(sent: Sent, refused: boolean, nowMs: number): void {
    if (sent.untilMs === null) return;
    const known = nowMs + WINDOW_MS;
    if (known < sent.untilMs) sent.untilMs = known;
    if (refused && !sent.refused && sent.untilMs > nowMs) {
      sent.refused = true;
      this.refused += 1;
    }
  }

  /** No byte of it went out. */
  release(sent: Sent): void {
    if (sent.untilMs === null) this.unwritten -= 1;
    sent.untilMs ??= Number.NEGATIVE_INFINITY;
  }

  private expire(nowMs: number): void {
    for (;;) {
      const oldest = this.written[this.first];
      if (oldest === undefined || (oldest.untilMs ?? 0) > nowMs) break;
      if (oldest.refused) this.refused -= 1;
      this.first += 1;
    }
    // Cut off now and then, not each time: that costs a copy of the rest.
    if (this.first > 64 && this.first * 2 > this.written.length) {
      this.written = this.written.slice(this.first);
      this.first = 0;
    }
  }
}
