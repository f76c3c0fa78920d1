import { z } from 'zod';
import {
  apartBy,
  countrySchema,
  endpointSchema,
  eventPatternSchema,
  exactly,
  keySchema,
  metadataNameSchema,
  wrongName,
} from '../control/input.js';
import { RETRIED_FOR_MS } from '../delivery/retries.js';
import { METHOD_TYPES } from '../objects/payment-method.js';
import { isPattern, STAR_AT_END } from '../patterns.js';
import { LONGEST_METADATA_VALUE } from '../requests/params.js';
import { LONGEST_STEP_MS } from '../time/clock.js';
import { MINUTE_MS } from '../time/durations.js';
import { isRaised, type Known, knownOfEvents, knownOfRequests, RAISED_OF, raisesEvents, whyNever } from './reach.js';

/** Ten minutes of real time: what holds a connection. */
const LONGEST_HOLD_MS = 10 * MINUTE_MS;

/** A pattern of what Stripe takes as metadata: longer, it fits none. */
const metadataPattern = z
  .string()
  .min(1)
  .refine(isPattern, STAR_AT_END)
  .refine((pattern) => pattern.replace(/\*$/, '').length <= LONGEST_METADATA_VALUE, {
    error: `metadata values have up to ${LONGEST_METADATA_VALUE} characters`,
  });

/** Where a rule of any kind applies; what is left out does not matter. */
const where = {
  /** The secret key that opens the account. */
  key: keySchema.optional(),
  /** Of the payment: all of these, each exactly so or, with `*` at its end, beginning so. */
  metadata: z
    .record(metadataNameSchema.min(1), metadataPattern, { error: wrongName })
    .refine((metadata) => Object.keys(metadata).length > 0, 'names what a payment has to carry, or is left out')
    .optional(),
  /** Countries of the card or bank account. */
  regions: z.array(countrySchema).min(1).optional(),
  /** Types of payment method. */
  methods: z.array(z.enum(METHOD_TYPES)).min(1).optional(),
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

function endsAfterItBegins(rule: { from_ms: number; until_ms?: number | undefined }): boolean {
  return rule.until_ms === undefined || rule.until_ms > rule.from_ms;
}
const NEVER = { message: 'must be later than from_ms', path: ['until_ms'] };

interface Where {
  readonly metadata?: unknown;
  readonly regions?: readonly string[] | undefined;
  readonly methods?: readonly string[] | undefined;
}

/** Adds to a rule why it would never strike, at the field that says what it is about. */
function canStrike<Rule extends Where>(field: keyof Rule & string, knownOf: (rule: Rule) => Known) {
  return (rule: Rule, { addIssue }: z.core.$RefinementCtx<Rule>): void => {
    const message = whyNever(rule, knownOf(rule));
    if (message !== undefined) addIssue({ code: 'custom', path: [field], message });
  };
}

function isSomewhere({ regions, methods }: Where): boolean {
  const american = methods?.every((method) => method === 'us_bank_account') ?? false;
  return !american || regions === undefined || regions.includes('US');
}
const NOWHERE = { message: 'a us_bank_account is in the US', path: ['regions'] };

interface OfRequests extends Where {
  readonly kind?: string;
  readonly endpoint?: string | undefined;
}
const ofItsEndpoint = canStrike<OfRequests>('endpoint', ({ endpoint }) => knownOfRequests(endpoint));
const ofItsType = canStrike<Where & { type?: string | undefined }>('type', ({ type }) => knownOfEvents(type));

function comesAfterAWebhook({ kind, endpoint }: OfRequests): boolean {
  return kind !== 'webhook_first' || raisesEvents(endpoint);
}
const NO_EVENTS = { message: 'no webhook comes of it', path: ['endpoint'] };

/** Of a rule about requests; every endpoint when none is named. */
const ofRequests = { ...where, endpoint: endpointSchema.optional(), ...when, ...chance, ...times };

/** Statuses with which Stripe turns a request away (docs.stripe.com/api/errors): before its effect, and kept under no key. */
const REFUSALS = [400, 401, 403, 404, 409, 424, 429] as const;

const rejectSchema = exactly({
  ...ofRequests,
  kind: z.literal('reject'),
  status: z
    .literal(REFUSALS, {
      error: ({ input }) =>
        input === 402
          ? 'a 402 is a declined card, and kept under the key: pay with a test card that declines, such as pm_card_chargeDeclined'
          : `Stripe refuses with ${REFUSALS.join(', ')}`,
    })
    .default(429),
  code: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,99}$/, 'a code is like parameter_invalid')
    .optional(),
  /** `Stripe-Rate-Limited-Reason`, of Stripe's or one that it may come to have; without one it is a lock time-out. */
  reason: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,99}$/, 'a reason is like global-rate')
    .optional(),
}).refine(({ status, reason }) => reason === undefined || status === 429, {
  message: 'goes with a 429 alone',
  path: ['reason'],
});

