import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The media type of what {@link Metrics.render} gives: Prometheus' text format. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Everybody who is not named in the configuration. */
const OTHER_MERCHANT = 'other';

/** Seconds. Stripe answers most calls within one, and its slowest creates take some 20; the time-out is 30 by default. */
const STRIPE_BUCKETS = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 20, 30, 60];

/** Seconds. A pace of 100/s spaces calls by 10 ms, and whoever would wait for long goes back to Temporal. */
const WAIT_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Seconds. A card payment takes less than one; a sign-in minutes, a debit days. */
const STATUS_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400, 604_800];

/** Seconds. Stripe's `created` has whole seconds; what it sends again comes after minutes, hours and days. */
const AGE_BUCKETS = [1, 2, 3, 5, 10, 20, 30, 60, 300, 3_600, 21_600, 86_400, 259_200];

export interface MetricsOptions {
  /** The merchants that are counted by name; all others are `other`. */
  readonly merchants: readonly string[];
}

/**
 * What this process counts and measures, for Prometheus: docs/metrics.md. Parts that share a process share one. Names end
 * in their unit, counters in `_total`; no label holds an id, and a merchant's name only where the configuration lists it,
 * so that the number of series follows the configuration and not the traffic.
 */
export class Metrics {
  private readonly registry = new Registry();
  private readonly instruments = instrumentsIn(this.registry);
  private readonly named: ReadonlySet<string>;
  private readonly foreign: (() => Promise<string>)[] = [];

  constructor({ merchants }: MetricsOptions = { merchants: [] }) {
    this.named = new Set(merchants);
  }

  /** With what Node tells of the process itself: event loop, heap, garbage, handles. */
  static ofProcess(options?: MetricsOptions): Metrics {
    const metrics = new Metrics(options);
    collectDefaultMetrics({ register: metrics.registry });
    return metrics;
  }

  /** Shows what `read` gives, Prometheus' text, beside the metrics of its own. */
  show(read: () => Promise<string>): void {
    this.foreign.push(read);
  }

  /** Prometheus' text format. What cannot be read from elsewhere is left out: the rest is wanted all the more then. */
  async render(): Promise<string> {
    const others = await Promise.all(this.foreign.map((read) => read().catch(() => '')));
    // The library spells it otherwise (15.1.3), as the format does not.
    const own = (await this.registry.metrics()).replace(/ Nan$/gm, ' NaN');
    return [own, ...others].map((text) => text.replace(/\n*$/, '\n')).join('');
  }

  /** Requests to Stripe; fits the gateway's meter. */
  readonly stripe = {
    requested: (account: string, lane: string, endpoint: string): void => {
      this.instruments.stripeInFlight.inc({ account, lane, endpoint });
    },
    /** @param cause why a 429 was one, else empty. */
    answered: (
      account: string,
      lane: string,
      endpoint: string,
      outcome: string,
      cause: string,
      seconds: number,
    ): void => {
      this.instruments.stripeInFlight.dec({ account, lane, endpoint });
      this.instruments.stripeRequests.inc({ account, lane, endpoint, outcome, cause });
      this.instruments.stripeSeconds.observe({ account, endpoint }, seconds);
    },
  };

  /** What the store did not take. @param what bounded: `ledger`, `tombstone`, `usage`, `tombstone_read`. */
  readonly storeMissed = (what: string, count: number): void => {
    this.instruments.storeMissed.inc({ what }, count);
  };

  /** How long a call waited in this worker for its account's budget, whether it was let go in the end or not. */
  governorWaited(account: string, priority: string, seconds: number): void {
    this.instruments.governorWait.observe({ account, priority }, seconds);
  }

  /** A call was not let go, and goes back to Temporal. */
  governorTurnedAway(account: string, priority: string): void {
    this.instruments.governorTurnedAway.inc({ account, priority });
  }

