import { written } from '../money.js';
import type { Charge } from '../objects/charge.js';
import type { Refund } from '../objects/refund.js';
import { nowSeconds, type Operation, type RequestContext, raise, schedule, unschedule } from '../requests/context.js';
import { invalidRequest, noSuch, noSuchNamed } from '../requests/errors.js';
import { page } from '../requests/lists.js';
import {
  changedMetadata,
  EXPAND,
  integer,
  LIST_BY_TIME,
  METADATA,
  METADATA_CHANGE,
  object,
  oneOf,
  read,
  word,
} from '../requests/params.js';
import { sequelOfRefund } from '../sequels.js';
import { ensureSettled, returnRefund, takeRefund } from './settling.js';

const CREATE = object({
  ...EXPAND,
  amount: integer(1).optional(),
  charge: word().optional(),
  metadata: METADATA,
  payment_intent: word().optional(),
  reason: oneOf(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
});
const UPDATE = object({ ...EXPAND, metadata: METADATA_CHANGE });
const RETRIEVE = object(EXPAND);
const LIST = object({ ...LIST_BY_TIME, charge: word().optional(), payment_intent: word().optional() });

export const createRefund: Operation = (context) => {
  const { tx } = context;
  const given = read(CREATE, context.params);
  const charge = chargeToRefund(context, given);
  const amount = amountToRefund(charge, given.amount);
  const sequel = sequelOfRefund(context, charge);
  const pending = sequel?.kind === 'refund_pending';
  ensureSettled(context, charge);

  const refund: Refund = {
    id: context.newId(charge.id.startsWith('py_') ? 'pyr' : 're'),
    object: 'refund',
    amount,
    balance_transaction: null,
    charge: charge.id,
    created: nowSeconds(context),
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: destination(charge),
    metadata: changedMetadata({}, given.metadata),
    payment_intent: given.payment_intent ?? charge.payment_intent,
    payment_method: charge.payment_method,
    reason: given.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: pending ? 'pending' : 'succeeded',
    transfer_reversal: null,
    ...(pending ? { pending_reason: 'processing' as const } : {}),
  };
  refund.balance_transaction = takeRefund(context, refund, charge).id;
  charge.amount_refunded += amount;
  charge.refunded = charge.amount_refunded === charge.amount_captured;
  tx.put('charges', charge);
  tx.put('refunds', refund);
  raise(context, 'refund.created', refund);
  raise(context, 'charge.refunded', charge);
  if (charge.refunded) resolveInquiries(context, charge);
  if (sequel !== undefined) schedule(context, pending ? 'refund_succeeds' : 'refund_fails', refund.id, sequel.afterMs);
  return refund;
};

/** "Refund the payment in full: this marks the inquiry as resolved" (docs.stripe.com/disputes). */
function resolveInquiries(context: RequestContext, charge: Charge): void {
  for (const { id, status } of context.tx.where('disputes', 'charge', charge.id)) {
    if (status.startsWith('warning_')) schedule(context, 'inquiry_lapses', id, 0);
  }
}

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
  const refund = context.tx.get('refunds', id);
  if (refund === undefined || refund.status === 'failed' || refund.status === 'canceled') return;
  const failed = undo(context, { ...refund, status: 'failed', failure_reason: failureReason });
  raise(context, 'refund.updated', failed);
  raise(context, 'refund.failed', failed);
  raise(context, 'charge.refund.updated', failed);
}

/** Only what waits for the customer's own word can be taken back, and no refund to a card or a bank account does. */
export const cancelRefund: Operation = (context, id) => {
  read(RETRIEVE, context.params);
  const refund = findRefund(context, id);
  throw invalidRequest(
    `Refund ${id} cannot be canceled because it has a status of ${refund.status}. Only a refund with the status ` +
      'requires_action may be canceled.',
    'refund_not_cancelable',
  );
};

export const updateRefund: Operation = (context, id) => {
  const given = read(UPDATE, context.params);
  const refund = findRefund(context, id);
  refund.metadata = changedMetadata(refund.metadata, given.metadata);
  context.tx.put('refunds', refund);
  raise(context, 'refund.updated', refund);
  raise(context, 'charge.refund.updated', refund);
  return refund;
};

export const retrieveRefund: Operation = (context, id) => {
  read(RETRIEVE, context.params);
  return findRefund(context, id);
};

export const listRefunds: Operation = (context) => {
  const { charge, payment_intent, ...given } = read(LIST, context.params);
  return page(context, given, {
    table: 'refunds',
    url: '/v1/refunds',
    by: charge === undefined ? ['payment_intent', payment_intent] : ['charge', charge],
    where: (refund) => payment_intent === undefined || refund.payment_intent === payment_intent,
  });
};

function findRefund({ tx }: RequestContext, id: string): Refund {
  const refund = tx.get('refunds', id);
  if (refund === undefined) throw noSuch('refund', id, 'id');
  return refund;
}

/** Its money is on the balance again. */
function undo(context: RequestContext, { pending_reason: _, ...refund }: Refund): Refund {
  const { tx } = context;
  const charge = tx.get('charges', refund.charge);
  const returned = returnRefund(context, refund);
  const undone: Refund = returned === undefined ? refund : { ...refund, failure_balance_transaction: returned.id };
  if (charge !== undefined) {
    charge.amount_refunded -= refund.amount;
    charge.refunded = false;
    tx.put('charges', charge);
  }
  for (const kind of ['refund_succeeds', 'refund_fails'] as const) unschedule(context, kind, refund.id);
  tx.put('refunds', undone);
  return undone;
}

function destination({ payment_method_details: { type } }: Charge): Refund['destination_details'] {
  if (type !== 'card') return { type: type === 'us_bank_account' ? 'us_bank_transfer' : 'eu_bank_transfer' };
  return {
    type: 'card',
    card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' },
  };
}

interface Named {
  readonly charge?: string | undefined;
  readonly payment_intent?: string | undefined;
}

/** The charge that is named, or the intent's; refused unless there is money of it to give back. */
function chargeToRefund({ tx }: RequestContext, { charge: chargeId, payment_intent: intentId }: Named): Charge {
  if (chargeId === undefined && intentId === undefined) {
    throw invalidRequest('One of the following params should be provided for this request: payment_intent or charge.');
  }
  const intent = intentId === undefined ? undefined : tx.look('payment_intents', intentId);
  if (intentId !== undefined && intent === undefined) throw noSuchNamed('payment_intent', intentId, 'payment_intent');
  const charge = tx.get('charges', chargeId ?? intent?.latest_charge ?? '');
  if (chargeId !== undefined && charge === undefined) throw noSuchNamed('charge', chargeId, 'charge');
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
  if (tx.where('disputes', 'charge', charge.id).some((dispute) => !dispute.is_charge_refundable)) {
    throw invalidRequest(`Charge ${charge.id} has been charged back; cannot issue a refund.`, 'charge_disputed');
  }
  return charge;
}

function amountToRefund(charge: Charge, asked: number | undefined): number {
  const left = charge.amount_captured - charge.amount_refunded;
  if (left === 0) throw invalidRequest(`Charge ${charge.id} has already been refunded.`, 'charge_already_refunded');
  const amount = asked ?? left;
  if (amount > left) {
    const [wanted, there] = [written(amount, charge.currency), written(left, charge.currency)];
    throw invalidRequest(
      `Refund amount (${wanted}) is greater than unrefunded amount on charge (${there})`,
      undefined,
      'amount',
    );
  }
  return amount;
}
