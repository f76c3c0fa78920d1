import { z } from 'zod';
import type { Charge } from '../objects/charge.js';
import type { PaymentIntent } from '../objects/payment-intent.js';
import type { PaymentMethod } from '../objects/payment-method.js';
import type { RequestContext } from '../requests/context.js';
import { invalidRequest, noSuch, type StripeApiError } from '../requests/errors.js';
import { read, word } from '../requests/params.js';

/** What every operation on a payment intent begins with, and how each refuses. */

export function findIntent(context: RequestContext, id: string): PaymentIntent {
  const intent = context.tx.get('payment_intents', id);
  if (intent === undefined) throw noSuch('payment_intent', id, 'intent');
  checkClientSecret(context, intent);
  return intent;
}

const WITH_SECRET = z.object({ client_secret: word() });
const MAYBE_WITH_SECRET = WITH_SECRET.partial();

/** Whoever has only a publishable key must know the intent's own secret. */
function checkClientSecret({ params, publishable }: RequestContext, intent: PaymentIntent): void {
  const given = read(publishable ? WITH_SECRET : MAYBE_WITH_SECRET, params).client_secret;
  if (given === undefined || given === intent.client_secret) return;
  throw invalidRequest(
    'The client_secret provided does not match the client_secret associated with the PaymentIntent.',
    'payment_intent_invalid_parameter',
    'client_secret',
  );
}

export function unexpectedState(intent: PaymentIntent, verb: string): StripeApiError {
  return invalidRequest(
    `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`,
    'payment_intent_unexpected_state',
    undefined,
    intent,
  );
}

/**
 * What is being authenticated stays what it is. Stripe's words: github.com/craftcms/commerce-stripe/issues/79.
 * @param name the parameter that would have changed it.
 */
export function cannotChange(intent: PaymentIntent, name: 'amount' | 'currency'): StripeApiError {
  return invalidRequest(
    `This PaymentIntent's ${name} could not be updated because it has a status of ${intent.status}. You may only update the ` +
      `${name} of a PaymentIntent with one of the following statuses: requires_payment_method, requires_confirmation.`,
    'payment_intent_unexpected_state',
    undefined,
    intent,
  );
}

/** The charge of the latest attempt and the method it was made with. */
export function latestCharge(
  { tx }: RequestContext,
  intent: PaymentIntent,
): { charge: Charge; method: PaymentMethod } | undefined {
  const charge = intent.latest_charge === null ? undefined : tx.get('charges', intent.latest_charge);
  const method = charge === undefined ? undefined : tx.get('payment_methods', charge.payment_method);
  return charge === undefined || method === undefined ? undefined : { charge, method };
}
