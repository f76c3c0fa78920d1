import type { z } from 'zod';
import { tooLittle } from '../ledger/minimums.js';
import { CURRENCIES, written } from '../money.js';
import type { PaymentIntent } from '../objects/payment-intent.js';
import { nowSeconds, type Operation, type RequestContext, raise } from '../requests/context.js';
import { invalidRequest, noSuchNamed } from '../requests/errors.js';
import { page } from '../requests/lists.js';
import {
  boolean,
  changedMetadata,
  EXPAND,
  integer,
  LIST_BY_TIME,
  list,
  METADATA,
  METADATA_CHANGE,
  object,
  oneOf,
  read,
  text,
  word,
} from '../requests/params.js';
import { CONFIRMATION, checkReturnUrl, confirm, methodGiven, missingMethod } from './confirming.js';
import { isLiving } from './customers.js';
import { SHIPPING, shippingOf } from './details.js';
import { cannotChange, findIntent, unexpectedState } from './intents.js';
import { OPTIONS, TYPES, typesOf } from './method-types.js';

const LARGEST_AMOUNT = 99_999_999;

/** What is said of an intent when it is made, and can be said otherwise until it is paid. */
const TERMS = {
  allowed_payment_method_types: TYPES.optional(),
  capture_method: oneOf(['automatic', 'automatic_async', 'manual']).optional(),
  customer: word().optional(),
  description: text(1_000),
  excluded_payment_method_types: TYPES.optional(),
  metadata: METADATA,
  payment_method_options: OPTIONS.optional(),
  payment_method_types: list(word()).optional(),
  receipt_email: text(800),
  setup_future_usage: oneOf(['off_session', 'on_session']).optional(),
  shipping: SHIPPING.optional(),
  statement_descriptor: text(22),
  statement_descriptor_suffix: text(22),
  transfer_group: text(),
};

const CREATE = object({
  ...EXPAND,
  ...TERMS,
  ...CONFIRMATION,
  amount: integer(1),
  automatic_payment_methods: object({
    allow_redirects: oneOf(['always', 'never']).optional(),
    enabled: boolean(),
  }).optional(),
  confirm: boolean().optional(),
  confirmation_method: oneOf(['automatic', 'manual']).optional(),
  currency: word(),
});
const UPDATE = object({
  ...EXPAND,
  ...TERMS,
  amount: integer(1).optional(),
  currency: word().optional(),
  metadata: METADATA_CHANGE,
  payment_method: CONFIRMATION.payment_method,
  payment_method_data: CONFIRMATION.payment_method_data,
});
const RETRIEVE = object({ ...EXPAND, client_secret: word().optional() });
const LIST = object({ ...LIST_BY_TIME, customer: word().optional() });

type Created = z.output<typeof CREATE>;
type Terms = z.output<z.ZodObject<Omit<typeof TERMS, 'metadata'> & { metadata: typeof METADATA_CHANGE }>>;

export const createIntent: Operation = (context) => {
  const given = read(CREATE, context.params);
  const intent = blankIntent(context, given);
  setTerms(context, intent, given);
  const method = methodGiven(context, given, intent);
  if (method !== undefined) {
    intent.payment_method = method.id;
    intent.status = 'requires_confirmation';
  }
  // Checked before anything exists: a refusal leaves nothing behind.
  if (given.confirm === true) {
    if (method === undefined) throw missingMethod();
    checkReturnUrl(given, intent);
  } else refuseWithoutConfirm(given);
  raise(context, 'payment_intent.created', intent);
  context.tx.put('payment_intents', intent);
  if (given.confirm === true && method !== undefined) confirm(context, intent, method, given);
  return intent;
};

export const retrieveIntent: Operation = (context, id) => {
  read(RETRIEVE, context.params);
  return findIntent(context, id);
};

