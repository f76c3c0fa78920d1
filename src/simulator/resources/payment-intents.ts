import { behaviourOf, type CardBehaviour, cardFrom } from '../cards.js';
import { nowSeconds, type Operation, type RequestContext, raise } from '../context.js';
import { invalidRequest, noSuch, StripeApiError } from '../errors.js';
import { LIST_PARAMS, page } from '../lists.js';
import type { ApiErrorBody, PaymentIntent, PaymentMethod } from '../objects.js';
import { boolean, integer, metadataOf, nested, oneOf, onlyKnown, required, text } from '../params.js';
import { makeCharge } from './charges.js';

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
  'metadata',
  'off_session',
  'payment_method',
  'receipt_email',
  'return_url',
  'setup_future_usage',
  'statement_descriptor',
  'statement_descriptor_suffix',
];
const CONFIRM_PARAMS = ['expand', 'off_session', 'payment_method', 'return_url', 'error_on_requires_action'];
const CANCEL_PARAMS = ['cancellation_reason', 'expand'];

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
  const card = token === undefined ? undefined : resolveCard(context, token, customer);
  if (card !== undefined) {
    intent.payment_method = card.id;
    intent.status = 'requires_confirmation';
  }
  const confirming = boolean(params, 'confirm');
  if (confirming && card === undefined) {
    throw invalidRequest(
      'You cannot confirm without a payment method.',
      'payment_intent_unexpected_state',
      'payment_method',
    );
  }
  // Checked before anything exists: a refusal leaves nothing behind.
  if (confirming) checkReturnUrl(context, intent);
  raise(context, 'payment_intent.created', intent);
  if (confirming && card !== undefined) confirm(context, intent, card);
  tx.put('payment_intents', intent);
  return intent;
};

export const confirmIntent: Operation = (context, id) => {
  onlyKnown(context.params, CONFIRM_PARAMS);
  const intent = find(context, id);
  if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status)) {
    throw unexpectedState(intent, 'confirm');
  }
  const token = text(context.params, 'payment_method') ?? intent.payment_method;
  if (token === null) throw invalidRequest('A payment method is needed.', 'parameter_missing', 'payment_method');
  const card = resolveCard(context, token, intent.customer);
  checkReturnUrl(context, intent);
  intent.payment_method = card.id;
  confirm(context, intent, card);
  context.tx.put('payment_intents', intent);
  return intent;
};

export const cancelIntent: Operation = (context, id) => {
  const { params, tx } = context;
  onlyKnown(params, CANCEL_PARAMS);
  const reason = oneOf(params, 'cancellation_reason', [
    'abandoned',
    'duplicate',
    'fraudulent',
    'requested_by_customer',
  ]);
  const intent = find(context, id);
  if (intent.status === 'succeeded' || intent.status === 'canceled' || intent.status === 'processing') {
    throw unexpectedState(intent, 'cancel');
  }
  intent.status = 'canceled';
  intent.canceled_at = nowSeconds(context);
  intent.cancellation_reason = reason ?? null;
  intent.next_action = null;
  intent.amount_capturable = 0;
  tx.put('payment_intents', intent);
  raise(context, 'payment_intent.canceled', intent);
  return intent;
};

export const retrieveIntent: Operation = (context, id) => {
  onlyKnown(context.params, ['expand', 'client_secret']);
  return find(context, id);
};

export const listIntents: Operation = ({ params, tx }) => {
  onlyKnown(params, [...LIST_PARAMS, 'customer']);
  const customer = text(params, 'customer');
  const rows = tx.all('payment_intents').filter((intent) => customer === undefined || intent.customer === customer);
  return page(rows, params, '/v1/payment_intents');
};

function find({ tx }: RequestContext, id: string): PaymentIntent {
  const intent = tx.get('payment_intents', id);
  if (intent === undefined) throw noSuch('payment_intent', id, 'intent');
  return intent;
}

