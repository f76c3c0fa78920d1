import { z } from 'zod';
import { endpointSchema, exactly, keySchema, wrongName } from '../control/input.js';

/** Null is no limit; 0 lets nothing through. */
const limit = z.int().min(0).nullable();

const ownSchema = exactly({
  requests_per_second: limit.default(null),
  concurrent_requests: limit.default(null),
});

const fields = {
  /** Over all endpoints together. */
  requests_per_second: limit,
  /** Of each endpoint that is not named in `endpoints`. */
  endpoint_requests_per_second: limit,
  /** Of all search endpoints together, instead of the former; and of all that concern files. */
  search_requests_per_second: limit,
  files_requests_per_second: limit,
  /** Under way at once, over all endpoints together. */
  concurrent_requests: limit,
  /** Under way at once, of each endpoint that is not named in `endpoints`. */
  endpoint_concurrent_requests: limit,
  /** By name, such as `payment_intents.create`: instead of what holds for each. */
  endpoints: z.record(endpointSchema, ownSchema, { error: wrongName }),
  /** Writes to one PaymentIntent in any hour of the simulator's clock. */
  intent_updates_per_hour: limit,
  /** Reads in any 30 days of the simulator's clock: `floor`, or `per_transaction` for each charge that succeeded. */
  reads: exactly({ floor: z.int().min(0), per_transaction: z.int().min(0) }).nullable(),
  /** Of two calls in flight on one object, one of them a write, the second is a `lock_timeout`. */
  object_locks: z.boolean(),
};

/** What one account may do. */
export type Limits = Readonly<z.infer<z.ZodObject<typeof fields>>>;

export const OFF: Limits = {
  requests_per_second: null,
  endpoint_requests_per_second: null,
  search_requests_per_second: null,
  files_requests_per_second: null,
  concurrent_requests: null,
  endpoint_concurrent_requests: null,
  endpoints: {},
  intent_updates_per_hour: null,
  reads: null,
  object_locks: false,
};

const SANDBOX: Limits = {
  ...OFF,
  requests_per_second: 25,
  endpoint_requests_per_second: 25,
  search_requests_per_second: 20,
  files_requests_per_second: 20,
  endpoints: { 'payouts.create': { requests_per_second: 15, concurrent_requests: 30 } },
  intent_updates_per_hour: 1_000,
  object_locks: true,
};

/**
 * What Stripe documents (docs.stripe.com/rate-limits). It counts reads and writes of files apart; here they share the 20.
 * How many requests may be under way at once it does not say, so that is left open.
 */
const PRESETS = {
  sandbox: SANDBOX,
  live: { ...SANDBOX, requests_per_second: 100, reads: { floor: 10_000, per_transaction: 500 } },
} as const;

const { endpoints, ...others } = fields;

/** Limits as somebody sets them: what is left out is off, or as in the preset. */
export const limitsSchema = exactly({
  /** The secret key that opens the account; every account without limits of its own when left out. */
  key: keySchema.optional(),
  preset: z.enum(['sandbox', 'live']).optional(),
  endpoints: endpoints.default({}),
  ...z.object(others).partial().shape,
}).transform(({ key, preset, endpoints, ...given }) => {
  const base = preset === undefined ? OFF : PRESETS[preset];
  const limits = { ...base, ...given, endpoints: { ...base.endpoints, ...endpoints } } as Limits;
  return { key, limits };
});
