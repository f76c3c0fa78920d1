import { type Budget, floorOf, type Units, unitsOf, usedMs } from './budget.js';
import { type LaneRates, type LaneUse, laneRates } from './lane-rates.js';
import { firstLeases, type Grant, grant, type Leases, type LeaseTerms, leave, NO_LEASES, workersOf } from './leases.js';
import { countReads, type ReadsByDay, readsIn } from './reads.js';

/** How long one worker has to try more than it knows to get through, ms. Each try costs about one 429. */
export const TURN_MS = 4_000;

/** All that the issuer of an account's budget remembers. */
export interface Issuer {
  readonly leases: Leases;
  /** How often it was found that more gets through; each worker is told once. */
  readonly rises: number;
  /** What each worker told of itself last. */
  readonly told: Readonly<Record<string, Told>>;
  /** The last turn that was given. */
  readonly turn: number;
  readonly lanes: LaneRates | null;
  readonly reads: ReadsByDay;
}

interface Told {
  readonly rises: number;
  readonly lanes: LaneUse;
}

export const NEW_ISSUER: Issuer = { leases: NO_LEASES, rises: 0, told: {}, turn: -1, lanes: null, reads: {} };

/** The issuer of a budget that was never shared out before `nowMs`. */
export function firstIssuer(nowMs: number): Issuer {
  return { ...NEW_ISSUER, leases: firstLeases(nowMs) };
}

/** What a worker asks for, and tells with it. */
export interface BudgetAsk {
  readonly worker: string;
  /** The newest lease that reached it; 0: none. */
  readonly holding: number;
  readonly budget: Budget;
  readonly demand: number;
  /** Calls that it has under way; a worker of an earlier version does not tell. */
  readonly underWay?: number;
  /** It found that more gets through than was known. */
  readonly rose: boolean;
  readonly lanes: LaneUse;
  /** Reads made since the last time that was answered. */
  readonly reads: number;
  /**
   * Until when it waits for the answer, by the issuer's clock; not there where it does not know that clock, nor from a worker of an
   * earlier version.
   */
  readonly waitsUntilMs?: number;
}

export interface BudgetAnswer extends Grant {
  /** How many workers share the budget. */
  readonly sharers: number;
  /** It is to try more than it knows to get through. */
  readonly tryMore: boolean;
  /** What the lanes are to be set to; of one worker alone, the others leave them. */
  readonly lanes: LaneRates | null;
  /** What is left of the month's reads; below nothing where more were made. */
  readonly readsLeft: number;
  /** The issuer's own time; one of an earlier version does not tell. */
  readonly nowMs?: number;
}

/**
 * Whether nobody waits for the answer any more. Temporal hands an ask on to the next worker that comes, be that long after the
 * one that asked has ended: it would hold a share, and the lanes, that nobody makes use of.
 */
export function isTooLate({ waitsUntilMs }: BudgetAsk, nowMs: number): boolean {
  return waitsUntilMs !== undefined && nowMs >= waitsUntilMs;
}

/**
 * Answers a worker. Pure; `nowMs` is the issuer's own time.
 *
 * @param heardOnly see {@link LeaseTerms}.
 */
export function answer(
  issuer: Issuer,
  ask: BudgetAsk,
  nowMs: number,
  heardOnly: boolean,
): { issuer: Issuer; answer: BudgetAnswer } {
  const terms = termsOf(ask.budget, heardOnly);
  const given = grant(issuer.leases, ask, terms, nowMs);
  const workers = workersOf(given.leases, terms, nowMs);
  const rises = issuer.rises + (ask.rose ? 1 : 0);
  // Its own find is no news to it.
  const heard = (issuer.told[ask.worker]?.rises ?? rises) + (ask.rose ? 1 : 0);

  const turn = Math.floor(nowMs / TURN_MS);
  const isTurn = turn !== issuer.turn && workers[turn % workers.length] === ask.worker;
  const told: Record<string, Told> = {};
  for (const worker of workers) {
    const before = issuer.told[worker];
    if (before !== undefined) told[worker] = before;
  }
  told[ask.worker] = { rises, lanes: ask.lanes };

  const reads = countReads(issuer.reads, ask.reads, nowMs);
  const lanes = laneRates(
    ask.budget,
    Object.values(told).map((t) => t.lanes),
    issuer.lanes,
  );
  return {
    issuer: { leases: given.leases, rises, told, turn: isTurn ? turn : issuer.turn, lanes, reads },
    answer: {
      ...given.grant,
      sharers: workers.length,
      tryMore: isTurn || heard < rises,
      // Of those that are known to have left none is waited for.
      lanes: Object.keys(told).sort()[0] === ask.worker ? lanes : null,
      readsLeft: ask.budget.readsPerMonth - readsIn(reads),
      nowMs,
    },
  };
}

/** A worker stops. @param reads made since it was last answered. */
export function left(issuer: Issuer, worker: string, reads: number, nowMs: number): Issuer {
  const { [worker]: _, ...told } = issuer.told;
  const leases = leave(issuer.leases, worker, nowMs);
  return { ...issuer, leases, told, reads: countReads(issuer.reads, reads, nowMs) };
}

/** What a worker may use while nobody grants anything. */
export function floorUnits(budget: Budget): Units {
  return floorOf(unitsOf(budget), budget.maxWorkers);
}

function termsOf(budget: Budget, heardOnly: boolean): LeaseTerms {
  const { leaseMs } = budget;
  return { units: unitsOf(budget), floor: floorUnits(budget), leaseMs, usedMs: usedMs(budget), heardOnly };
}