  /** What may be sent, requests per second, and how much of it is. @param endpoint `all` for the account as a whole. */
  budgetIs(account: string, endpoint: string, limit: LimitShown): void {
    for (const [kind, most] of kindsOf(limit)) this.instruments.budget.set({ account, endpoint, kind }, most);
    this.instruments.budgetUsed.set({ account, endpoint }, usedPart(limit));
  }

  /** What may be under way at once, requests, and how much of it is. */
  concurrencyIs(account: string, limit: LimitShown): void {
    for (const [kind, most] of kindsOf(limit)) this.instruments.concurrency.set({ account, kind }, most);
    this.instruments.concurrencyUsed.set({ account }, usedPart(limit));
  }

  /** Reads that are left of what Stripe allows the account a month. */
  readsLeft(account: string, reads: number): void {
    this.instruments.readsLeft.set({ account }, reads);
  }

  /** What waits in a lane, as Temporal's server tells it. */
  laneIs(account: string, lane: string, backlog: number, ageSeconds: number): void {
    this.instruments.laneBacklog.set({ account, lane }, backlog);
    this.instruments.laneAge.set({ account, lane }, ageSeconds);
  }

  /** Temporal's server did not tell: a figure that no longer holds is worse than none. */
  laneUnknown(account: string, lane: string): void {
    this.instruments.laneBacklog.remove({ account, lane });
    this.instruments.laneAge.remove({ account, lane });
  }

  /** A payment has come to this status, so long after it was accepted. */
  paymentIs(status: string, account: string, merchant: string, seconds: number): void {
    const shown = this.named.has(merchant) ? merchant : OTHER_MERCHANT;
    this.instruments.payments.inc({ account, status, merchant: shown });
    this.instruments.paymentStatus.observe({ status }, seconds);
  }

  /** A delivery of Stripe's was answered. */
  webhookTaken(account: string, outcome: string): void {
    this.instruments.webhooks.inc({ account, outcome });
  }

  /** Temporal has an event, so long after it was created at Stripe. */
  webhookHandedOver(ageSeconds: number): void {
    this.instruments.webhookAge.observe(ageSeconds);
  }

  /** So many of the account's events wait in this process to be handed over. */
  webhooksWait(account: string, waiting: number): void {
    this.instruments.webhooksWaiting.set({ account }, waiting);
  }
}

/** How a limit stands: as configured, as this worker holds it, as Stripe's answers let it be used, and as it is. */
export interface LimitShown {
  readonly configured: number;
  readonly held: number;
  readonly usable: number;
  readonly used: number;
}

function kindsOf({ configured, held, usable }: LimitShown): readonly [kind: string, most: number][] {
  return [
    ['configured', configured],
    ['leased', held],
    ['learned', usable],
  ];
}

/** The share of what is held that is used; 1 is all of it. */
/** Where a share has just become smaller, what was used of the larger one is all of it. */
function usedPart({ held, used }: LimitShown): number {
  return held === 0 ? 0 : Math.min(1, used / held);
}

function instrumentsIn(registry: Registry) {
  const registers = [registry];
  return {
    stripeRequests: new Counter({
      name: 'penstock_stripe_requests_total',
      help: "HTTP requests to Stripe that were answered or given up, by what came of them; cause is a 429's reason.",
      labelNames: ['account', 'lane', 'endpoint', 'outcome', 'cause'] as const,
      registers,
    }),
    stripeInFlight: new Gauge({
      name: 'penstock_stripe_requests_in_flight',
      help: 'HTTP requests to Stripe that are under way.',
      labelNames: ['account', 'lane', 'endpoint'] as const,
      registers,
    }),
    stripeSeconds: new Histogram({
      name: 'penstock_stripe_request_seconds',
      help: 'Time from writing a request to Stripe to the end of its exchange.',
      labelNames: ['account', 'endpoint'] as const,
      buckets: STRIPE_BUCKETS,
      registers,
    }),
    governorWait: new Histogram({
      name: 'penstock_governor_wait_seconds',
      help: "Time that calls waited in this worker for their account's budget.",
      labelNames: ['account', 'priority'] as const,
      buckets: WAIT_BUCKETS,
      registers,
    }),
    governorTurnedAway: new Counter({
      name: 'penstock_governor_turned_away_total',
      help: "Calls that went back to Temporal because their account's budget had no room for them in time.",
      labelNames: ['account', 'priority'] as const,
      registers,
    }),
    storeMissed: new Counter({
      name: 'penstock_store_missed_total',
      help: 'Rows that the store did not take and that were dropped, and questions it did not answer in time.',
      labelNames: ['what'] as const,
      registers,
    }),
    ...budgetInstruments(registers),
    ...laneInstruments(registers),
    ...paymentInstruments(registers),
    ...webhookInstruments(registers),
  };
}

