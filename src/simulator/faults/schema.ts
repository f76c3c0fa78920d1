import { z } from 'zod';
import { keySchema } from '../control/input.js';
import { isEndpoint } from '../requests/routes.js';
import { LONGEST_STEP_MS } from '../time/clock.js';

/** Three days: no webhook is tried for longer. */
const LONGEST_DELAY_MS = 3 * 24 * 60 * 60_000;
/** Ten minutes of real time: what holds a connection. */
const LONGEST_HOLD_MS = 600_000;

/** Where a rule of any kind applies; what is left out does not matter. */
const where = {
  /** The secret key that opens the account. */
  key: keySchema.optional(),
  /** Of the payment: all of these, each exactly so or, with `*` at its end, beginning so. */
  metadata: z.record(z.string().min(1), z.string().min(1)).optional(),
  /** Countries of the card or bank account, ISO 3166. */
  regions: z
    .array(z.string().regex(/^[A-Z]{2}$/, 'a country is like DE'))
    .min(1)
    .optional(),
  /** Types of payment method, such as `card` or `sepa_debit`. */
  methods: z.array(z.string().min(1)).min(1).optional(),
};

/** When it applies: ms of the simulator's clock since the script was put. */
const when = {
  from_ms: z.int().min(0).default(0),
  /** It no longer applies then. */
  until_ms: z.int().min(1).optional(),
};

const chance = {
  /** The share of what matches that it strikes. */
  rate: z.number().min(0).max(1).default(1),
};

const times = {
  /** How many it strikes at most. */
  times: z.int().min(1).optional(),
};

/** Such as `payment_intents.create`; every endpoint when left out. */
const endpoint = z.string().refine(isEndpoint, 'there is no such endpoint').optional();

function endsAfterItBegins(rule: { from_ms: number; until_ms?: number | undefined }): boolean {
  return rule.until_ms === undefined || rule.until_ms > rule.from_ms;
}
const NEVER = { message: 'must be later than from_ms', path: ['until_ms'] };

/**
 * What can go wrong with a request, as `<what>_before` its effect, of which there is then none unless the fault only takes
 * time, or `<what>_after` it, which stands whatever becomes of the reply:
 * `reset` the connection is reset · `hang` no answer ever comes · `truncate` the body ends half way · `gibberish` the body is
 * no object · `bad_gateway` a 502 in HTML · `error` a 500, kept under the key · `delay` it takes `delay_ms` longer ·
 * `hold` it waits until it is released. Besides, `reject` refuses it and `webhook_first` answers once the webhooks were.
 */
const REQUEST_FAULTS = [
  'reset_before',
  'reset_after',
  'hang_before',
  'hang_after',
  'truncate_before',
  'truncate_after',
  'gibberish_before',
  'gibberish_after',
  'bad_gateway_before',
  'bad_gateway_after',
  'error_before',
  'error_after',
  'delay_before',
  'delay_after',
  'hold_before',
  'hold_after',
  'reject',
  'webhook_first',
] as const;

const requestFaultSchema = z
  .strictObject({
    ...where,
    endpoint,
    ...when,
    ...chance,
    ...times,
    kind: z.enum(REQUEST_FAULTS),
    /** Of `reject`: the answer. */
    status: z.int().min(400).max(499).default(429),
    code: z.string().optional(),
    /** Of `reject` with 429: `Stripe-Rate-Limited-Reason`; without one it is a lock time-out. */
    reason: z.string().optional(),
    delay_ms: z.int().min(0).max(LONGEST_HOLD_MS).default(1_000),
  })
  .refine(endsAfterItBegins, NEVER);

/** What can go wrong with a webhook. */
const webhookFaultSchema = z
  .strictObject({
    ...where,
    /** Such as `payment_intent.succeeded`; every type when left out. */
    type: z.string().optional(),
    ...when,
    ...chance,
    ...times,
    kind: z.enum(['drop', 'duplicate', 'delay', 'shuffle', 'twin']),
    /** Of `duplicate`: how often it comes in all. */
    copies: z.int().min(2).max(20).default(3),
    /** Of `delay`: how long, by the simulator's clock; of `shuffle`: up to how long. */
    delay_ms: z.int().min(0).max(LONGEST_DELAY_MS).default(500),
  })
  .refine(endsAfterItBegins, NEVER);

const ms = z.number().min(0).max(LONGEST_HOLD_MS);

const distributionSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fixed'), ms }),
  z
    .strictObject({ kind: z.literal('uniform'), min_ms: ms, max_ms: ms })
    .refine(({ min_ms, max_ms }) => min_ms <= max_ms, { message: 'must not be less than min_ms', path: ['max_ms'] }),
  z
    .strictObject({ kind: z.literal('lognormal'), p50_ms: ms.gt(0), p99_ms: ms.gt(0) })
    .refine(({ p50_ms, p99_ms }) => p50_ms <= p99_ms, { message: 'must not be less than p50_ms', path: ['p99_ms'] }),
]);

/** How long a request takes until it has its effect: the first that matches counts. */
const latencySchema = z
  .strictObject({
    ...where,
    endpoint,
    ...when,
    distribution: distributionSchema,
    /** At first `factor` times as long, and less and less so until `for_ms` after the rule began to apply. */
    slow_start: z.strictObject({ for_ms: z.int().min(1), factor: z.number().min(1).max(1_000) }).optional(),
  })
  .refine(endsAfterItBegins, NEVER);

/** What becomes of money days later: of a charge once it was taken, or of a refund once it was made. */
const sequelSchema = z
  .strictObject({
    ...where,
    ...when,
    ...chance,
    ...times,
    kind: z.enum(['dispute', 'inquiry', 'refund_pending', 'refund_fails']),
    /** By the simulator's clock; as long as with the test payment methods when left out. */
    after_ms: z.int().min(0).max(LONGEST_STEP_MS).optional(),
  })
  .refine(endsAfterItBegins, NEVER);

export const faultsSchema = z.strictObject({
  seed: z.int().default(1),
  requests: z.array(requestFaultSchema).default([]),
  latency: z.array(latencySchema).default([]),
  webhooks: z.array(webhookFaultSchema).default([]),
  sequels: z.array(sequelSchema).default([]),
});

export type Faults = z.infer<typeof faultsSchema>;
export type RequestFault = Faults['requests'][number];
export type WebhookFault = Faults['webhooks'][number];
export type SequelRule = Faults['sequels'][number];
export type LatencyRule = Faults['latency'][number];
export type Distribution = LatencyRule['distribution'];
