import { ANSWERED_WITHIN_MS, endpointUnits, FLOOR_MS, mapUnits, type Units, WINDOW_MS } from './budget.js';

/**
 * Sharing one budget among workers that come, go and die. Whatever is granted is granted for a time, and granted again
 * only once nobody can be using it any more: so the shares never add up to more than the budget, be it during a change, after a
 * worker's death or when the one that grants was away. All of it is pure; times are the issuer's own, in ms.
 */

/** What a worker was told that it may use. A worker counts its time from before it asked, so for it the time ends sooner. */
interface Holding {
  readonly lease: number;
  readonly units: Units;
  /** Nothing is sent under it after this. */
  readonly untilMs: number;
  /** How long what was sent under it counts after that, by the terms of who holds it; not there in states from before. */
  readonly usedMs?: number;
}

interface Holder {
  /** Oldest first; several while it is not known which of them the worker goes by. */
  readonly holdings: readonly Holding[];
  readonly demand: number;
  /** Calls that it may have under way, by what it told last and the lease that it went by; not there in states from before. */
  readonly underWay?: number;
}

export interface Leases {
  /** The number of the next lease. */
  readonly next: number;
  readonly holders: Readonly<Record<string, Holder>>;
  /** Until when workers may be using the floor that they are due while nobody grants anything. */
  readonly floorsUntilMs: number;
  /** Until when leases may last that nothing is remembered of. */
  readonly silentUntilMs: number;
  /** When something was granted last that keeps workers off their floors; null before the first time. */
  readonly grantedMs: number | null;
  /** Until when what was granted so may count, by the terms of each; not there in states from before. */
  readonly countsUntilMs?: number;
  /** When one asked last that hears the answers; not there in states from before. */
  readonly heardMs?: number;
}

export interface LeaseTerms {
  /** The budget to share. */
  readonly units: Units;
  /** What a worker uses while nobody grants anything. */
  readonly floor: Units;
  readonly leaseMs: number;
  /** How long what was sent under a lease goes on counting after its end. */
  readonly usedMs: number;
  /** What nobody may have heard keeps workers off their floors only for a while; false in runs from before that was so. */
  readonly heardOnly: boolean;
}

export interface Ask {
  readonly worker: string;
  /** The newest lease that reached the worker; 0: none. */
  readonly holding: number;
  /** Requests a second that it could use. */
  readonly demand: number;
  /** Calls that it has under way; a worker of an earlier version does not tell. */
  readonly underWay?: number;
}

export interface Grant {
  readonly lease: number;
  readonly units: Units;
  readonly leaseMs: number;
  /**
   * How long leases that are more than a floor may count from now on: until then nobody may go over to a floor. An issuer of an
   * earlier version does not tell.
   */
  readonly floorsInMs?: number;
}

/** Nothing is remembered: another may have granted before, and was forgotten. */
export const NO_LEASES: Leases = { next: 1, holders: {}, floorsUntilMs: 0, silentUntilMs: 0, grantedMs: null };

/** Nobody has ever granted anything before `nowMs`. */
export function firstLeases(nowMs: number): Leases {
  return { ...NO_LEASES, grantedMs: nowMs };
}

/** A worker without demand weighs as much as one that wants so many requests a second: its first call need not wait. */
const IDLE_WEIGHT = 1;

/** From this part of the budget on it is wanted by those that are there, and nothing is kept free. */
const BUSY_PART = 0.5;

