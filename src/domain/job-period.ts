/** For what periods background work can be asked for. Pure: all times are Unix milliseconds. */

const DAY_MS = 24 * 60 * 60_000;

/** Stripe has nothing from before it was there. */
const FIRST_MS = Date.UTC(2011, 0);
const LONGEST_MS = 400 * DAY_MS;

/** Stripe keeps events for 30 days. */
export const EVENTS_KEPT_MS = 30 * DAY_MS;

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
