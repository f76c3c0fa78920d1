/**
 * Which payments the sweep looks for, and where in Stripe's time it looks. Pure: all times are Unix milliseconds.
 */

/** A payment is looked for at most this rarely, however long it has been waiting. */
const LONGEST_INTERVAL_MS = 6 * 60 * 60_000;

/**
 * Whether a payment started at `startedAtMs` fell due in (`sweptAtMs`, `now`]: first at `overdueMs` of age, then at
 * each doubling, then every six hours. Held against the last sweep rather than the clock's grid, so that a sweep that
 * failed is made up for by the next.
 */
export function isDue(startedAtMs: number, sweptAtMs: number, now: number, overdueMs: number): boolean {
  let dueAge = Math.max(1, overdueMs);
  while (startedAtMs + dueAge <= now) {
    if (startedAtMs + dueAge > sweptAtMs) return true;
    dueAge += Math.min(dueAge, LONGEST_INTERVAL_MS);
  }
  return false;
}

/** A stretch of Stripe's `created` time and what should be in it. */
export interface Window<P> {
  readonly fromMs: number;
  readonly toMs: number;
  readonly payments: readonly P[];
}

/** Intents are created soon after their payment is taken; those that waited longer in a lane read for themselves. */
const USUAL_LAG_MS = 60_000;
/** Clocks here and at Stripe differ, and `created` has whole seconds. */
const SLACK_MS = 5_000;

/** So many payments are looked for by one activity, and those of the same time as the last of them: see {@link chunksOf}. */
export const TOGETHER = 50;

/**
 * The payments that are looked for together, newest first. Those that started within a window of each other are never parted: of a
 * batch that waits in its lane hundreds may have, and each few of them, looked for apart, would have the same window read once
 * more. A sweep under way replays what this gave it: another way to part them needs a `patched` of its own there.
 */
export function chunksOf<P extends { readonly startedAtMs: number }>(payments: readonly P[]): P[][] {
  const chunks: P[][] = [];
  for (const moment of momentsOf(payments)) {
    const open = chunks.at(-1);
    if (open === undefined || open.length >= TOGETHER) chunks.push([...moment]);
    else open.push(...moment);
  }
  return chunks;
}

/** Payments of which none started longer than a window before the first, newest first. */
function momentsOf<P extends { readonly startedAtMs: number }>(payments: readonly P[]): P[][] {
  const moments: P[][] = [];
  for (const payment of [...payments].sort((a, b) => b.startedAtMs - a.startedAtMs)) {
    const open = moments.at(-1);
    const newestMs = open?.[0]?.startedAtMs ?? Number.POSITIVE_INFINITY;
    if (open === undefined || newestMs - payment.startedAtMs > USUAL_LAG_MS + SLACK_MS) moments.push([payment]);
    else open.push(payment);
  }
  return moments;
}

/**
 * How many pages of a window are read for so many payments, at most: on a busy account it can hold thousands of intents that are not
 * overdue. From a page for each on reading them by themselves is cheaper, and beyond a hundred an activity would not end in time.
 */
export function mostPages(payments: number): number {
  return Math.min(100, Math.max(2, payments));
}

/**
 * The windows to list, so that neighbours share one and quiet stretches between them are not read. Newest first, as
 * Stripe lists.
 */
export function windowsOf<P extends { readonly startedAtMs: number }>(payments: readonly P[]): Window<P>[] {
  const newestFirst = [...payments].sort((a, b) => b.startedAtMs - a.startedAtMs);
  const windows: { fromMs: number; toMs: number; payments: P[] }[] = [];
  for (const payment of newestFirst) {
    const fromMs = payment.startedAtMs - SLACK_MS;
    const toMs = payment.startedAtMs + USUAL_LAG_MS;
    const open = windows.at(-1);
    if (open !== undefined && toMs >= open.fromMs) {
      open.fromMs = fromMs;
      open.payments.push(payment);
    } else {
      windows.push({ fromMs, toMs, payments: [payment] });
    }
  }
  return windows;
}
