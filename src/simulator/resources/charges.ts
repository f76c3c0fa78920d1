import type { CardBehaviour } from '../cards.js';
import { nowSeconds, type Operation, type RequestContext } from '../context.js';
import { noSuch } from '../errors.js';
import { LIST_PARAMS, page } from '../lists.js';
import type { Charge, PaymentIntent, PaymentMethod } from '../objects.js';
import { onlyKnown, text } from '../params.js';

/** Charges `card` for the intent; a decline makes a failed charge. */
export function makeCharge(
  context: RequestContext,
  intent: PaymentIntent,
  card: PaymentMethod,
  decline: Extract<CardBehaviour, { kind: 'declines' }> | null,
): Charge {
  const captured = decline === null && intent.capture_method !== 'manual';
  const charge: Charge = {
    id: context.newId('ch'),
    object: 'charge',
    amount: intent.amount,
    amount_captured: captured ? intent.amount : 0,
    amount_refunded: 0,
    balance_transaction: null,
    captured,
    created: nowSeconds(context),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    livemode: false,
    metadata: intent.metadata,
    outcome: {
      network_status: decline === null ? 'approved_by_network' : 'declined_by_network',
      reason: decline?.declineCode ?? decline?.code ?? null,
      risk_level: 'normal',
      seller_message: decline === null ? 'Payment complete.' : 'The bank did not authorize the payment.',
      type: decline === null ? 'authorized' : 'issuer_declined',
    },
    paid: decline === null,
    payment_intent: intent.id,
    payment_method: card.id,
    refunded: false,
    status: decline === null ? 'succeeded' : 'failed',
  };
  context.tx.put('charges', charge);
  return charge;
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
