import type { Endpoint } from '../domain/endpoints.js';

/** What Stripe allows an account, and how its workers share that. Rates in requests per second, durations in ms. */
export interface Budget {
  readonly perSecond: number;
  /** At each endpoint that `endpoints` does not name. */
  readonly perEndpoint: number;
  readonly endpoints: Readonly<Partial<Record<Endpoint, number>>>;
  readonly concurrent: number;
  /** Over a rolling 30 days. */
  readonly readsPerMonth: number;
  /** A request reaches Stripe at most this long after its first byte was written, or a later one overtakes it. */
  readonly arrivesWithinMs: number;
  readonly maxWorkers: number;
  readonly leaseMs: number;
  /** 0: the lanes' limits are left alone. */
  readonly laneCheckMs: number;
  /** The part of `perSecond` that is background's whatever checkout needs. */
  readonly backgroundFloor: number;
}

/** The second that Stripe's limits count over, ms. */
export const WINDOW_MS = 1_000;

/** The longest that a budget may say, ms. */
export const LONGEST_LEASE_MS = 60_000;
export const LONGEST_ARRIVAL_MS = 1_000;

/**
 * What was sent by a floor reaches Stripe within this after the look that allowed the floor, ms, whatever the budget of the worker says:
 * an issuer that is back knows nothing of who looked. Longer than a worker takes from one look to the next.
 */
export const FLOOR_MS = 5_000;

/**
 * How long after the issuer's own time of an answer others can be without it, ms: it is on record, and is heard, once the task
 * is over in which it was given. Who asked waits no longer for it than this.
 */
export const ANSWERED_WITHIN_MS = 2_000;

/** How long a request may count at Stripe after its first byte was written, ms. */
export function usedMs(budget: Pick<Budget, 'arrivesWithinMs'>): number {
  return WINDOW_MS + budget.arrivesWithinMs;
}

/**
 * Parts of a budget, in whole requests by what they are counted against: `all`, `concurrent`, `each` (at each endpoint that
 * is not named), or an endpoint's name.
 */
export type Units = Readonly<Record<string, number>>;

/** A whole budget in units: what may be at Stripe in any one second. */
export function unitsOf(budget: Budget): Units {
  const endpoints = Object.fromEntries(
    Object.entries(budget.endpoints).map(([name, rate]) => [name, Math.floor(rate)]),
  );
  const all = Math.floor(budget.perSecond);
  return { ...endpoints, all, each: Math.floor(budget.perEndpoint), concurrent: budget.concurrent };
}

/** What a worker may use while nobody shares the budget out: as many workers as there may be, all doing so, keep it. */
export function floorOf(units: Units, maxWorkers: number): Units {
  return mapUnits(units, (most) => Math.floor(most / maxWorkers));
}

export function mapUnits(units: Units, of: (amount: number, what: string) => number): Units {
  return Object.fromEntries(Object.entries(units).map(([what, amount]) => [what, of(amount, what)]));
}

/** The units that requests to this endpoint count against. */
export function endpointUnits(units: Units, endpoint: string): number {
  return units[endpoint] ?? units['each'] ?? 0;
}
