import type { Authenticates } from '../methods/behaviours.js';
import { behaviourOf } from '../methods/index.js';
import type { PaymentIntent } from '../objects/payment-intent.js';
import { type RequestContext, raise } from '../requests/context.js';
import { shownMethod } from '../requests/shown.js';
import { chargeCard } from './charging.js';
import { findIntent, unexpectedState } from './intents.js';

/** How the customer's own bank found them. */
export type AuthenticationOutcome = 'succeed' | 'fail';

/** The customer is to show that they are the card's holder, on a page of the simulator's own. */
export function askCustomer(context: RequestContext, intent: PaymentIntent, returnUrl: string | undefined): void {
  const url = `${context.base}/_simulator/authenticate/${intent.id}`;
  intent.status = 'requires_action';
  intent.next_action =
    returnUrl === undefined
      ? { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: url } }
      : { type: 'redirect_to_url', redirect_to_url: { url, return_url: returnUrl } };
  raise(context, 'payment_intent.requires_action', intent);
}

/** The customer has answered: the card is charged, or the intent waits for another one. */
export function authenticate(context: RequestContext, id: string, outcome: AuthenticationOutcome): PaymentIntent {
  const intent = findIntent(context, id);
  const method = intent.payment_method === null ? undefined : context.tx.get('payment_methods', intent.payment_method);
  if (intent.status !== 'requires_action' || method === undefined) throw unexpectedState(intent, 'authenticate');
  intent.next_action = null;
  if (outcome === 'succeed') {
    const behaviour = behaviourOf(method.token) as Authenticates;
    chargeCard(context, intent, method, behaviour.ends);
    return intent;
  }
  intent.status = 'requires_payment_method';
  intent.payment_method = null;
  intent.last_payment_error = {
    type: 'invalid_request_error',
    code: 'payment_intent_authentication_failure',
    message:
      'The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new ' +
      'PaymentMethod to attempt to fulfill this PaymentIntent again.',
    payment_method: shownMethod(method),
  };
  context.tx.put('payment_intents', intent);
  raise(context, 'payment_intent.payment_failed', intent);
  return intent;
}
