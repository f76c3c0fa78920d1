import { nowSeconds, type Operation, type RequestContext, raise } from '../context.js';
import { invalidRequest, noSuch } from '../errors.js';
import { LIST_PARAMS, page } from '../lists.js';
import type { PaymentIntent } from '../objects.js';
import { boolean, integer, metadataOf, nested, oneOf, onlyKnown, required, text } from '../params.js';
import { typesFor } from '../payment-methods.js';
import { checkReturnUrl, confirm, resolveMethod } from './confirming.js';
import { findIntent } from './intents.js';

const CREATE_PARAMS = [
  'amount',
  'automatic_payment_methods',
  'capture_method',
  'confirm',
  'currency',
  'customer',
  'description',
  'error_on_requires_action',
  'expand',
  'mandate_data',
  'metadata',
  'off_session',
  'payment_method',
  'receipt_email',
  'return_url',
  'setup_future_usage',
  'statement_descriptor',
  'statement_descriptor_suffix',
];

const SMALLEST_AMOUNT = 1;
const LARGEST_AMOUNT = 99_999_999;

export const createIntent: Operation = (context) => {
  const { params, tx } = context;
  onlyKnown(params, CREATE_PARAMS);
  const amount = integer(params, 'amount');
  if (amount === undefined) required(params, 'amount');
  if (amount === undefined || amount < SMALLEST_AMOUNT || amount > LARGEST_AMOUNT) {
    const code = (amount ?? 0) > LARGEST_AMOUNT ? 'amount_too_large' : 'amount_too_small';
    throw invalidRequest('Amount must be from 1 to 99999999.', code, 'amount');
  }
  const currency = required(params, 'currency').toLowerCase();
  if (!/^[a-z]{3}$/.test(currency)) throw invalidRequest(`Invalid currency: ${currency}`, undefined, 'currency');
  const customer = text(params, 'customer') ?? null;
  if (customer !== null && tx.get('customers', customer) === undefined) throw noSuch('customer', customer, 'customer');

  const intent = blankIntent(context, amount, currency, customer);
  const token = text(params, 'payment_method');
  const method = token === undefined ? undefined : resolveMethod(context, token, intent);
  if (method !== undefined) {
    intent.payment_method = method.id;
    intent.status = 'requires_confirmation';
  }
  const confirming = boolean(params, 'confirm');
  if (confirming && method === undefined) {
    throw invalidRequest(
      'You cannot confirm without a payment method.',
      'payment_intent_unexpected_state',
      'payment_method',
    );
  }
  // Checked before anything exists: a refusal leaves nothing behind.
  if (confirming) checkReturnUrl(context, intent);
  raise(context, 'payment_intent.created', intent);
  tx.put('payment_intents', intent);
  if (confirming && method !== undefined) confirm(context, intent, method);
  return intent;
};

export const retrieveIntent: Operation = (context, id) => {
  onlyKnown(context.params, ['expand', 'client_secret']);
  return findIntent(context, id);
};

export const listIntents: Operation = ({ params, tx }) => {
  onlyKnown(params, [...LIST_PARAMS, 'customer']);
  const customer = text(params, 'customer');
  const rows = tx.all('payment_intents').filter((intent) => customer === undefined || intent.customer === customer);
  return page(rows, params, '/v1/payment_intents');
};

function blankIntent(
  context: RequestContext,
  amount: number,
  currency: string,
  customer: string | null,
): PaymentIntent {
  const { params } = context;
  const id = context.newId('pi');
  const automatic = nested(params, 'automatic_payment_methods');
  const captureMethod =
    oneOf(params, 'capture_method', ['automatic', 'automatic_async', 'manual']) ?? 'automatic_async';
  const allowRedirects = automatic === undefined ? undefined : oneOf(automatic, 'allow_redirects', ['always', 'never']);
  return {
    id,
    object: 'payment_intent',
    amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods:
      automatic === undefined
        ? { enabled: true, allow_redirects: 'always' }
        : { enabled: boolean(automatic, 'enabled'), allow_redirects: allowRedirects ?? 'always' },
    canceled_at: null,
    cancellation_reason: null,
    capture_method: captureMethod,
    client_secret: `${id}_secret_${context.newId('s')}`,
    confirmation_method: 'automatic',
    created: nowSeconds(context),
    currency,
    customer,
    description: text(params, 'description') ?? null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    metadata: metadataOf(params),
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_options: {},
    payment_method_types: typesFor(currency, captureMethod),
    processing: null,
    receipt_email: text(params, 'receipt_email') ?? null,
    review: null,
    setup_future_usage: text(params, 'setup_future_usage') ?? null,
    shipping: null,
    statement_descriptor: text(params, 'statement_descriptor') ?? null,
    statement_descriptor_suffix: text(params, 'statement_descriptor_suffix') ?? null,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  };
}
