import { nowSeconds, type Operation, type RequestContext, raise, unschedule } from '../context.js';
import { invalidRequest } from '../errors.js';
import type { PaymentIntent } from '../objects.js';
import { changedMetadata, integer, oneOf, onlyKnown } from '../params.js';
import { scheduleSequel } from './charging.js';
import { findIntent, latestCharge, unexpectedState } from './intents.js';

/** What becomes of an authorisation: it is captured, cancelled, or expires. */

const CAPTURE_PARAMS = ['amount_to_capture', 'expand', 'metadata'];
const CANCEL_PARAMS = ['cancellation_reason', 'expand'];

export const captureIntent: Operation = (context, id) => {
  const { params, tx } = context;
  onlyKnown(params, CAPTURE_PARAMS);
  const intent = findIntent(context, id);
  const latest = latestCharge(context, intent);
  if (intent.status !== 'requires_capture' || latest === undefined) throw unexpectedState(intent, 'capture');
  const amount = integer(params, 'amount_to_capture') ?? intent.amount_capturable;
  if (amount < 1) {
    throw invalidRequest(
      'This value must be greater than or equal to 1.',
      'parameter_invalid_integer',
      'amount_to_capture',
    );
  }
  if (amount > intent.amount_capturable) {
    throw invalidRequest(
      'The payment could not be captured because the requested capture amount is greater than the amount you can ' +
        'capture for this charge.',
      'amount_too_large',
      'amount_to_capture',
    );
  }
  // What is not captured is released without a refund or an event of its own (API version 2025-03-31.basil).
  const { charge, method } = latest;
  charge.captured = true;
  charge.amount_captured = amount;
  intent.metadata = changedMetadata(intent.metadata, params);
  intent.status = 'succeeded';
  intent.amount_received = amount;
  intent.amount_capturable = 0;
  unschedule(context, 'authorization_expires', id);
  tx.put('charges', charge);
  tx.put('payment_intents', intent);
  raise(context, 'charge.captured', charge);
  raise(context, 'payment_intent.succeeded', intent);
  scheduleSequel(context, charge, method);
  return intent;
};

export const cancelIntent: Operation = (context, id) => {
  const { params } = context;
  onlyKnown(params, CANCEL_PARAMS);
  const reason = oneOf(params, 'cancellation_reason', [
    'abandoned',
    'duplicate',
    'fraudulent',
    'requested_by_customer',
  ]);
  const intent = findIntent(context, id);
  if (intent.status === 'succeeded' || intent.status === 'canceled' || intent.status === 'processing') {
    throw unexpectedState(intent, 'cancel');
  }
  unschedule(context, 'authorization_expires', id);
  endCanceled(context, intent, reason ?? null);
  return intent;
};

/** The bank lets the hold go. Since 2025-03-31.basil the reason is `expired`; before, it was `automatic`. */
export function expireAuthorization(context: RequestContext, id: string): void {
  const intent = context.tx.get('payment_intents', id);
  if (intent?.status !== 'requires_capture') return;
  const latest = latestCharge(context, intent);
  if (latest !== undefined) raise(context, 'charge.expired', latest.charge);
  endCanceled(context, intent, 'expired');
}

/** The charge stays as it was, uncaptured and unrefunded: cancelling makes no refund (2025-03-31.basil). */
function endCanceled(context: RequestContext, intent: PaymentIntent, reason: string | null): void {
  intent.status = 'canceled';
  intent.canceled_at = nowSeconds(context);
  intent.cancellation_reason = reason;
  intent.next_action = null;
  intent.amount_capturable = 0;
  context.tx.put('payment_intents', intent);
  raise(context, 'payment_intent.canceled', intent);
}
