import { WINDOW_MS } from '../../control/budget.js';

/** So much of the mean of how long requests count is the last one's. */
const OF_THE_LAST = 1 / 16;

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
  private unwritten = 0;
  /** In the order of their first bytes, and so of their ends: each lasts equally long. */
  private readonly unanswered = new Set<Sent>();
  /** In the order of their answers, and so of their ends; what has left is behind `first`. A slow one holds up none of them. */
  private answered: Sent[] = [];
  private first = 0;
  private refused = 0;
  private meanMs = WINDOW_MS;

  constructor(private readonly arrivesWithinMs: number) {}

  /** How long a request counts, of late and on average, ms. */
  get lastsMs(): number {
    return this.meanMs;
  }

  /** How many may count now. */
  count(nowMs: number): number {
    return this.unwritten + this.writtenCount(nowMs);
  }

  /** How many of them are written. */
  writtenCount(nowMs: number): number {
    this.expire(nowMs);
    return this.unanswered.size + this.answered.length - this.first;
  }

  /** How many of them were let through or are under way. */
  passed(nowMs: number): number {
    return this.count(nowMs) - this.refused;
  }

  /** When the next of them stops counting, ms; infinity while that is not known of any. */
  nextMs(): number {
    return Math.min(endOf(this.oldestUnanswered()), endOf(this.answered[this.first]));
  }

  /** When the next so many of them stop counting, the soonest first, ms; fewer where fewer are written. */
  nextEnds(many: number, nowMs: number): number[] {
    this.expire(nowMs);
    const ends = this.answered.slice(this.first, this.first + many).map(endOf);
    for (const sent of this.unanswered) {
      // Of each row the later ones end later.
      if (ends.length >= 2 * many) break;
      ends.push(endOf(sent));
    }
    return ends.sort((a, b) => a - b).slice(0, many);
  }

  hold(): Sent {
    this.unwritten += 1;
    return { untilMs: null, refused: false };
  }

  /** Its first byte goes out. */
  write(sent: Sent, nowMs: number): void {
    if (sent.untilMs !== null) return;
    this.unwritten -= 1;
    sent.untilMs = nowMs + this.longestMs;
    this.unanswered.add(sent);
  }

  /** Its answer is here, so it had arrived by now. */
  answer(sent: Sent, refused: boolean, nowMs: number): void {
    this.expire(nowMs);
    if (!this.unanswered.has(sent)) return;
    if (refused && !sent.refused) {
      sent.refused = true;
      this.refused += 1;
    }
    const known = nowMs + WINDOW_MS;
    if (known >= endOf(sent)) return;
    const writtenMs = endOf(sent) - this.longestMs;
    sent.untilMs = known;
    this.unanswered.delete(sent);
    this.answered.push(sent);
    this.counts(known - writtenMs);
  }

  /** No byte of it went out. */
  release(sent: Sent): void {
    if (sent.untilMs === null) this.unwritten -= 1;
    sent.untilMs ??= Number.NEGATIVE_INFINITY;
  }

  /** How long it counts for which there was no answer in time. */
  private get longestMs(): number {
    return WINDOW_MS + this.arrivesWithinMs;
  }

  private counts(forMs: number): void {
    this.meanMs += (forMs - this.meanMs) * OF_THE_LAST;
  }

  private oldestUnanswered(): Sent | undefined {
    for (const sent of this.unanswered) return sent;
    return undefined;
  }

  private expire(nowMs: number): void {
    for (const sent of this.unanswered) {
      if (endOf(sent) > nowMs) break;
      this.unanswered.delete(sent);
      this.forget(sent);
      this.counts(this.longestMs);
    }
    for (;;) {
      const oldest = this.answered[this.first];
      if (oldest === undefined || endOf(oldest) > nowMs) break;
      this.forget(oldest);
      this.first += 1;
    }
    // Cut off now and then, not each time: that costs a copy of the rest.
    if (this.first > 64 && this.first * 2 > this.answered.length) {
      this.answered = this.answered.slice(this.first);
      this.first = 0;
    }
  }

  private forget({ refused }: Sent): void {
    if (refused) this.refused -= 1;
  }
}

/** When it stops counting, ms; infinity while that is not known. */
function endOf(sent: Sent | undefined): number {
  return sent?.untilMs ?? Number.POSITIVE_INFINITY;
}
