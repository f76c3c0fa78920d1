/** For what periods background work can be asked for. Pure: all times are Unix milliseconds. */

const DAY_MS = 24 * 60 * 60_000;

/** Stripe has nothing from before it was there. */
const FIRST_MS = Date.UTC(2011, 0);
const LONGEST_MS = 400 * DAY_MS;

const MINUTE_MS = 60_000;

/** Stripe keeps events for 30 days. */
const EVENTS_KEPT_MS = 30 * DAY_MS;

export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface PeriodComplaint {
  readonly field: 'from' | 'to';
  readonly message: string;
}

/** What is wrong with a period, as of `now`; from the first time, up to and without the second. */
export function complaintsAbout(fromMs: number, toMs: number, now: number): PeriodComplaint[] {
  const complaints: PeriodComplaint[] = [];
  if (fromMs < FIRST_MS) complaints.push({ field: 'from', message: 'is before 2011: there was no Stripe' });
  if (fromMs > now) complaints.push({ field: 'from', message: 'is in the future' });
  if (toMs > now) complaints.push({ field: 'to', message: 'is in the future' });
  if (complaints.length > 0) return complaints;
  if (toMs <= fromMs) return [{ field: 'to', message: 'must be after from' }];
  if (toMs - fromMs > LONGEST_MS) return [{ field: 'to', message: 'at most 400 days after from: ask for it in parts' }];
  return [];
}

/** A period of which either end may be left out. */
export type OpenPeriod = { readonly [End in keyof Period]: Period[End] | null };

/**
 * The period of events that is meant, as of `now`: what is left out is this minute's beginning, and the first moment of which
 * Stripe has all events for as long as this minute lasts.
 */
export function recoverable({ fromMs, toMs }: OpenPeriod, now: number): Period {
  const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  return { fromMs: fromMs ?? minute - EVENTS_KEPT_MS + MINUTE_MS, toMs: toMs ?? minute };
}

/** What is wrong with a period of events, as of `now`; never of an end that was left out. */
export function complaintsAboutEvents(given: OpenPeriod, now: number): PeriodComplaint[] {
  const { fromMs, toMs } = recoverable(given, now);
  if (fromMs < now - EVENTS_KEPT_MS) return [{ field: 'from', message: FORGOTTEN }];
  const isEmpty = toMs <= fromMs;
  if (isEmpty && given.fromMs === null) return [{ field: 'to', message: FORGOTTEN }];
  if (isEmpty && given.toMs === null && fromMs <= now) {
    return [{ field: 'from', message: 'must be before this minute, where it ends without to' }];
  }
  return complaintsAbout(fromMs, toMs, now);
}

const FORGOTTEN = 'Stripe keeps events for 30 days, and has none from before';
