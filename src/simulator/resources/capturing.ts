import type { PaymentIntent } from '../objects/payment-intent.js';
import { nowSeconds, type Operation, type RequestContext, raise, unschedule } from '../requests/context.js';
import { invalidRequest } from '../requests/errors.js';
import {
  boolean,
  changedMetadata,
  EXPAND,
  integer,
  METADATA_CHANGE,
  object,
  oneOf,
  read,
  text,
} from '../requests/params.js';
import { scheduleSequel } from './charging.js';
import { findIntent, latestCharge, unexpectedState } from './intents.js';
import { settle } from './settling.js';

/** What becomes of an authorisation: it is captured, cancelled, or expires. */

const CAPTURE = object({
  ...EXPAND,
  amount_to_capture: integer(1).optional(),
  final_capture: boolean().optional(),
  metadata: METADATA_CHANGE,
  statement_descriptor: text(22),
  statement_descriptor_suffix: text(22),
});
const CANCEL = object({
  ...EXPAND,
  cancellation_reason: oneOf(['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer']).optional(),
});

export const captureIntent: Operation = (context, id) => {
  const { amount_to_capture, final_capture = true, metadata } = read(CAPTURE, context.params);
  const intent = findIntent(context, id);
  if (!final_capture) throw notFinal();
  intent.metadata = changedMetadata(intent.metadata, metadata);
  capture(context, intent, { amount: amount_to_capture, param: 'amount_to_capture' });
  return intent;
};

/** "You can only use this setting when multicapture is available" (PaymentIntents.d.ts); no charge here has it. */
function notFinal() {
  return invalidRequest(
    '`final_capture` can only be false where multicapture is available, which it is on no charge here.',
    'payment_intent_invalid_parameter',
    'final_capture',
  );
}

/** Takes what is held, or `amount` of it; the rest is released. `param` is what the amount was asked for as. */
export function capture(
  context: RequestContext,
  intent: PaymentIntent,
  { amount: asked, param }: { readonly amount: number | undefined; readonly param: string },
): void {
  const { tx } = context;
  const latest = latestCharge(context, intent);
  if (intent.status !== 'requires_capture' || latest === undefined) throw unexpectedState(intent, 'capture');
  const amount = asked ?? intent.amount_capturable;
  if (amount > intent.amount_capturable) {
    throw invalidRequest(
      'The payment could not be captured because the requested capture amount is greater than the amount you can ' +
        'capture for this charge.',
      'amount_too_large',
      param,
    );
  }
  // What is not captured is released without a refund or an event of its own (API version 2025-03-31.basil).
  const { charge, method } = latest;
  charge.captured = true;
  charge.amount_captured = amount;
  settle(context, charge, method);
  intent.status = 'succeeded';
  intent.amount_received = amount;
  intent.amount_capturable = 0;
  unschedule(context, 'authorization_expires', intent.id);
  tx.put('charges', charge);
  tx.put('payment_intents', intent);
  raise(context, 'charge.captured', charge);
  raise(context, 'payment_intent.succeeded', intent);
  scheduleSequel(context, charge, method);
}

export const cancelIntent: Operation = (context, id) => {
  const { cancellation_reason = null } = read(CANCEL, context.params);
  const intent = findIntent(context, id);
  if (intent.status === 'succeeded' || intent.status === 'canceled' || intent.status === 'processing') {
    throw unexpectedState(intent, 'cancel');
  }
  unschedule(context, 'authorization_expires', id);
  endCanceled(context, intent, cancellation_reason);
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
