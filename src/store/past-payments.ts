import { inTime } from '../clock.js';
import type { Tombstone } from '../domain/tombstone.js';
import { booksOf } from './books.js';
import type { RecordsParts } from './records.js';

/**
 * A healthy store answers this one read within some milliseconds, over a network too. What takes longer than this part of a send's
 * patience delays payments: from here on the others go on without it.
 */
const WELL_PART = 0.2;
/** It rests for so many times as long as it kept a send waiting: of all time, a twentieth at most is anybody's wait. */
const RESTS_TIMES = 20;

export interface PastPaymentsParts extends Pick<RecordsParts, 'store' | 'deployment' | 'onMissed'> {
  /** Milliseconds of a clock that is never set back. */
  readonly now: () => number;
  readonly setTimer: (run: () => void, ms: number) => { cancel(): void };
  /** How long a send waits for the word of a store that has answered well so far, ms. */
  readonly patienceMs: number;
}

const isLate = () => 'late' as const;

/**
 * What the store knows of payments that were, asked on the payment path: within a bound, and never failing.
 *
 * A store that was slow, silent or away rests: nobody asks it, and nobody waits. After the rest one send asks alone, for no
 * longer than a healthy store needs, and by a good answer the others ask again.
 */
export class PastPayments {
  /** Until when nobody asks; once that is past, the next one asks alone. Null while it answers well. */
  private restsUntilMs: number | null = null;

  private readonly wellMs: number;
  /** Where the store failed, or said nothing in time. */
  private readonly longestRestMs: number;

  constructor(private readonly parts: PastPaymentsParts) {
    this.wellMs = parts.patienceMs * WELL_PART;
    this.longestRestMs = parts.patienceMs * RESTS_TIMES;
  }

  /**
   * The tombstone of an earlier payment under this id; null where there is none, and where the store was not asked or could
   * not say in time, which is counted.
   */
  async takenBefore(payment: string, run: string): Promise<Tombstone | null> {
    const { store, deployment, now, patienceMs } = this.parts;
    const { restsUntilMs } = this;
    const askedAtMs = now();
    if (!store.isThere || (restsUntilMs !== null && askedAtMs < restsUntilMs)) return this.missed();

    const isTrial = restsUntilMs !== null;
    // To the others the store goes on resting until this one has its answer.
    if (isTrial) this.rest(this.longestRestMs);
    const books = booksOf(store.database, deployment);
    // Why it failed the store says by itself, once.
    const answer = books.tombstones.takenBefore(payment, run).catch(() => 'failed' as const);
    let word = await inTime(answer, this.wellMs, isLate, this.parts);
    const isSlow = word === 'late';
    if (isSlow) {
      this.rest(this.longestRestMs);
      if (!isTrial) word = await inTime(answer, patienceMs - this.wellMs, isLate, this.parts);
    }

    if (word === 'late' || word === 'failed') {
      this.rest(this.longestRestMs);
      return this.missed();
    }
    if (isSlow) this.rest(RESTS_TIMES * (now() - askedAtMs));
    else if (isTrial) this.restsUntilMs = null;
    return word;
  }

  private rest(ms: number): void {
    this.restsUntilMs = this.parts.now() + ms;
  }

  private missed(): null {
    this.parts.onMissed('tombstone_read', 1);
    return null;
  }
}
