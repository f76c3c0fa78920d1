import type { LaneClass } from '../domain/lanes.js';
import type { Budget } from './budget.js';

/** Activities a second that each lane may start. */
export type LaneRates = Readonly<Record<LaneClass, number>>;

/** What one worker saw of its account's lanes. */
export interface LaneUse {
  /** Requests a second, of late. */
  readonly checkoutPerSecond: number;
  readonly backgroundPerSecond: number;
  /** Whether background work waits, in the worker or in its lane. */
  readonly backgroundWaits: boolean;
}

/**
 * What is counted of checkout against background: a little less than checkout uses, so that nothing of what is left goes
 * unused for want of a task at hand. What is too much waits in the workers, behind checkout, for a few seconds at most.
 */
const COUNTED = 0.95;

/**
 * A use is followed over about so many requests, and over no less and no more than this, ms: a worker tells of it several times a
 * second, and of 8 a second what falls between two asks is chance, while of 80 a second a moment tells enough, and each second
 * that background's lane stays low after checkout has fallen is lost.
 */
const FOLLOWED_REQUESTS = 60;
const FOLLOWED_AT_LEAST_MS = 1_500;
const FOLLOWED_AT_MOST_MS = 5_000;

/** A use of late, requests/s: the last one, weighed against those before it by how long it lasted. */
export function followed(before: number, last: number, lastedMs: number): number {
  const requestsMs = (FOLLOWED_REQUESTS * 1_000) / before;
  const overMs = Math.min(FOLLOWED_AT_MOST_MS, Math.max(FOLLOWED_AT_LEAST_MS, requestsMs));
  return last + (before - last) * Math.exp(-lastedMs / overMs);
}

/** Less than this is what is left of a use that has ended, requests/s. */
const NOTHING = 0.1;

/** A change below this part of the budget is not worth the call it costs (some 100 ms of the server's time). */
const WORTH_IT = 0.03;

/**
 * What the lanes of an account may start: checkout the whole budget, less background's floor while background has something to
 * do; background what checkout leaves, and its floor at least, so that it finishes.
 *
 * @param before what they are set to; kept where little would change.
 */
export function laneRates(
  budget: Pick<Budget, 'perSecond' | 'backgroundFloor'>,
  uses: readonly LaneUse[],
  before: LaneRates | null,
): LaneRates {
  const { perSecond } = budget;
  const floor = perSecond * budget.backgroundFloor;
  const checkoutUse = uses.reduce((sum, use) => sum + use.checkoutPerSecond, 0);
  const waits = uses.some((use) => use.backgroundWaits || use.backgroundPerSecond > NOTHING);
  const wanted: LaneRates = {
    checkout: waits ? perSecond - floor : perSecond,
    background: Math.max(floor, perSecond - checkoutUse * COUNTED),
  };
  if (before === null) return wanted;
  const near = (lane: LaneClass) => Math.abs(wanted[lane] - before[lane]) < perSecond * WORTH_IT;
  return near('checkout') && near('background') ? before : wanted;
}

/** The rates before anything is known: together they keep the budget, and each lane has something. */
export function safeRates(budget: Pick<Budget, 'perSecond' | 'backgroundFloor'>): LaneRates {
  const background = budget.perSecond * budget.backgroundFloor;
  return { checkout: budget.perSecond - background, background };
}
