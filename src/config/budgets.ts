import { z } from 'zod';
import { type Budget, LONGEST_ARRIVAL_MS, LONGEST_LEASE_MS, unitsOf } from '../control/budget.js';
import { ENDPOINTS, type Endpoint } from '../domain/endpoints.js';

/** What Stripe allows an account by default, requests per second: STRIPE.md "Rate limits", read in Stripe's docs 2026. */
const LIVE_REQUESTS_PER_SECOND = 100;
const SANDBOX_REQUESTS_PER_SECOND = 25;
/** At each endpoint, in either mode, unless Stripe has raised it. */
const ENDPOINT_REQUESTS_PER_SECOND = 25;
/** Of all that concerns files. */
const FILES_REQUESTS_PER_SECOND = 20;

/**
 * Requests under way at once. Stripe says that it limits them and not to how many; twice the rate is room for answers that
 * take two seconds each, and where Stripe allows less, its 429 says so and the governor learns it.
 */
const CONCURRENT_PER_REQUEST_PER_SECOND = 2;

/**
 * Stripe allows 500 reads for each transaction of the last 30 days, and 10,000 a month at least. What an account's
 * transactions allow it beyond that is for its people to say.
 */
const READS_PER_MONTH = 10_000;

const rate = z.number().min(1).max(10_000);

/** What people say of an account's budget; what they leave out is what Stripe allows by default. */
export const budgetSchema = z
  .strictObject({
    /** Over all endpoints. */
    requests_per_second: rate.optional(),
    /** At each endpoint that is not named. */
    requests_per_second_per_endpoint: rate.default(ENDPOINT_REQUESTS_PER_SECOND),
    /** At endpoints by name, where Stripe allows them another rate. */
    endpoints: z.partialRecord(z.enum(ENDPOINTS), rate).default({}),
    concurrent_requests: z.int().min(1).max(10_000).optional(),
    /** Over a rolling 30 days. */
    reads_per_month: z.int().min(1).max(1_000_000_000).default(READS_PER_MONTH),
    /**
     * How much later than another request may reach Stripe that was written at the same time. The wider, the less of the
     * budget is used: a request counts from its first byte until this much more than a second after it, or a second after its answer if
     * that comes sooner.
     */
    arrives_within_ms: z.int().min(0).max(LONGEST_ARRIVAL_MS).default(20),
    /** So many workers share the budget at most: what each may use alone while nobody shares it out. */
    max_workers: z.int().min(1).max(1_000).default(8),
    /** How long a worker may go on with its share without hearing of the others. */
    lease_ms: z.int().min(2_000).max(LONGEST_LEASE_MS).default(5_000),
    /**
     * How often it is looked whether the limits on the lanes are what they were set to. 0: they are left to people, and what
     * holds where those say nothing is each lane's part of the budget.
     */
    lane_check_ms: z.union([z.literal(0), z.int().min(1_000).max(3_600_000)]).default(10_000),
    /** The part of the budget that background work gets however much checkout needs. */
    background_floor: z.number().min(0.01).max(0.5).default(0.1),
  })
  .prefault({});

export type BudgetSettings = z.infer<typeof budgetSchema>;

/** The budget with what was left out filled in. */
export function toBudget(raw: BudgetSettings, livemode: boolean): Budget {
  const perSecond = raw.requests_per_second ?? (livemode ? LIVE_REQUESTS_PER_SECOND : SANDBOX_REQUESTS_PER_SECOND);
  return {
    perSecond,
    perEndpoint: raw.requests_per_second_per_endpoint,
    endpoints: {
      // Whoever keeps every endpoint below that means this one too.
      'files.contents': Math.min(FILES_REQUESTS_PER_SECOND, raw.requests_per_second_per_endpoint),
      ...(raw.endpoints as Readonly<Partial<Record<Endpoint, number>>>),
    },
    concurrent: raw.concurrent_requests ?? Math.ceil(perSecond * CONCURRENT_PER_REQUEST_PER_SECOND),
    readsPerMonth: raw.reads_per_month,
    arrivesWithinMs: raw.arrives_within_ms,
    maxWorkers: raw.max_workers,
    leaseMs: raw.lease_ms,
    laneCheckMs: raw.lane_check_ms,
    backgroundFloor: raw.background_floor,
  };
}

/** The fields by which people say what is shared out, by its unit; of the others each is an endpoint's. */
const FIELDS: Readonly<Record<string, string>> = {
  all: 'requests_per_second',
  each: 'requests_per_second_per_endpoint',
  concurrent: 'concurrent_requests',
};

/** What no set of workers could keep, as a field and a sentence; undefined of a budget that can be shared. */
export function budgetProblem(budget: Budget): string | undefined {
  // Reports' files are all that is read there, by work that can wait for a worker whose share lets it go.
  const { 'files.contents': _, ...endpoints } = budget.endpoints;
  const units = Object.entries(unitsOf({ ...budget, endpoints }));
  const [what, most] = units.reduce((least, unit) => (unit[1] < least[1] ? unit : least));
  const { maxWorkers } = budget;
  if (most >= maxWorkers) return undefined;
  const field = FIELDS[what] ?? `endpoints.${what}`;
  return `budget.${field}: less than one for each of ${maxWorkers} workers: raise it to ${maxWorkers}, or lower max_workers`;
}
