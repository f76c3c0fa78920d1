/**
 * Learning how much of a share Stripe really lets through, for one limit: requests in any one second, or requests under
 * way. It searches and measures, and does not steer: a client that halves on a 429 uses 78% of a limit that steps.
 *
 * - A refusal says what Stripe holds: what counted just then and was let through is all that there is room for.
 * - Refused again at once, the limit has fallen. What was sent before still fills it, so it is waited for, with a request now and
 *   then, until one gets through: the limit lies between what counted then and what counted when the last was refused. The
 *   larger is taken. Where that is too much, one refusal more says how much there is; too little would be found out only in turns.
 * - In its turn a worker tries one more. While that gets through, two, four, eight more, as TCP's slow start does; the
 *   first refusal ends it at what was good.
 *
 * Pure: times in ms of any clock that never goes back, amounts in requests.
 */
export interface Usable {
  /** What may be used of the share; null: all of it, nothing else is known. */
  readonly cap: number | null;
  /** A refusal of what was sent before this says nothing of the present cap. */
  readonly changedMs: number;
  /** When it was refused last. */
  readonly refusedMs: number;
  readonly mode: Mode;
}

type Mode =
  | { readonly is: 'steady' }
  /** More is tried: how much more than `good`, and whether any of it got through. */
  | { readonly is: 'trying'; readonly good: number; readonly step: number; readonly confirmed: boolean }
  /** Nothing gets through: from `askMs` on one request is sent to see. What counted when one was refused last was too much. */
  | { readonly is: 'blocked'; readonly askMs: number; readonly below: number };

export interface UsableTerms {
  /** Refused twice within this, the limit has fallen. */
  readonly togetherMs: number;
  /** How often it is asked whether anything gets through again, by all workers together, ms. */
  readonly askEveryMs: number;
}

const STEADY: Mode = { is: 'steady' };

export const ALL_USABLE: Usable = {
  cap: null,
  changedMs: Number.NEGATIVE_INFINITY,
  refusedMs: Number.NEGATIVE_INFINITY,
  mode: STEADY,
};

/** How much of a share may be used, at least one. */
export function capOf({ cap }: Usable, share: number): number {
  return cap === null ? share : Math.min(share, Math.max(1, Math.floor(cap)));
}

/** What a 429 found. Amounts without the refused request itself. */
export interface Refusal {
  readonly sentMs: number;
  /** The others that counted just then and were not refused. */
  readonly passed: number;
  readonly share: number;
  /** How many workers share the limit. */
  readonly sharers: number;
  readonly nowMs: number;
}

/** A 429 came. */
export function refused(usable: Usable, refusal: Refusal, terms: UsableTerms): Usable {
  const { sentMs, passed, share, sharers, nowMs } = refusal;
  if (sentMs < usable.changedMs) return usable;
  const cap = capOf(usable, share);
  const changed = { changedMs: nowMs, refusedMs: nowMs };
  const ask: Mode = { is: 'blocked', askMs: nowMs + terms.askEveryMs * sharers, below: Math.min(cap, passed) };
  if (usable.mode.is === 'blocked') return { ...usable, ...changed, mode: ask };
  if (usable.mode.is === 'trying') {
    return { cap: Math.max(usable.mode.good, Math.min(cap, passed) - 1), ...changed, mode: STEADY };
  }
  const fallen = nowMs - usable.refusedMs < terms.togetherMs;
  return { cap: Math.max(1, Math.min(cap - 1, passed)), ...changed, mode: fallen ? ask : STEADY };
}

/** @param counting what counts now, this one included. */
export function letThrough(
  usable: Usable,
  { sentMs, counting, share, nowMs }: { sentMs: number; counting: number; share: number; nowMs: number },
): Usable {
  const { cap, mode } = usable;
  if (cap === null || mode.is === 'steady' || sentMs < usable.changedMs) return usable;
  if (mode.is === 'blocked') {
    // What is refused from now on is told by what counts from now on.
    const found = Math.max(1, Math.min(cap, Math.max(counting, mode.below)));
    return { cap: found, changedMs: nowMs, refusedMs: Number.NEGATIVE_INFINITY, mode: STEADY };
  }
  if (mode.confirmed) return usable;
  // All of the share was tried, and let through: there is no ceiling below it any more.
  if (cap >= share) return { ...ALL_USABLE, changedMs: usable.changedMs };
  return { ...usable, mode: { ...mode, confirmed: true } };
}

/** Work waits because all that may be used is in use. More is tried where that is due, or one request is sent to see. */
export function wanted(usable: Usable, share: number, myTurn: boolean, nowMs: number): Usable {
  const { cap, mode } = usable;
  if (cap === null || cap >= share) return usable;
  if (mode.is === 'steady' && myTurn) return trying(usable, capOf(usable, share), 1, share, nowMs);
  // One step after the other: the next only once something got through under the last.
  if (mode.is === 'trying' && mode.confirmed) return trying(usable, capOf(usable, share), mode.step * 2, share, nowMs);
  return usable;
}

function trying(usable: Usable, good: number, step: number, share: number, nowMs: number): Usable {
  return {
    ...usable,
    cap: Math.min(share, good + step),
    changedMs: nowMs,
    mode: { is: 'trying', good, step, confirmed: false },
  };
}

/** The share became another: what was learned of it holds in proportion. */
export function resized(usable: Usable, from: number, to: number): Usable {
  if (usable.cap === null || from === to || from <= 0 || to <= 0) return usable;
  const scale = (amount: number) => (amount * to) / from;
  const { mode } = usable;
  return {
    ...usable,
    cap: scale(usable.cap),
    mode: mode.is === 'trying' ? { ...mode, good: Math.max(1, Math.floor(scale(mode.good))) } : mode,
  };
}