/** Grants a worker its share of what nobody else may be using. */
export function grant(leases: Leases, ask: Ask, terms: LeaseTerms, nowMs: number): { leases: Leases; grant: Grant } {
  const holders = { ...standing(leases.holders, terms, nowMs) };
  const known = holders[ask.worker];
  const before = known?.holdings ?? [];
  // What it held before the lease that it goes by now, it has put down, and sends nothing more under.
  const putDown = before.map((held) =>
    held.lease < ask.holding ? { ...held, untilMs: Math.min(held.untilMs, nowMs) } : held,
  );
  const holder = { holdings: putDown, demand: Math.max(0, ask.demand), underWay: underWayOf(ask, known) };
  holders[ask.worker] = holder;

  const hears = before.some(({ lease }) => lease === ask.holding);
  const isFloor = !hears && mayBeFloor(leases, holder, terms, nowMs);
  const { floorsUntilMs, silentUntilMs, countsUntilMs } = bounds(leases, terms, isFloor, nowMs);

  const fair = fairShares(holders, terms.units)[ask.worker] ?? {};
  const inUse = Object.entries(holders)
    .filter(([worker]) => worker !== ask.worker)
    .map(([, holder]) => most(holder));
  const units = mapUnits(terms.units, (total, what) => {
    // A worker of another configuration may have an endpoint's rate among those of each.
    const left = total - inUse.reduce((sum, used) => sum + endpointUnits(used, what), 0);
    const share = nowMs < silentUntilMs ? 0 : Math.max(0, Math.min(left, fair[what] ?? 0));
    return isFloor || nowMs < floorsUntilMs ? Math.min(share, terms.floor[what] ?? 0) : share;
  });

  const lease = leases.next;
  const held: Holding = { lease, units, untilMs: nowMs + terms.leaseMs, usedMs: terms.usedMs };
  holders[ask.worker] = { ...holder, holdings: [...putDown, held] };
  const grantedMs = isFloor ? leases.grantedMs : nowMs;
  const heardMs = hears ? nowMs : (leases.heardMs ?? leases.grantedMs ?? nowMs);
  return {
    leases: { next: lease + 1, holders, floorsUntilMs, silentUntilMs, grantedMs, countsUntilMs, heardMs },
    grant: { lease, units, leaseMs: terms.leaseMs, floorsInMs: countsUntilMs - nowMs },
  };
}

/** A worker stops: it sends nothing more, and what it has sent counts a little longer. */
export function leave(leases: Leases, worker: string, nowMs: number): Leases {
  const holder = leases.holders[worker];
  if (holder === undefined) return leases;
  const holdings = holder.holdings.map((held) => ({ ...held, untilMs: Math.min(held.untilMs, nowMs) }));
  return { ...leases, holders: { ...leases.holders, [worker]: { holdings, demand: 0 } } };
}

/** The workers among which the budget is shared now. */
export function workersOf(leases: Leases, terms: LeaseTerms, nowMs: number): string[] {
  return Object.keys(standing(leases.holders, terms, nowMs)).sort();
}

/**
 * Whether one that has not shown that it hears the answers is granted a floor at most, which keeps nobody else off theirs: where
 * answers take longer than anybody waits for them, nothing else would ever be used. While there are others that hear, it has its
 * share; and with more under way than its floor it would not fit among those of the others.
 */
function mayBeFloor(
  leases: Leases,
  { underWay }: Holder,
  { heardOnly, leaseMs, floor }: LeaseTerms,
  nowMs: number,
): boolean {
  const heardMs = leases.heardMs ?? leases.grantedMs;
  if (!heardOnly || heardMs === null || nowMs - heardMs < leaseMs) return false;
  return (underWay ?? 0) <= (floor['concurrent'] ?? 0);
}

/**
 * Once every lease that is more than a floor has ended, each worker may have gone over to its floor, for a while at a time. Who
 * grants more anew grants no more than floors until those have ended too. Who remembers nothing grants nothing until whatever may
 * have been granted before it has ended.
 */
