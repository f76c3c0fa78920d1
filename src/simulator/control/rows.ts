import { z } from 'zod';
import { CURRENCIES } from '../money.js';
import type { Charge } from '../objects/charge.js';
import type { PaymentIntent } from '../objects/payment-intent.js';
import { METHOD_TYPES } from '../objects/payment-method.js';
import type { Metadata } from '../objects/shared.js';
import { accountId } from '../requests/incoming.js';
import type { Simulator } from '../simulator.js';
import { apartBy, BadInput, exactly } from './input.js';

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
const metadata: z.ZodType<Metadata> = z.record(z.string(), z.string());
const currency = z
  .string()
  .regex(/^[a-z]{3}$/, { error: 'a currency is like eur', abort: true })
  .refine((code) => CURRENCIES.has(code), { error: ({ input }) => `Stripe takes no currency ${input}` });

/** What is looked into no deeper: an object that is there, of whatever fields. */
function some<T extends object>() {
  return z.custom<T>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be an object',
  );
}

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
  next_action: some<NonNullable<PaymentIntent['next_action']>>().nullable(),
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
  payment_method_details: some<Charge['payment_method_details']>(),
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

/** @throws BadInput for a charge that is not there. */
export function putObject({ store }: Simulator, key: string, body: unknown): unknown {
  const { table, row } = objectSchema.parse(body);
  const account = accountId(key);
  const charge = 'latest_charge' in row ? row.latest_charge : null;
  if (charge !== null && store.get(account, 'charges', charge) === undefined) {
    throw new BadInput(`row.latest_charge: there is no charge ${charge}`);
  }
  store.commit([[account, table, row]]);
  return row;
}
