import { nowSeconds, type Operation, type RequestContext, raise, schedule } from '../context.js';
import { invalidRequest, noSuch } from '../errors.js';
import { LIST_PARAMS, page } from '../lists.js';
import { written } from '../money.js';
import type { Charge, Refund } from '../objects.js';
import { integer, metadataOf, oneOf, onlyKnown, text } from '../params.js';
import { sequelOfRefund } from '../sequels.js';

export const createRefund: Operation = (context) => {
  const { tx, params } = context;
  onlyKnown(params, ['amount', 'charge', 'expand', 'metadata', 'payment_intent', 'reason']);
  const reason = oneOf(params, 'reason', ['duplicate', 'fraudulent', 'requested_by_customer']) ?? null;
  const charge = chargeToRefund(context);
  const amount = amountToRefund(context, charge);
  const sequel = sequelOfRefund(context, charge);
  const pending = sequel?.kind === 'refund_pending';

  charge.amount_refunded += amount;
  charge.refunded = charge.amount_refunded === charge.amount_captured;
  const refund: Refund = {
    id: context.newId(charge.id.startsWith('py_') ? 'pyr' : 're'),
    object: 'refund',
    amount,
    charge: charge.id,
    created: nowSeconds(context),
    currency: charge.currency,
    metadata: metadataOf(params),
    payment_intent: text(params, 'payment_intent') ?? charge.payment_intent,
    reason,
    status: pending ? 'pending' : 'succeeded',
    ...(pending ? { pending_reason: 'processing' as const } : {}),
  };
  tx.put('charges', charge);
  tx.put('refunds', refund);
  raise(context, 'refund.created', refund);
  raise(context, 'charge.refunded', charge);
  if (sequel !== undefined) schedule(context, pending ? 'refund_succeeds' : 'refund_fails', refund.id, sequel.afterMs);
  return refund;
};

/** The bank has it. */
export function settleRefund(context: RequestContext, id: string): void {
  const refund = context.tx.get('refunds', id);
  if (refund?.status !== 'pending') return;
  const { pending_reason: _, ...rest } = refund;
  const settled: Refund = { ...rest, status: 'succeeded' };
  context.tx.put('refunds', settled);
  raise(context, 'refund.updated', settled);
  raise(context, 'charge.refund.updated', settled);
}

/** The bank returned it: the money is with the account again, and can be refunded once more. */
export function failRefund(context: RequestContext, id: string, failureReason = 'expired_or_canceled_card'): void {
  const { tx } = context;
  const refund = tx.get('refunds', id);
  const charge = refund === undefined ? undefined : tx.get('charges', refund.charge);
  if (refund === undefined || charge === undefined || refund.status === 'failed') return;
  const { pending_reason: _, ...rest } = refund;
  const failed: Refund = { ...rest, status: 'failed', failure_reason: failureReason };
  charge.amount_refunded -= refund.amount;
  charge.refunded = false;
  tx.put('refunds', failed);
  tx.put('charges', charge);
  raise(context, 'refund.updated', failed);
  raise(context, 'refund.failed', failed);
  raise(context, 'charge.refund.updated', failed);
}

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

/** The charge that is named, or the intent's; refused unless there is money of it to give back. */
function chargeToRefund({ tx, params }: RequestContext): Charge {
  const chargeId = text(params, 'charge');
  const intentId = text(params, 'payment_intent');
  if (chargeId === undefined && intentId === undefined) {
    throw invalidRequest('One of the following params should be provided for this request: payment_intent or charge.');
  }
  const intent = intentId === undefined ? undefined : tx.get('payment_intents', intentId);
  if (intentId !== undefined && intent === undefined) throw noSuch('payment_intent', intentId, 'payment_intent');
  const charge = tx.get('charges', chargeId ?? intent?.latest_charge ?? '');
  if (chargeId !== undefined && charge === undefined) throw noSuch('charge', chargeId, 'id');
  if (intentId !== undefined && chargeId !== undefined && charge?.payment_intent !== intentId) {
    throw invalidRequest(`Charge ${chargeId} is none of ${intentId}.`, undefined, 'charge');
  }
  if (charge === undefined || charge.status !== 'succeeded' || !charge.captured) {
    throw invalidRequest(
      `This PaymentIntent (${intentId ?? charge?.payment_intent}) does not have a successful charge to refund.`,
      undefined,
      intentId === undefined ? 'charge' : 'payment_intent',
    );
  }
  const disputes = tx.all('disputes').filter((dispute) => dispute.charge === charge.id);
  if (disputes.some((dispute) => !dispute.is_charge_refundable)) {
    throw invalidRequest(`Charge ${charge.id} has been charged back; cannot issue a refund.`, 'charge_disputed');
  }
  return charge;
}

function amountToRefund({ params }: RequestContext, charge: Charge): number {
  const left = charge.amount_captured - charge.amount_refunded;
  if (left === 0) throw invalidRequest(`Charge ${charge.id} has already been refunded.`, 'charge_already_refunded');
  const amount = integer(params, 'amount') ?? left;
  if (amount < 1) {
    throw invalidRequest('This value must be greater than or equal to 1.', 'parameter_invalid_integer', 'amount');
  }
  if (amount > left) {
    const [asked, there] = [written(amount, charge.currency), written(left, charge.currency)];
    throw invalidRequest(
      `Refund amount (${asked}) is greater than unrefunded amount on charge (${there})`,
      undefined,
      'amount',
    );
  }
  return amount;
}
