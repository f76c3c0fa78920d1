import type { Decline } from '../behaviours.js';
import { nowSeconds, type Operation, type RequestContext } from '../context.js';
import { noSuch } from '../errors.js';
import { LIST_PARAMS, page } from '../lists.js';
import type { Charge, PaymentIntent, PaymentMethod } from '../objects.js';
import { onlyKnown, text } from '../params.js';
import { detailsFor } from '../payment-methods.js';

/** A new charge for the intent, pending until it succeeds or fails. */
export function makeCharge(context: RequestContext, intent: PaymentIntent, method: PaymentMethod): Charge {
  return {
    // A payment by bank debit is a charge under another name.
    id: context.newId(method.type === 'card' ? 'ch' : 'py'),
    object: 'charge',
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    balance_transaction: null,
    captured: false,
    created: nowSeconds(context),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_code: null,
    failure_message: null,
    livemode: false,
    metadata: intent.metadata,
    outcome: {
      network_status: 'approved_by_network',
      reason: null,
      risk_level: 'normal',
      seller_message: 'Payment complete.',
      type: 'authorized',
    },
    paid: false,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: detailsFor(method),
    refunded: false,
    status: 'pending',
  };
}

/** The money was taken, or is held until it is. */
export function succeed(charge: Charge, captured: boolean): void {
  charge.status = 'succeeded';
  charge.paid = true;
  charge.captured = captured;
  charge.amount_captured = captured ? charge.amount : 0;
}

export function fail(charge: Charge, decline: Decline): void {
  charge.status = 'failed';
  charge.paid = false;
  charge.failure_code = decline.code;
  charge.failure_message = decline.message;
  charge.outcome = {
    network_status: 'declined_by_network',
    reason: decline.declineCode ?? decline.code,
    risk_level: 'normal',
    seller_message: 'The bank did not authorize the payment.',
    type: 'issuer_declined',
  };
}

export const retrieveCharge: Operation = ({ tx, params }, id) => {
  onlyKnown(params, ['expand']);
  const charge = tx.get('charges', id);
  if (charge === undefined) throw noSuch('charge', id, 'id');
  return charge;
};

export const listCharges: Operation = ({ tx, params }) => {
  onlyKnown(params, [...LIST_PARAMS, 'customer', 'payment_intent']);
  const intent = text(params, 'payment_intent');
  const customer = text(params, 'customer');
  const rows = tx
    .all('charges')
    .filter(
      (c) =>
        (intent === undefined || c.payment_intent === intent) && (customer === undefined || c.customer === customer),
    );
  return page(rows, params, '/v1/charges');
};