export const updateIntent: Operation = (context, id) => {
  const given = read(UPDATE, context.params);
  const intent = findIntent(context, id);
  if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status)) {
    const harmless = Object.keys(given).every((name) => ['expand', 'metadata', 'description'].includes(name));
    if (!harmless) throw unexpectedState(intent, 'update');
  }
  changeMoney(context, intent, given);
  setTerms(context, intent, given);
  if (given.payment_method !== undefined || given.payment_method_data !== undefined) {
    const method = methodGiven(context, given, intent);
    intent.payment_method = method?.id ?? null;
    intent.status = 'requires_confirmation';
    intent.next_action = null;
  }
  context.tx.put('payment_intents', intent);
  return intent;
};

function changeMoney(
  context: RequestContext,
  intent: PaymentIntent,
  { amount, currency }: Pick<z.output<typeof UPDATE>, 'amount' | 'currency'>,
): void {
  if (amount === undefined && currency === undefined) return;
  if (intent.status === 'requires_action') throw cannotChange(intent, amount === undefined ? 'currency' : 'amount');
  const money = { amount: amount ?? intent.amount, currency: currency ?? intent.currency };
  Object.assign(intent, checkedMoney(context, money));
}

export const listIntents: Operation = (context) => {
  const { customer, ...given } = read(LIST, context.params);
  return page(context, given, { table: 'payment_intents', url: '/v1/payment_intents', by: ['customer', customer] });
};

function setTerms(context: RequestContext, intent: PaymentIntent, given: Terms): void {
  if (given.customer !== undefined) {
    if (!isLiving(context, given.customer)) throw noSuchNamed('customer', given.customer, 'customer');
    intent.customer = given.customer;
  }
  intent.metadata = changedMetadata(intent.metadata, given.metadata);
  if (given.capture_method !== undefined) intent.capture_method = given.capture_method;
  if (given.shipping !== undefined) intent.shipping = shippingOf(given.shipping);
  if (given.setup_future_usage !== undefined) intent.setup_future_usage = given.setup_future_usage;
  if (given.payment_method_options !== undefined) intent.payment_method_options = given.payment_method_options;
  for (const name of WRITTEN) {
    const value = given[name];
    if (value !== undefined) intent[name] = value;
  }
  Object.assign(intent, typesOf(context, intent, given));
}

const WRITTEN = [
  'description',
  'receipt_email',
  'statement_descriptor',
  'statement_descriptor_suffix',
  'transfer_group',
] as const;

/** Of what belongs to a confirmation, Stripe takes none without one. */
function refuseWithoutConfirm(given: Created): void {
  for (const name of ['off_session', 'return_url', 'mandate_data', 'error_on_requires_action'] as const) {
    if (given[name] === undefined) continue;
    throw invalidRequest(`${name} can only be provided when confirm is true.`, undefined, name);
  }
}

/** @throws the 400 for money that Stripe does not charge. */
function checkedMoney(
  { account }: RequestContext,
  { amount, currency }: { readonly amount: number; readonly currency: string },
): Pick<PaymentIntent, 'amount' | 'currency'> {
  const code = currency.toLowerCase();
  if (!CURRENCIES.has(code)) {
    throw invalidRequest(`Invalid currency: ${currency.slice(0, 20)}`, undefined, 'currency');
  }
  if (amount > LARGEST_AMOUNT) {
    throw invalidRequest(`Amount must be no more than ${written(LARGEST_AMOUNT, code)}`, 'amount_too_large', 'amount');
  }
  const refusal = tooLittle(account.settlement, amount, code);
  if (refusal !== undefined) throw refusal;
  return { amount, currency: code };
}

function blankIntent(context: RequestContext, given: Created): PaymentIntent {
  const id = context.newId('pi');
  return {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    ...checkedMoney(context, given),
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: {
      enabled: given.automatic_payment_methods?.enabled ?? true,
      allow_redirects: given.automatic_payment_methods?.allow_redirects ?? 'always',
    },
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic_async',
    client_secret: `${id}_secret_${context.newId('s').slice(2)}`,
    confirmation_method: given.confirmation_method ?? 'automatic',
    created: nowSeconds(context),
    customer: null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: { enabled: false },
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: [],
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  };
}
