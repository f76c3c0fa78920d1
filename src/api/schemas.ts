import { z } from 'zod';
import { NAME_PATTERN, parsePaymentId } from '../domain/ids.js';
import { LABEL_PREFIX } from '../domain/intent.js';
import { isCurrency, MAX_AMOUNT } from '../domain/money.js';
import type { PaymentRequest } from '../domain/request.js';
import { findCardData, isCardData } from './card-data.js';
import { type FieldError, invalid } from './errors.js';

const name = z.string().regex(NAME_PATTERN, '1 to 64 of A-Z a-z 0-9 _ -');

/** The furthest `expires_at` may lie ahead, in seconds. */
export const LONGEST_EXPIRY_SECONDS = 7 * 86_400;

const metadata = z
  .record(
    z
      .string()
      .min(1)
      .max(40)
      .regex(/^[^[\]]*$/, 'keys may not contain [ or ]')
      .refine((key) => !key.startsWith(LABEL_PREFIX), `keys may not begin with ${LABEL_PREFIX}`),
    z.string().max(500),
  )
  .refine((entries) => Object.keys(entries).length <= 40, 'at most 40 keys')
  .default({});

const paymentMethod = z
  .string()
  .regex(/^(pm|card|src|ba)_[A-Za-z0-9_]{1,200}$/, "one of Stripe's tokens, such as pm_…")
  .describe("Stripe's token; never a card number.");

const amount = z.int().min(1).max(MAX_AMOUNT).describe('Integer, in minor units.');

export const createPaymentSchema = z
  .strictObject({
    merchant: name.describe('Whose payment it is. With the reference it names the payment.'),
    reference: name.describe('Your own name for the payment; the same reference is never charged twice.'),
    amount,
    currency: z.string().refine(isCurrency, 'a lower-case ISO 4217 code that Stripe can charge'),
    payment_method: paymentMethod,
    customer: z
      .string()
      .regex(/^cus_[A-Za-z0-9_]{1,200}$/, "one of Stripe's tokens, such as cus_…")
      .optional(),
    capture_method: z
      .enum(['automatic', 'manual'])
      .default('automatic')
      .describe("manual: authorize only; a capture within the authorization's life collects."),
    priority: z.enum(['checkout', 'renewal', 'background']).default('checkout'),
    country: z
      .string()
      .regex(/^[A-Z]{2}$/, 'two upper-case letters, ISO 3166-1')
      .optional()
      .describe("The buyer's country."),
    off_session: z.boolean().default(false).describe('Nobody is there to authenticate or offer another card.'),
    expires_at: z.int().min(1).max(9_999_999_999).optional().describe('Unix seconds, at most 7 days ahead.'),
    return_url: z
      .url({ protocol: /^https?$/ })
      .max(2048)
      .optional(),
    description: z.string().max(1000).optional(),
    metadata,
  })
  .meta({ id: 'CreatePayment' });

export const cancelSchema = z.strictObject({}).meta({ id: 'CancelPayment' });

export const confirmSchema = z.strictObject({ payment_method: paymentMethod }).meta({ id: 'ConfirmPayment' });

export const captureSchema = z
  .strictObject({ amount: amount.optional().describe('Minor units; everything that is authorized when left out.') })
  .meta({ id: 'CapturePayment' });

export const refundRequestSchema = z
  .strictObject({
    reference: name.describe('Your own name for the refund; the same reference is never given back twice.'),
    amount: amount.optional().describe('Minor units; everything that is left when left out.'),
    reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
  })
  .meta({ id: 'RefundPayment' });

export const STATUSES = [
  'processing',
  'requires_action',
  'requires_payment_method',
  'authorized',
  'succeeded',
  'failed',
  'canceled',
] as const;

export const listQuerySchema = z.strictObject({
  merchant: name.optional(),
  status: z.enum(STATUSES).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,4096}$/, 'a next_cursor as it was given')
    .optional(),
});

/** How long `?wait=` may be, seconds: below the minute after which many proxies give up. */
export const LONGEST_WAIT_SECONDS = 55;

export const getQuerySchema = z.strictObject({
  wait: z.coerce.number().min(0).max(LONGEST_WAIT_SECONDS).default(0),
});

export const paymentIdSchema = z.string().refine((id) => parsePaymentId(id) !== undefined, 'a payment id');

const failureSchema = z.object({
  kind: z.enum(['declined', 'invalid_request', 'canceled', 'expired']),
  code: z.string().nullable(),
  decline_code: z.string().nullable(),
  message: z.string(),
});

export const workflowSchema = z.object({
  id: z.string(),
  run_id: z.string(),
  status: z.string(),
  url: z.string().nullable(),
});

/** What the API shows of a refund. */
export const refundSchema = z
  .object({
    object: z.literal('refund'),
    id: z.string(),
    payment: z.string(),
    reference: z.string().nullable().describe('Null for a refund that was made elsewhere.'),
    status: z.enum(['processing', 'pending', 'requires_action', 'succeeded', 'failed', 'canceled']),
    final: z.boolean(),
    outcome: z.literal('unknown').optional(),
    refund: z.string().nullable(),
    payment_intent: z.string().nullable(),
    amount: z.int(),
    currency: z.string(),
    reason: z.string().nullable(),
    account: z.string(),
    failure: failureSchema.nullable(),
    created_at: z.iso.datetime(),
    workflow: workflowSchema,
  })
  .meta({ id: 'Refund' });