/** Charges the card, or asks its holder; a decline is thrown as the 402 it is, with the intent as it then stands. */
function confirm(context: RequestContext, intent: PaymentIntent, card: PaymentMethod): void {
  const mayAsk = !boolean(context.params, 'off_session') && !boolean(context.params, 'error_on_requires_action');
  const behaviour = behaviourOf(card.token);
  intent.last_payment_error = null;
  if (behaviour?.kind === 'authenticates' && mayAsk) {
    intent.status = 'requires_action';
    const returnUrl = text(context.params, 'return_url') ?? null;
    const url = `https://hooks.stripe.test/authenticate/${intent.id}`;
    intent.next_action = { type: 'redirect_to_url', redirect_to_url: { url, return_url: returnUrl } };
    raise(context, 'payment_intent.requires_action', intent);
    return;
  }
  const decline = declineOf(behaviour);
  const charge = makeCharge(context, intent, card, decline);
  intent.latest_charge = charge.id;
  intent.next_action = null;
  if (decline === null) {
    intent.status = intent.capture_method === 'manual' ? 'requires_capture' : 'succeeded';
    if (intent.status === 'succeeded') intent.amount_received = intent.amount;
    else intent.amount_capturable = intent.amount;
    raise(context, 'charge.succeeded', charge);
    raise(
      context,
      intent.status === 'succeeded' ? 'payment_intent.succeeded' : 'payment_intent.amount_capturable_updated',
      intent,
    );
    return;
  }
  refuse(context, intent, card, charge.id, decline);
}

function refuse(
  context: RequestContext,
  intent: PaymentIntent,
  card: PaymentMethod,
  charge: string,
  decline: Extract<CardBehaviour, { kind: 'declines' }>,
): never {
  const { token: _, ...shownCard } = card;
  const error: ApiErrorBody = {
    type: 'card_error',
    code: decline.code,
    message: decline.message,
    charge,
    payment_method: shownCard,
    ...(decline.declineCode === null ? {} : { decline_code: decline.declineCode }),
  };
  intent.status = 'requires_payment_method';
  intent.last_payment_error = error;
  intent.payment_method = null;
  context.tx.put('payment_intents', intent);
  raise(context, 'charge.failed', context.tx.get('charges', charge));
  raise(context, 'payment_intent.payment_failed', intent);
  throw new StripeApiError(402, { ...error, payment_intent: intent });
}

function declineOf(behaviour: CardBehaviour | undefined): Extract<CardBehaviour, { kind: 'declines' }> | null {
  if (behaviour?.kind === 'declines') return behaviour;
  if (behaviour?.kind !== 'authenticates') return null;
  return {
    kind: 'declines',
    code: 'authentication_required',
    declineCode: 'authentication_required',
    message: 'Your card was declined. This transaction requires authentication.',
  };
}

/** With automatic payment methods and redirects allowed, Stripe wants to know where to return to. */
function checkReturnUrl(context: RequestContext, intent: PaymentIntent): void {
  if (boolean(context.params, 'off_session') || text(context.params, 'return_url') !== undefined) return;
  if (intent.automatic_payment_methods?.enabled && intent.automatic_payment_methods.allow_redirects === 'always') {
    throw invalidRequest(
      'This PaymentIntent accepts payment methods that redirect: give a return_url, or allow_redirects "never".',
      'payment_intent_invalid_parameter',
      'return_url',
    );
  }
}

function resolveCard(context: RequestContext, token: string, customer: string | null): PaymentMethod {
  const { tx } = context;
  const known = tx.get('payment_methods', token);
  if (known !== undefined) return known;
  if (behaviourOf(token) === undefined) throw noSuch('PaymentMethod', token, 'payment_method');
  const card = cardFrom(token, context.newId('pm'), nowSeconds(context), customer);
  tx.put('payment_methods', card);
  return card;
}

function unexpectedState(intent: PaymentIntent, verb: string): StripeApiError {
  return invalidRequest(
    `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`,
    'payment_intent_unexpected_state',
    undefined,
    intent,
  );
}

function blankIntent(
  context: RequestContext,
  amount: number,
  currency: string,
  customer: string | null,
): PaymentIntent {
  const { params } = context;
  const id = context.newId('pi');
  const automatic = nested(params, 'automatic_payment_methods');
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
    capture_method: oneOf(params, 'capture_method', ['automatic', 'automatic_async', 'manual']) ?? 'automatic_async',
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
    payment_method_types: ['card'],
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
