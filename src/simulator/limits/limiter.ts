import type { GroupName, Traffic } from '../requests/counts.js';
import { RollingCount, UpdateCounts } from './allowances.js';
import type { Reason } from './reasons.js';
import { type Limits, OFF } from './schema.js';

/** What a limiter looks at in a request. */
export interface Arrival {
  readonly account: string;
  readonly endpoint: string;
  readonly method: string;
  /** What the path names, or nothing. */
  readonly id: string;
  /** Real time that never goes back, ms. */
  readonly atMs: number;
  /** The simulator's clock, Unix ms. */
  readonly nowMs: number;
}

/** What an account read and was paid; it is counted whether or not there is a limit. */
class Month {
  readonly reads = new RollingCount();
  readonly transactions = new RollingCount();
  /** Counted only while there is a limit. */
  updates: UpdateCounts | undefined;
}

/** Judges requests by the limits of their account. They come before everything else, and before the idempotency layer. */
export class Limiter {
  private byDefault: Limits = OFF;
  private readonly own = new Map<string, Limits>();
  private readonly months = new Map<string, Month>();

  limitsOf(account: string): Limits {
    return this.own.get(account) ?? this.byDefault;
  }

  /** @param account undefined sets what holds for every account without limits of its own. */
  set(account: string | undefined, limits: Limits): void {
    if (account === undefined) this.byDefault = limits;
    else this.own.set(account, limits);
  }

  /** Takes back what was set for the account; for undefined everything that ever was. */
  clear(account: string | undefined): void {
    if (account !== undefined) {
      this.own.delete(account);
      return;
    }
    this.byDefault = OFF;
    this.own.clear();
  }

  get all(): { default: Limits; accounts: Record<string, Limits> } {
    return { default: this.byDefault, accounts: Object.fromEntries(this.own) };
  }

  /** Why the request may not come in; undefined when it may. */
  refusal(arrival: Arrival, traffic: Traffic): Reason | undefined {
    const limits = this.limitsOf(arrival.account);
    if (limits === OFF) return undefined;
    const own = limits.endpoints[arrival.endpoint];
    const group = traffic.group;
    const ofGroup = group === undefined ? null : limits[GROUP_LIMITS[group.name]];
    const perEndpoint = ofGroup === null ? limits.endpoint_requests_per_second : null;
    const { account, endpoint } = traffic;
    const { atMs } = arrival;
    if (isFull(limits.requests_per_second, account.allowed.count(atMs))) return 'global-rate';
    if (isFull(limits.concurrent_requests, account.inFlight)) return 'global-concurrency';
    if (isFull(own ? own.requests_per_second : perEndpoint, endpoint.allowed.count(atMs))) return 'endpoint-rate';
    if (group !== undefined && isFull(ofGroup, group.allowed.count(atMs))) return 'endpoint-rate';
    if (isFull(own ? own.concurrent_requests : limits.endpoint_concurrent_requests, endpoint.inFlight)) {
      return 'endpoint-concurrency';
    }
    return this.isUsedUp(arrival, limits) ? 'resource-specific' : undefined;
  }

  /** It came in. */
  admitted(arrival: Arrival): void {
    const { account, nowMs } = arrival;
    if (isRead(arrival)) this.month(account).reads.add(nowMs);
    if (!isUpdate(arrival)) return;
    const month = this.month(account);
    if (this.limitsOf(account).intent_updates_per_hour === null) {
      month.updates = undefined;
      return;
    }
    month.updates ??= new UpdateCounts();
    month.updates.add(arrival.id, nowMs);
  }

  /** A charge of the account succeeded. @param atMs by the simulator's clock, Unix ms. */
  paid(account: string, atMs: number): void {
    this.month(account).transactions.add(atMs);
  }

  private isUsedUp(arrival: Arrival, { intent_updates_per_hour, reads }: Limits): boolean {
    const month = this.month(arrival.account);
    if (isUpdate(arrival)) return isFull(intent_updates_per_hour, month.updates?.count(arrival.id, arrival.nowMs) ?? 0);
    if (reads === null || !isRead(arrival)) return false;
    const earned = reads.per_transaction * month.transactions.count(arrival.nowMs);
    return month.reads.count(arrival.nowMs) >= Math.max(reads.floor, earned);
  }

  private month(account: string): Month {
    let month = this.months.get(account);
    if (month === undefined) {
      month = new Month();
      this.months.set(account, month);
    }
    return month;
  }
}

const GROUP_LIMITS = {
  search: 'search_requests_per_second',
  files: 'files_requests_per_second',
} as const satisfies Record<GroupName, keyof Limits>;

function isFull(limit: number | null, taken: number): boolean {
  return limit !== null && taken >= limit;
}

/** Writes and the reporting API take nothing from the allowance (docs.stripe.com/rate-limits). */
function isRead({ method, endpoint }: Arrival): boolean {
  return method === 'GET' && !endpoint.startsWith('report');
}

function isUpdate({ method, id, endpoint }: Arrival): boolean {
  return method === 'POST' && id !== '' && endpoint.startsWith('payment_intents.');
}
