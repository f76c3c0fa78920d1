import { type Decline, declines } from '../behaviours.js';
import { nowSeconds, type Operation, type RequestContext } from '../context.js';
import { invalidRequest, noSuch, StripeApiError } from '../errors.js';
import type { PaymentIntent, PaymentMethod } from '../objects.js';
import { boolean, onlyKnown, text } from '../params.js';
import { behaviourOf, methodFrom } from '../payment-methods.js';
import { askCustomer } from './authenticating.js';
import { chargeCard, startDebit } from './charging.js';
import { findIntent, unexpectedState } from './intents.js';

const CONFIRM_PARAMS = [
  'client_secret',
  'error_on_requires_action',
  'expand',
  'mandate_data',
  'off_session',
  'payment_method',
  'return_url',
];

const AUTHENTICATION_REQUIRED: Decline = declines(
  'authentication_required',
  'authentication_required',
  'Your card was declined. This transaction requires authentication.',
);

export const confirmIntent: Operation = (context, id) => {
  onlyKnown(context.params, CONFIRM_PARAMS);
  const intent = findIntent(context, id);
  if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status)) {
    throw unexpectedState(intent, 'confirm');
  }
  const token = text(context.params, 'payment_method') ?? intent.payment_method;
  if (token === null) throw invalidRequest('A payment method is needed.', 'parameter_missing', 'payment_method');
  const method = resolveMethod(context, token, intent);
  checkReturnUrl(context, intent);
  confirm(context, intent, method);
  return intent;
};

/**
 * A new attempt, which leaves nothing of a former one: charges the method, sends the debit, or asks the customer. A
 * decline is thrown as the 402 it is, with the intent as it then stands.
 */
export function confirm(context: RequestContext, intent: PaymentIntent, method: PaymentMethod): void {
  const behaviour = behaviourOf(method.token);
  if (behaviour === undefined) throw noSuch('PaymentMethod', method.token, 'payment_method');
  intent.payment_method = method.id;
  intent.last_payment_error = null;
  intent.next_action = null;
  const mayAsk = !boolean(context.params, 'off_session') && !boolean(context.params, 'error_on_requires_action');
  context.tx.put('payment_intents', intent);
  if (behaviour.kind === 'debits') {
    startDebit(context, intent, method, behaviour);
    return;
  }
  if (behaviour.kind === 'authenticates' && mayAsk) {
    askCustomer(context, intent);
    context.tx.put('payment_intents', intent);
    return;
  }
  const atOnce = behaviour.kind === 'authenticates' ? AUTHENTICATION_REQUIRED : behaviour;
  const error = chargeCard(context, intent, method, atOnce);
  if (error !== null) throw new StripeApiError(402, { ...error, payment_intent: intent });
}

/** With automatic payment methods and redirects allowed, Stripe wants to know where to return to. */
export function checkReturnUrl(context: RequestContext, intent: PaymentIntent): void {
  const returnUrl = text(context.params, 'return_url');
  if (returnUrl !== undefined) {
    if (!URL.canParse(returnUrl)) throw invalidRequest('Not a valid URL', 'url_invalid', 'return_url');
    return;
  }
  if (boolean(context.params, 'off_session')) return;
  if (intent.automatic_payment_methods?.enabled && intent.automatic_payment_methods.allow_redirects === 'always') {
    throw invalidRequest(
      'This PaymentIntent accepts payment methods that redirect: give a return_url, or allow_redirects "never".',
      'payment_intent_invalid_parameter',
      'return_url',
    );
  }
}

/** The payment method of that id, or a new one of that test token, which the intent may be paid with. */
export function resolveMethod(context: RequestContext, token: string, intent: PaymentIntent): PaymentMethod {
  const { tx } = context;
  const known = tx.get('payment_methods', token);
  if (known === undefined && behaviourOf(token) === undefined) throw noSuch('PaymentMethod', token, 'payment_method');
  const method = known ?? methodFrom(token, context.newId('pm'), nowSeconds(context), intent.customer);
  if (!intent.payment_method_types.includes(method.type)) {
    throw invalidRequest(
      `The PaymentMethod provided (${method.type}) is not allowed for this PaymentIntent. ` +
        `It takes one of the following types: ${intent.payment_method_types.join(', ')}.`,
      'payment_intent_incompatible_payment_method',
      'payment_method',
    );
  }
  if (known === undefined) tx.put('payment_methods', method);
  return method;
}