export type RefundView = z.infer<typeof refundSchema>;

/** What the API shows of a dispute; `status` is Stripe's own. */
export const disputeSchema = z
  .object({
    object: z.literal('dispute'),
    id: z.string(),
    dispute: z.string(),
    status: z.string(),
    final: z.boolean(),
    amount: z.int(),
    currency: z.string(),
    reason: z.string().nullable(),
    account: z.string(),
    payment_intent: z.string().nullable(),
    evidence_due_by: z.iso.datetime().nullable(),
    amount_withdrawn: z.int().describe('The disputed money that was withdrawn, without the fee Stripe takes for it.'),
    amount_reinstated: z.int().describe('What of it came back, without that fee.'),
    balance_currency: z.string().nullable().describe('Of the two amounts before it.'),
    created_at: z.iso.datetime(),
    workflow: workflowSchema,
  })
  .meta({ id: 'Dispute' });

export type DisputeView = z.infer<typeof disputeSchema>;

const ONLY_A_PART =
  'Only a part could be found out: no worker answered, or refunds and disputes may be missing. Ask again.';

/** What the API shows of a payment. */
export const paymentSchema = z
  .object({
    object: z.literal('payment'),
    id: z.string(),
    merchant: z.string(),
    reference: z.string(),
    status: z.enum(STATUSES),
    final: z.boolean(),
    outcome: z.literal('unknown').optional(),
    amount: z.int(),
    currency: z.string(),
    amount_capturable: z.int(),
    amount_captured: z.int(),
    amount_refunded: z.int(),
    disputed: z.boolean(),
    account: z.string(),
    payment_intent: z.string().nullable(),
    refunds: z.array(refundSchema),
    disputes: z.array(disputeSchema),
    capture_method: z.enum(['automatic', 'manual']).optional(),
    priority: z.enum(['checkout', 'renewal', 'background']).optional(),
    off_session: z.boolean().optional(),
    customer: z.string().optional(),
    country: z.string().optional(),
    metadata: z.record(z.string(), z.string()).optional(),
    next_action: z
      .object({
        type: z.string(),
        client_secret: z.string().nullable().describe('For Stripe.js, in the browser of this customer alone.'),
        redirect_to_url: z.string().nullable(),
      })
      .nullable(),
    failure: failureSchema.nullable(),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime().optional(),
    timeline: z.array(z.object({ at: z.iso.datetime(), source: z.string(), what: z.string() })).optional(),
    workflow: workflowSchema,
    stale: z.boolean().optional().describe(ONLY_A_PART),
  })
  .meta({ id: 'Payment' });

export type PaymentView = z.infer<typeof paymentSchema>;

export const paymentListSchema = z
  .object({
    object: z.literal('list'),
    data: z.array(
      paymentSchema.pick({
        object: true,
        id: true,
        merchant: true,
        reference: true,
        status: true,
        amount: true,
        currency: true,
        account: true,
        created_at: true,
      }),
    ),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'PaymentList' });

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

/** The request, checked and normalised. @throws Problem 422 with the path of each error. */
export function parsePaymentRequest(body: unknown): PaymentRequest {
  return normalised(parseSafely(createPaymentSchema, body));
}

/** One spelling for a field that was left out: it is not there. */
export function normalised(request: z.output<typeof createPaymentSchema>): PaymentRequest {
  const { customer, country, expires_at, return_url, description, ...rest } = request;
  return {
    ...rest,
    ...(customer === undefined ? {} : { customer }),
    ...(country === undefined ? {} : { country }),
    ...(expires_at === undefined ? {} : { expires_at }),
    ...(return_url === undefined ? {} : { return_url }),
    ...(description === undefined ? {} : { description }),
  };
}

/** Parses a body in which nothing may look like card data. @throws Problem 422 with the path of each error. */
export function parseSafely<T>(schema: z.ZodType<T>, body: unknown): T {
  const cards = findCardData(body);
  const result = schema.safeParse(body);
  if (result.success && cards.length === 0) return result.data;
  const others = result.success ? [] : result.error.issues.flatMap(toFieldErrors);
  throw invalid([...cards, ...withoutCards(others, cards)]);
}

/** A field that holds a card number is named once, and a key that is one is not repeated at all. */
function withoutCards(errors: readonly FieldError[], cards: readonly FieldError[]): FieldError[] {
  return errors.filter(({ path }) => !isCardData(path) && !cards.some((card) => card.path === path));
}

/** Parses or throws a 422 naming every field. zod's messages name expectations and never the value. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = withoutCards(result.error.issues.flatMap(toFieldErrors), []);
  throw invalid(errors.length > 0 ? errors : [{ path: '[masked]', message: 'unknown field' }]);
}

function toFieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key.slice(0, 64)].join('.'), message: 'unknown field' }));
  }
  // A record's key that is wrong: zod keeps the reason inside.
  const inner = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined;
  return [{ path: path.join('.').slice(0, 200), message: inner ?? issue.message }];
}
