import { nowSeconds, type Operation, raise } from '../context.js';
import { invalidRequest, noSuch } from '../errors.js';
import { LIST_PARAMS, page } from '../lists.js';
import type { Refund } from '../objects.js';
import { integer, metadataOf, oneOf, onlyKnown, required, text } from '../params.js';

export const createRefund: Operation = (context) => {
  const { tx, params } = context;
  onlyKnown(params, ['amount', 'expand', 'metadata', 'payment_intent', 'reason']);
  const id = required(params, 'payment_intent');
  const intent = tx.get('payment_intents', id);
  if (intent === undefined) throw noSuch('payment_intent', id, 'payment_intent');
  const charge = intent.latest_charge === null ? undefined : tx.get('charges', intent.latest_charge);
  if (charge === undefined || !charge.captured) {
    throw invalidRequest(
      'This PaymentIntent does not have a successful charge to refund.',
      undefined,
      'payment_intent',
    );
  }
  const left = charge.amount_captured - charge.amount_refunded;
  if (left === 0) throw invalidRequest(`Charge ${charge.id} has already been refunded.`, 'charge_already_refunded');
  const amount = integer(params, 'amount') ?? left;
  if (amount < 1 || amount > left) {
    throw invalidRequest(`Refund amount (${amount}) is greater than unrefunded amount (${left})`, undefined, 'amount');
  }
  charge.amount_refunded += amount;
  charge.refunded = charge.amount_refunded === charge.amount_captured;
  const refund: Refund = {
    id: context.newId('re'),
    object: 'refund',
    amount,
    charge: charge.id,
    created: nowSeconds(context),
    currency: charge.currency,
    metadata: metadataOf(params),
    payment_intent: id,
    reason: oneOf(params, 'reason', ['duplicate', 'fraudulent', 'requested_by_customer']) ?? null,
    status: 'succeeded',
  };
  tx.put('charges', charge);
  tx.put('refunds', refund);
  raise(context, 'refund.created', refund);
  raise(context, 'charge.refunded', charge);
  return refund;
};

export const retrieveRefund: Operation = ({ tx, params }, id) => {
  onlyKnown(params, ['expand']);
  const refund = tx.get('refunds', id);
  if (refund === undefined) throw noSuch('refund', id, 'id');
  return refund;
};

export const listRefunds: Operation = ({ tx, params }) => {
  onlyKnown(params, [...LIST_PARAMS, 'payment_intent', 'charge']);
  const intent = text(params, 'payment_intent');
  const charge = text(params, 'charge');
  const rows = tx
    .all('refunds')
    .filter(
      (r) => (intent === undefined || r.payment_intent === intent) && (charge === undefined || r.charge === charge),
    );
  return page(rows, params, '/v1/refunds');
};
