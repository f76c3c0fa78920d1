import type Stripe from 'stripe';
import { type Failure, failure } from '../domain/failures.js';
import { fromMetadata, type IntentSnapshot, type NextAction } from '../domain/intent.js';

/** Takes from a PaymentIntent what decides a payment's state, and leaves everything about people behind. */
export function toSnapshot(account: string, intent: Stripe.PaymentIntent): IntentSnapshot {
  const error = intent.last_payment_error ?? null;
  return {
    account,
    livemode: intent.livemode,
    id: intent.id,
    status: intent.status,
    amount: intent.amount,
    currency: intent.currency,
    amountReceived: intent.amount_received,
    amountCapturable: intent.amount_capturable,
    createdMs: intent.created * 1000,
    paymentMethod: idOf(intent.payment_method),
    latestCharge: idOf(intent.latest_charge),
    errorCharge: error?.charge ?? null,
    errorPaymentMethod: error?.payment_method?.id ?? null,
    failure: error === null ? null : toFailure(error),
    cancellationReason: intent.cancellation_reason ?? null,
    nextAction: toNextAction(intent.next_action),
    labels: fromMetadata(intent.metadata),
  };
}

function toFailure(error: Stripe.PaymentIntent.LastPaymentError): Failure {
  const kind = error.type === 'card_error' ? 'declined' : 'invalid_request';
  return failure(kind, error.code ?? null, error.decline_code || null, error.message ?? 'The payment was declined.');
}

function toNextAction(action: Stripe.PaymentIntent.NextAction | null | undefined): NextAction | null {
  return action == null ? null : { type: action.type, redirect_to_url: action.redirect_to_url?.url ?? null };
}

function idOf(reference: string | { id: string } | null | undefined): string | null {
  return typeof reference === 'string' ? reference : (reference?.id ?? null);
}
