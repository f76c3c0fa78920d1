import type { z } from 'zod';
import { settlementOf } from '../ledger/settlement.js';
import { type Decline, declines } from '../methods/behaviours.js';
import { behaviourOf, methodFrom } from '../methods/index.js';
import type { PaymentIntent } from '../objects/payment-intent.js';
import type { PaymentMethod } from '../objects/payment-method.js';
import { nowSeconds, type Operation, type RequestContext } from '../requests/context.js';
import { invalidRequest, noSuchNamed, StripeApiError } from '../requests/errors.js';
import { boolean, EXPAND, object, oneOf, read, text, time, word } from '../requests/params.js';
import { askCustomer } from './authenticating.js';
import { chargeCard, startDebit } from './charging.js';
import { SHIPPING, shippingOf } from './details.js';
import { findIntent, unexpectedState } from './intents.js';
import { METHOD_DATA, methodOfData } from './method-data.js';
import { isUsedUp } from './payment-methods.js';

const ONLINE = object({ ip_address: word().optional(), user_agent: word().optional() });

/** What a confirmation takes, whether by itself or with the creation. */
export const CONFIRMATION = {
  error_on_requires_action: boolean().optional(),
  mandate_data: object({
    customer_acceptance: object({
      accepted_at: time().optional(),
      offline: object({}).optional(),
      online: ONLINE.optional(),
      type: oneOf(['offline', 'online']),
    }),
  }).optional(),
  off_session: boolean()
    .or(oneOf(['one_off', 'recurring']).transform(() => true))
    .optional(),
  payment_method: word().optional(),
  payment_method_data: METHOD_DATA.optional(),
  return_url: word().optional(),
  use_stripe_sdk: boolean().optional(),
};

const CONFIRM = object({
  ...EXPAND,
  ...CONFIRMATION,
  client_secret: word().optional(),
  receipt_email: text(800),
  shipping: SHIPPING.optional(),
});

type Confirmation = z.output<z.ZodObject<typeof CONFIRMATION>>;

const AUTHENTICATION_REQUIRED: Decline = declines(
  'authentication_required',
  'authentication_required',
  'Your card was declined. This transaction requires authentication.',
);

export const confirmIntent: Operation = (context, id) => {
  const given = read(CONFIRM, context.params);
  const intent = findIntent(context, id);
  if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status)) {
    throw unexpectedState(intent, 'confirm');
  }
  const method = methodGiven(context, given, intent);
  if (method === undefined) throw missingMethod(intent);
  checkReturnUrl(given, intent);
  if (given.shipping !== undefined) intent.shipping = shippingOf(given.shipping);
  if (given.receipt_email !== undefined) intent.receipt_email = given.receipt_email;
  confirm(context, intent, method, given);
  return intent;
};

/**
 * A new attempt, which leaves nothing of a former one: charges the method, sends the debit, or asks the customer. A
 * decline is thrown as the 402 it is, with the intent as it then stands.
 */
export function confirm(
  context: RequestContext,
  intent: PaymentIntent,
  method: PaymentMethod,
  { off_session = false, error_on_requires_action = false, return_url }: Confirmation,
): void {
  const behaviour = behaviourOf(method.token);
  if (behaviour === undefined) throw noSuchNamed('PaymentMethod', method.token, 'payment_method');
  // Refused now where the money could not arrive: later there would be nobody to refuse.
  settlementOf(context.account.settlement, intent.currency);
  intent.payment_method = method.id;
  intent.last_payment_error = null;
  intent.next_action = null;
  context.tx.put('payment_intents', intent);
  if (behaviour.kind === 'debits') {
    startDebit(context, intent, method, behaviour);
    return;
  }
  if (behaviour.kind === 'authenticates' && !off_session && !error_on_requires_action) {
    askCustomer(context, intent, return_url);
    context.tx.put('payment_intents', intent);
    return;
  }
  const atOnce = behaviour.kind === 'authenticates' ? AUTHENTICATION_REQUIRED : behaviour;
  const error = chargeCard(context, intent, method, atOnce);
  if (error !== null) throw new StripeApiError(402, { ...error, payment_intent: intent });
}

/** With automatic payment methods and redirects allowed, Stripe wants to know where to return to. */
export function checkReturnUrl({ return_url, off_session = false }: Confirmation, intent: PaymentIntent): void {
  if (return_url !== undefined) {
    if (!URL.canParse(return_url)) throw invalidRequest('Not a valid URL', 'url_invalid', 'return_url');
    return;
  }
  if (off_session) return;
  if (intent.automatic_payment_methods?.enabled && intent.automatic_payment_methods.allow_redirects === 'always') {
    throw invalidRequest(
      'This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these ' +
        'payment methods might redirect your customer off of your page, you must provide a `return_url`. If you ' +
        "don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and " +
        '`automatic_payment_methods[allow_redirects]` to `never` when creating Payment Intents.',
      'payment_intent_invalid_parameter',
      'return_url',
    );
  }
}

/** What an intent is to be paid with: as it is given now, or was before. */
export function methodGiven(
  context: RequestContext,
  { payment_method, payment_method_data }: Pick<Confirmation, 'payment_method' | 'payment_method_data'>,
  intent: PaymentIntent,
): PaymentMethod | undefined {
  if (payment_method !== undefined && payment_method_data !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: payment_method, payment_method_data.');
  }
  const token = payment_method ?? intent.payment_method;
  if (payment_method_data === undefined && token === null) return undefined;
  const method =
    payment_method_data === undefined
      ? resolveMethod(context, token ?? '', intent)
      : methodOfData(context, payment_method_data);
  // What is kept for later is the customer's from now on (docs.stripe.com/payments/save-during-payment).
  if (intent.setup_future_usage !== null) method.customer ??= intent.customer;
  context.tx.put('payment_methods', method);
  return allowed(method, intent);
}

export function missingMethod(intent?: PaymentIntent) {
  return invalidRequest(
    "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the " +
      'PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment ' +
      'method or ConfirmationToken.',
    'payment_intent_unexpected_state',
    'payment_method',
    intent,
  );
}

/** The payment method of that id, or a new one of that test token. */
function resolveMethod(context: RequestContext, token: string, intent: PaymentIntent): PaymentMethod {
  const { tx } = context;
  const known = tx.get('payment_methods', token);
  if (known === undefined && behaviourOf(token) === undefined)
    throw noSuchNamed('PaymentMethod', token, 'payment_method');
  if (known !== undefined && isUsedUp(context, known, intent.id)) {
    throw invalidRequest(
      'The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a ' +
        'connected account without Customer attachment, or was detached from a Customer. It may not be used again. To ' +
        'use a PaymentMethod multiple times, you must attach it to a Customer first.',
      'payment_method_unexpected_state',
      'payment_method',
    );
  }
  if (known !== undefined && known.customer !== null && known.customer !== intent.customer) {
    throw invalidRequest(
      `The PaymentMethod ${token} belongs to a Customer. Please include the Customer in the \`customer\` parameter on ` +
        'the PaymentIntent.',
      undefined,
      'payment_method',
    );
  }
  return known ?? methodFrom(token, context.newId('pm'), nowSeconds(context));
}

function allowed(method: PaymentMethod, intent: PaymentIntent): PaymentMethod {
  if (intent.payment_method_types.includes(method.type)) return method;
  throw invalidRequest(
    `The PaymentMethod provided (${method.type}) is not allowed for this PaymentIntent. ` +
      `It takes one of the following types: ${intent.payment_method_types.join(', ')}.`,
    'payment_intent_incompatible_payment_method',
    'payment_method',
  );
}
