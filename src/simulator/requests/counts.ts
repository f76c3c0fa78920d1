import type { Reason } from '../limits/reasons.js';
import { SlidingWindow } from '../limits/sliding-window.js';

/** `sent` is `allowed` and all that was `rejected`, by the limit that did. */
export interface Tally {
  sent: number;
  allowed: number;
  rejected: { [reason in Reason]?: number };
}

interface SecondTally extends Tally {
  /** Where the second begins, Unix ms. */
  readonly at_ms: number;
  readonly account: string;
  readonly endpoint: string;
}

/** A tally, and the most that came, and that were let in, within any second. */
export interface FlowCounts extends Tally {
  readonly worst_second: { readonly sent: number; readonly allowed: number };
}

export interface CountsReport {
  readonly accounts: readonly (FlowCounts & {
    readonly account: string;
    readonly endpoints: Readonly<Record<string, FlowCounts>>;
  })[];
  readonly seconds: readonly SecondTally[];
}

const SECOND_MS = 1_000;
/** How long seconds are kept one by one; totals and the worst second are kept for ever. */
const KEPT_MS = 3_600 * SECOND_MS;
/** And no more of them than this, each of one account's endpoint: some 10 MB. */
const MOST_KEPT = 100_000;

/** The requests of an account, or of one endpoint of it. */
class Flow {
  tally: Tally = emptyTally();
  readonly sent = new SlidingWindow(SECOND_MS);
  readonly allowed = new SlidingWindow(SECOND_MS);
  /** Under way now. */
  inFlight = 0;

  countSent(nowMs: number): void {
    this.tally.sent += 1;
    this.sent.add(nowMs);
  }

  countAllowed(nowMs: number): void {
    this.tally.allowed += 1;
    this.allowed.add(nowMs);
  }

  reset(): void {
    this.tally = emptyTally();
    this.sent.reset();
    this.allowed.reset();
  }

  get report(): FlowCounts {
    return { ...this.tally, worst_second: { sent: this.sent.worst, allowed: this.allowed.worst } };
  }
}

/** What one account sends to one endpoint: everything that is counted of a request, and what limits are judged by. */
export class Traffic {
  readonly endpoint = new Flow();
  private second: SecondTally | undefined;

  constructor(
    private readonly counts: Counts,
    private readonly names: { readonly account: string; readonly endpoint: string },
    readonly account: Flow,
    /** The requests that were allowed of the endpoints that share a limit with this one. */
    readonly group: { readonly name: GroupName; readonly allowed: SlidingWindow } | undefined,
  ) {}

  /** Each request is counted as sent first, and then as allowed or as rejected at that same time. */
  countSent(nowMs: number): void {
    this.account.countSent(nowMs);
    this.endpoint.countSent(nowMs);
    this.secondAt(nowMs).sent += 1;
  }

  countAllowed(nowMs: number): void {
    this.account.countAllowed(nowMs);
    this.endpoint.countAllowed(nowMs);
    this.group?.allowed.add(nowMs);
    this.secondAt(nowMs).allowed += 1;
  }

  countRejected(nowMs: number, reason: Reason): void {
    for (const { rejected } of [this.account.tally, this.endpoint.tally, this.secondAt(nowMs)]) {
      rejected[reason] = (rejected[reason] ?? 0) + 1;
    }
  }

  enter(): void {
    this.account.inFlight += 1;
    this.endpoint.inFlight += 1;
  }

  leave(): void {
    this.account.inFlight -= 1;
    this.endpoint.inFlight -= 1;
  }

  forgetSecond(): void {
    this.second = undefined;
  }

  private secondAt(nowMs: number): SecondTally {
    const at_ms = Math.floor(nowMs / SECOND_MS) * SECOND_MS;
    if (this.second?.at_ms !== at_ms) {
      this.second = { at_ms, ...this.names, ...emptyTally() };
      this.counts.keep(this.second);
    }
    return this.second;
  }
}

/** Endpoints that Stripe limits together. */
export type GroupName = 'search' | 'files';

function groupOf(endpoint: string): GroupName | undefined {
  if (endpoint.endsWith('.search')) return 'search';
  return /^file(s|_links)\./.test(endpoint) ? 'files' : undefined;
}

interface Account {
  readonly flow: Flow;
  readonly endpoints: Map<string, Traffic>;
  readonly groups: Map<GroupName, SlidingWindow>;
}

export interface CountsQuery {
  readonly account?: string | undefined;
  readonly endpoint?: string | undefined;
  /** Unix ms: of the seconds, those that end later. */
  readonly sinceMs?: number | undefined;
}

/** Every request by account, endpoint and second, in real time. */
export class Counts {
  private readonly accounts = new Map<string, Account>();
  private seconds: SecondTally[] = [];
  /** The seconds before this one are too old; they are cut off many at a time. */
  private oldest = 0;

  traffic(accountName: string, endpointName: string): Traffic {
    const account = this.account(accountName);
    let traffic = account.endpoints.get(endpointName);
    if (traffic === undefined) {
      const names = { account: accountName, endpoint: endpointName };
      traffic = new Traffic(this, names, account.flow, groupIn(account, groupOf(endpointName)));
      account.endpoints.set(endpointName, traffic);
    }
    return traffic;
  }

  keep(second: SecondTally): void {
    const { seconds } = this;
    seconds.push(second);
    while (
      (seconds[this.oldest] as SecondTally).at_ms <= second.at_ms - KEPT_MS ||
      seconds.length - this.oldest > MOST_KEPT
    ) {
      this.oldest += 1;
    }
    if (this.oldest < MOST_KEPT) return;
    this.seconds = seconds.slice(this.oldest);
    this.oldest = 0;
  }

  /** Starts afresh. What is under way stays, and so does what the limits are judged by. */
  reset(): void {
    this.seconds = [];
    this.oldest = 0;
    for (const { flow, endpoints } of this.accounts.values()) {
      flow.reset();
      for (const traffic of endpoints.values()) {
        traffic.endpoint.reset();
        traffic.forgetSecond();
      }
    }
  }

  report({ account, endpoint, sinceMs = 0 }: CountsQuery): CountsReport {
    const asked = (names: { account: string; endpoint: string }) =>
      (account ?? names.account) === names.account && (endpoint ?? names.endpoint) === names.endpoint;
    const seconds = this.seconds
      .slice(this.oldest)
      .filter((second) => asked(second) && second.at_ms + SECOND_MS > sinceMs);
    const accounts = [...this.accounts].filter(([name]) => (account ?? name) === name);
    return {
      accounts: accounts.map(([name, { flow, endpoints }]) => ({
        account: name,
        ...flow.report,
        endpoints: Object.fromEntries(
          [...endpoints]
            .filter(([of, traffic]) => (endpoint ?? of) === of && traffic.endpoint.tally.sent > 0)
            .map(([of, traffic]) => [of, traffic.endpoint.report]),
        ),
      })),
      seconds,
    };
  }

  private account(name: string): Account {
    let account = this.accounts.get(name);
    if (account === undefined) {
      account = { flow: new Flow(), endpoints: new Map(), groups: new Map() };
      this.accounts.set(name, account);
    }
    return account;
  }
}

function groupIn({ groups }: Account, name: GroupName | undefined): Traffic['group'] {
  if (name === undefined) return undefined;
  const allowed = groups.get(name) ?? new SlidingWindow(SECOND_MS);
  groups.set(name, allowed);
  return { name, allowed };
}

function emptyTally(): Tally {
  return { sent: 0, allowed: 0, rejected: {} };
}