function budgetInstruments(registers: Registry[]) {
  return {
    budget: new Gauge({
      name: 'penstock_budget_requests_per_second',
      help: 'Requests per second that may be sent: configured, leased to this worker, or learned from answers.',
      labelNames: ['account', 'endpoint', 'kind'] as const,
      registers,
    }),
    budgetUsed: new Gauge({
      name: 'penstock_budget_used_ratio',
      help: "Share of this worker's lease that was used of late; 1 is all of it.",
      labelNames: ['account', 'endpoint'] as const,
      registers,
    }),
    concurrency: new Gauge({
      name: 'penstock_budget_concurrent_requests',
      help: 'Requests that may be under way at once: configured, leased to this worker, or learned from answers.',
      labelNames: ['account', 'kind'] as const,
      registers,
    }),
    concurrencyUsed: new Gauge({
      name: 'penstock_budget_concurrent_used_ratio',
      help: "Share of this worker's concurrency that was in use of late; 1 is all of it.",
      labelNames: ['account'] as const,
      registers,
    }),
    readsLeft: new Gauge({
      name: 'penstock_budget_reads_left',
      help: "Reads left of the account's month, as the issuer of its budget counts; every worker tells nearly the same.",
      labelNames: ['account'] as const,
      registers,
    }),
  };
}

function laneInstruments(registers: Registry[]) {
  return {
    laneBacklog: new Gauge({
      name: 'penstock_lane_backlog',
      help: "Tasks that wait in a lane, by Temporal's own approximation; every worker tells the same.",
      labelNames: ['account', 'lane'] as const,
      registers,
    }),
    laneAge: new Gauge({
      name: 'penstock_lane_backlog_age_seconds',
      help: 'Age of the oldest task that waits in a lane; every worker tells the same.',
      labelNames: ['account', 'lane'] as const,
      registers,
    }),
  };
}

function paymentInstruments(registers: Registry[]) {
  return {
    payments: new Counter({
      name: 'penstock_payments_total',
      help: 'Payments that came to a status; processing counts those that were taken up.',
      labelNames: ['account', 'status', 'merchant'] as const,
      registers,
    }),
    paymentStatus: new Histogram({
      name: 'penstock_payment_status_seconds',
      help: 'Time from the acceptance of a payment to each status it came to.',
      labelNames: ['status'] as const,
      buckets: STATUS_BUCKETS,
      registers,
    }),
  };
}

function webhookInstruments(registers: Registry[]) {
  return {
    webhooks: new Counter({
      name: 'penstock_webhooks_total',
      help: "Deliveries of Stripe's, by what became of them.",
      labelNames: ['account', 'outcome'] as const,
      registers,
    }),
    webhookAge: new Histogram({
      name: 'penstock_webhook_age_seconds',
      help: 'Age of events when Temporal has them, by when Stripe created them.',
      buckets: AGE_BUCKETS,
      registers,
    }),
    webhooksWaiting: new Gauge({
      name: 'penstock_webhooks_waiting',
      help: 'Events that wait in this process to be handed to Temporal.',
      labelNames: ['account'] as const,
      registers,
    }),
  };
}