function bounds(leases: Leases, { leaseMs, usedMs, heardOnly }: LeaseTerms, isFloor: boolean, nowMs: number) {
  const { grantedMs, floorsUntilMs, silentUntilMs } = leases;
  const agedMs = nowMs + leaseMs + usedMs;
  // Until this answer is on record, a floor may be begun.
  const endedMs = heardOnly ? nowMs + ANSWERED_WITHIN_MS + FLOOR_MS + WINDOW_MS : agedMs;
  if (grantedMs === null) {
    const silentMs = Math.max(agedMs, endedMs);
    return { floorsUntilMs, silentUntilMs: silentMs, countsUntilMs: silentMs };
  }
  const countedMs = leases.countsUntilMs ?? Math.max(grantedMs + leaseMs + usedMs, lastCountMs(leases, usedMs));
  if (isFloor) return { floorsUntilMs, silentUntilMs, countsUntilMs: countedMs };
  // What is granted now is heard only when the floors may have begun.
  const mayBeOnFloors = heardOnly ? nowMs >= countedMs - ANSWERED_WITHIN_MS : nowMs - grantedMs >= leaseMs;
  return {
    floorsUntilMs: mayBeOnFloors ? endedMs : floorsUntilMs,
    silentUntilMs,
    countsUntilMs: Math.max(countedMs, agedMs),
  };
}

/** Until when any lease that is remembered may count. */
function lastCountMs({ holders }: Leases, usedMs: number): number {
  const holdings = Object.values(holders).flatMap(({ holdings }) => holdings);
  return Math.max(0, ...holdings.map((held) => held.untilMs + (held.usedMs ?? usedMs)));
}

/** Who may still have something at Stripe that counts, each by the terms that its leases were granted under. */
function standing(holders: Leases['holders'], terms: LeaseTerms, nowMs: number): Leases['holders'] {
  const kept: Record<string, Holder> = {};
  for (const [worker, holder] of Object.entries(holders)) {
    const holdings = holder.holdings.filter(({ untilMs, usedMs = terms.usedMs }) => {
      return nowMs < untilMs + (terms.heardOnly ? usedMs : terms.usedMs);
    });
    if (holdings.length > 0) kept[worker] = { ...holder, holdings };
  }
  return kept;
}

/**
 * What an asker may have under way, whatever becomes of its lease: a call may outlast many. What it tells may be old when it is
 * heard, and meanwhile it may have filled the lease that it goes by, be that at the last moment.
 */
function underWayOf({ underWay, holding }: Ask, known: Holder | undefined): number {
  if (underWay === undefined) return 0;
  const goesBy = known?.holdings.find(({ lease }) => lease === holding);
  // Where that lease has aged, no later one has reached the worker, and what was found when it told so before still holds.
  return Math.max(underWay, goesBy?.units['concurrent'] ?? known?.underWay ?? 0);
}

/**
 * What a worker may have at Stripe at once: it goes by one of its leases at a time, and each is kept until it has aged. What is
 * under way does not age: it counts until the worker tells that it is over, or is not heard of any more.
 */
function most({ holdings, underWay }: Holder): Units {
  const units: Record<string, number> = { concurrent: underWay ?? 0 };
  for (const held of holdings) {
    for (const [what, amount] of Object.entries(held.units)) units[what] = Math.max(units[what] ?? 0, amount);
  }
  return units;
}

/**
 * Shares by demand, in whole units that add up to the budget exactly. Each worker has one of everything first, so that none
 * waits for ever behind the demand of others; of the rest, its own is what lies between two roundings of the running sum, in the
 * order of their names.
 */
function fairShares(holders: Leases['holders'], units: Units): Record<string, Units> {
  const workers = Object.keys(holders).sort();
  const weights = workers.map((worker) => IDLE_WEIGHT + (holders[worker]?.demand ?? 0));
  const known = weights.reduce((sum, weight) => sum + weight, 0);
  const shares: Record<string, Units> = {};
  let before = 0;
  workers.forEach((worker, nth) => {
    const upTo = before + (weights[nth] ?? 0);
    const from = before;
    shares[worker] = mapUnits(units, (most) => {
      const first = most >= workers.length ? 1 : 0;
      const rest = most - first * workers.length;
      // While there is enough for all, half of it is free for whoever comes next, who else had to wait until others make room.
      // All that is wanted may be wanted of one endpoint.
      const total = known > most * BUSY_PART ? known : 2 * known;
      return first + Math.round((rest * upTo) / total) - Math.round((rest * from) / total);
    });
    before = upTo;
  });
  return shares;
}