/**
 * What can go wrong with a request, as `<what>_before` its effect, of which there is then none unless the fault only takes
 * time, or `<what>_after` it, which stands whatever becomes of the reply:
 * `reset` the connection is reset · `hang` no answer ever comes · `truncate` the body ends half way · `gibberish` the body is
 * no object · `bad_gateway` a 502 in HTML · `error` a 500, kept under the key · `delay` it takes `delay_ms` longer ·
 * `hold` it waits until it is released. Besides, `reject` refuses it and `webhook_first` answers once the webhooks were.
 */
const requestFaultSchema = apartBy('kind', [
  exactly({
    ...ofRequests,
    kind: z.enum([
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
      'hold_before',
      'hold_after',
      'webhook_first',
    ]),
  }),
  exactly({
    ...ofRequests,
    kind: z.enum(['delay_before', 'delay_after']),
    delay_ms: z.int().min(1).max(LONGEST_HOLD_MS).default(1_000),
  }),
  rejectSchema,
])
  .refine(endsAfterItBegins, NEVER)
  .refine(isSomewhere, NOWHERE)
  .refine(comesAfterAWebhook, NO_EVENTS)
  .superRefine(ofItsEndpoint);

/** Of the types that Stripe has, one that comes about here. */
const raisedSchema = eventPatternSchema.pipe(
  z.string().refine(isRaised, {
    error: ({ input }) => `no ${input} comes about here; there are events of ${RAISED_OF.join(', ')}`,
  }),
);

/** Of a rule about webhooks; every type when none is named. */
const ofWebhooks = { ...where, type: raisedSchema.optional(), ...when, ...chance, ...times };

/** No webhook is tried for longer. */
const webhookDelay = z.int().min(1).max(RETRIED_FOR_MS).default(500);

/** What can go wrong with a webhook. */
const webhookFaultSchema = apartBy('kind', [
  exactly({ ...ofWebhooks, kind: z.enum(['drop', 'twin']) }),
  /** `copies`: how often it comes in all. */
  exactly({ ...ofWebhooks, kind: z.literal('duplicate'), copies: z.int().min(2).max(20).default(3) }),
  /** How long, by the simulator's clock; of `shuffle`: up to how long. */
  exactly({ ...ofWebhooks, kind: z.literal('delay'), delay_ms: webhookDelay }),
  exactly({ ...ofWebhooks, kind: z.literal('shuffle'), delay_ms: webhookDelay }),
])
  .refine(endsAfterItBegins, NEVER)
  .refine(isSomewhere, NOWHERE)
  .superRefine(ofItsType);

const ms = z.number().min(0).max(LONGEST_HOLD_MS);

const distributionSchema = apartBy('kind', [
  exactly({ kind: z.literal('fixed'), ms }),
  exactly({ kind: z.literal('uniform'), min_ms: ms, max_ms: ms }).refine(({ min_ms, max_ms }) => min_ms <= max_ms, {
    message: 'must not be less than min_ms',
    path: ['max_ms'],
  }),
  exactly({ kind: z.literal('lognormal'), p50_ms: ms.gt(0), p99_ms: ms.gt(0) }).refine(
    ({ p50_ms, p99_ms }) => p50_ms <= p99_ms,
    { message: 'must not be less than p50_ms', path: ['p99_ms'] },
  ),
]);

/** How long a request takes until it has its effect: the first that matches counts. */
const latencySchema = exactly({
  ...where,
  endpoint: endpointSchema.optional(),
  ...when,
  distribution: distributionSchema,
  /** At first `factor` times as long, and less and less so until `for_ms` after the rule began to apply. */
  slow_start: exactly({ for_ms: z.int().min(1), factor: z.number().min(1).max(1_000) }).optional(),
})
  .refine(endsAfterItBegins, NEVER)
  .refine(isSomewhere, NOWHERE)
  .superRefine(ofItsEndpoint);

/** What becomes of money days later: of a charge once it was taken, or of a refund once it was made. */
const sequelSchema = exactly({
  ...where,
  ...when,
  ...chance,
  ...times,
  kind: z.enum(['dispute', 'inquiry', 'refund_pending', 'refund_fails']),
  /** By the simulator's clock; as long as with the test payment methods when left out. */
  after_ms: z.int().min(0).max(LONGEST_STEP_MS).optional(),
})
  .refine(endsAfterItBegins, NEVER)
  .refine(isSomewhere, NOWHERE);

export const faultsSchema = exactly({
  seed: z.int().default(1),
  requests: z.array(requestFaultSchema).default([]),
  latency: z.array(latencySchema).default([]),
  webhooks: z.array(webhookFaultSchema).default([]),
  sequels: z.array(sequelSchema).default([]),
});

export type Faults = z.infer<typeof faultsSchema>;
export type RequestFault = Faults['requests'][number];
export type Rejection = Extract<RequestFault, { kind: 'reject' }>;
export type WebhookFault = Faults['webhooks'][number];
export type SequelRule = Faults['sequels'][number];
export type LatencyRule = Faults['latency'][number];
export type Distribution = LatencyRule['distribution'];
