import { z } from 'zod';
import { CURRENCIES } from '../money.js';
import type { Charge, PaymentMethodDetails } from '../objects/charge.js';
import type { NextAction, PaymentIntent } from '../objects/payment-intent.js';
import { METHOD_TYPES } from '../objects/payment-method.js';
import type { Metadata } from '../objects/shared.js';
import { accountId } from '../requests/incoming.js';
import { LONGEST_METADATA_VALUE } from '../requests/params.js';
import type { Simulator } from '../simulator.js';
import { apartBy, exactly, metadataNameSchema, wrongName } from './input.js';
import { refuseUnfitCharge, refuseUnfitIntent } from './row-fits.js';

/**
 * Rows that are put as they are: a state that only time or a bank would bring about. The compiler holds each schema to the
 * table's own type: a row has all that a row of Stripe's making has, or else everything that reads it would trip.
 */

/** Minor units. */
const amount = z.int().min(0).max(99_999_999_999);
/** Unix seconds. */
const time = z.int().min(0);
const text = z.string();
const maybe = z.string().nullable();
const metadata: z.ZodType<Metadata> = z.record(
  metadataNameSchema,
  text.max(LONGEST_METADATA_VALUE, `metadata values have up to ${LONGEST_METADATA_VALUE} characters`),
  { error: wrongName },
);
const currency = z
  .string()
  .regex(/^[a-z]{3}$/, { error: 'a currency is like eur', abort: true })
  .refine((code) => CURRENCIES.has(code), { error: ({ input }) => `Stripe takes no currency ${input}` });

/** What is looked into no deeper: an object that is there, of whatever fields. */
function some<T extends object>() {
  return z.custom<T>(isObject, { error: 'must be an object', abort: true });
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where the customer goes, and comes back to by its own `return_url`. */
const nextAction: z.ZodType<NextAction> = apartBy('type', [
  exactly({
    type: z.literal('redirect_to_url'),
    redirect_to_url: exactly({ url: text, return_url: text.refine((url) => URL.canParse(url), 'must be a whole URL') }),
  }),
  exactly({
    type: z.literal('use_stripe_sdk'),
    use_stripe_sdk: exactly({ type: z.literal('three_d_secure_redirect'), stripe_js: text }),
  }),
]);

/** Its type, and the part that is named after it. */
const methodDetails = some<PaymentMethodDetails>()
  .refine(({ type }) => METHOD_TYPES.includes(type), {
    message: `there are ${METHOD_TYPES.join(', ')}`,
    path: ['type'],
    abort: true,
  })
  .superRefine((details, { addIssue }) => {
    if (isObject(details[details.type])) return;
    addIssue({ code: 'custom', path: [details.type], message: 'must be an object, as the type says' });
  });

const intentSchema = exactly({
  id: z.string().regex(/^pi_\w+$/, 'an intent is like pi_1'),
  object: z.literal('payment_intent'),
  allowed_payment_method_types: z.array(text).nullable(),
  amount,
  amount_capturable: amount,
  amount_details: some<PaymentIntent['amount_details']>(),
  amount_received: amount,
  application: z.null(),
  application_fee_amount: z.null(),
  automatic_payment_methods: exactly({ enabled: z.boolean(), allow_redirects: z.enum(['always', 'never']) }).nullable(),
  canceled_at: time.nullable(),
  cancellation_reason: maybe,
  capture_method: z.enum(['automatic', 'automatic_async', 'manual']),
  client_secret: text,
  confirmation_method: z.enum(['automatic', 'manual']),
  created: time,
  currency,
  customer: maybe,
  customer_account: z.null(),
  description: maybe,
  excluded_payment_method_types: z.array(text).nullable(),
  last_payment_error: some<NonNullable<PaymentIntent['last_payment_error']>>().nullable(),
  latest_charge: maybe,
  livemode: z.boolean(),
  managed_payments: exactly({ enabled: z.literal(false) }),
  metadata,
  next_action: nextAction.nullable(),
  on_behalf_of: z.null(),
  payment_method: maybe,
  payment_method_configuration_details: z.null(),
  payment_method_options: some<PaymentIntent['payment_method_options']>(),
  payment_method_types: z.array(z.enum(METHOD_TYPES)),
  processing: z.null(),
  receipt_email: maybe,
  review: z.null(),
  setup_future_usage: maybe,
  shipping: some<NonNullable<PaymentIntent['shipping']>>().nullable(),
  statement_descriptor: maybe,
  statement_descriptor_suffix: maybe,
  status: z.enum([
    'requires_payment_method',
    'requires_confirmation',
    'requires_action',
    'processing',
    'requires_capture',
    'canceled',
    'succeeded',
  ]),
  transfer_data: z.null(),
  transfer_group: maybe,
}).refine(({ status, next_action }) => (status === 'requires_action') === (next_action !== null), {
  message: 'there is one while the status is requires_action, and then alone',
  path: ['next_action'],
}) satisfies z.ZodType<PaymentIntent>;

const chargeSchema = exactly({
  id: z.string().regex(/^(ch|py)_\w+$/, 'a charge is like ch_1'),
  object: z.literal('charge'),
  amount,
  amount_captured: amount,
  amount_refunded: amount,
  application: z.null(),
  application_fee: z.null(),
  application_fee_amount: z.null(),
  balance_transaction: maybe,
  billing_details: some<Charge['billing_details']>(),
  calculated_statement_descriptor: maybe,
  captured: z.boolean(),
  created: time,
  currency,
  customer: maybe,
  description: maybe,
  disputed: z.boolean(),
  failure_balance_transaction: z.null(),
  failure_code: maybe,
  failure_message: maybe,
  fraud_details: z.record(text, text),
  livemode: z.boolean(),
  metadata,
  on_behalf_of: z.null(),
  outcome: some<Charge['outcome']>(),
  paid: z.boolean(),
  payment_intent: text,
  payment_method: text,
  payment_method_details: methodDetails,
  radar_options: some<Charge['radar_options']>(),
  receipt_email: maybe,
  receipt_number: z.null(),
  receipt_url: maybe,
  refunded: z.boolean(),
  review: z.null(),
  shipping: some<NonNullable<Charge['shipping']>>().nullable(),
  source_transfer: z.null(),
  statement_descriptor: maybe,
  statement_descriptor_suffix: maybe,
  status: z.enum(['succeeded', 'failed', 'pending']),
  transfer_data: z.null(),
  transfer_group: maybe,
})
  .refine(({ amount, amount_captured }) => amount_captured <= amount, {
    message: 'no more than the amount can be captured',
    path: ['amount_captured'],
  })
  .refine(({ amount_captured, amount_refunded }) => amount_refunded <= amount_captured, {
    message: 'no more than was captured can be refunded',
    path: ['amount_refunded'],
  }) satisfies z.ZodType<Charge>;

const objectSchema = apartBy('table', [
  exactly({ table: z.literal('payment_intents'), row: intentSchema }),
  exactly({ table: z.literal('charges'), row: chargeSchema }),
]);

/** @throws BadInput for a row that what is beside it does not fit. */
export function putObject({ store }: Simulator, key: string, body: unknown): unknown {
  const given = objectSchema.parse(body);
  const account = accountId(key);
  if (given.table === 'charges') refuseUnfitCharge(store, account, given.row);
  else refuseUnfitIntent(store, account, given.row);
  store.commit([[account, given.table, given.row]]);
  return given.row;
}
