import type Stripe from 'stripe';
import type { DisputeSnapshot } from '../domain/dispute/index.js';
import { fromMetadata } from '../domain/intent.js';
import { keptBy } from '../domain/ledger.js';
import { givenBackBy, type Money, type Movement, type MovementKind } from '../domain/reconciling.js';
import type { RefundSnapshot } from '../domain/refund/index.js';
import type { SyncedObject, SyncKind } from '../domain/syncing.js';
import { ifReadable, type Owner, toDisputeSnapshot, toRefundSnapshot, toSnapshot } from './snapshot.js';

/**
 * Takes from a balance transaction what a ledger entry is held against. The amount is the customer's, in the currency
 * they paid in: what is on the balance may have been changed into another. Of a dispute it is what all its movements come to, of
 * a refund what it gives back. The movement's source has to be expanded.
 */
export function toMovement(owner: Owner, moved: Stripe.BalanceTransaction): Movement {
  if (moved.object !== 'balance_transaction') throw new TypeError('not a balance_transaction');
  const kind = kindOf(moved);
  const common = { id: moved.id, kind, createdMs: moved.created * 1_000 };
  const { source, amount, currency } = moved;
  if (source === null || typeof source === 'string') {
    const nothing = { intent: null, labels: null, shown: null, refund: null, dispute: null };
    return { ...common, ...nothing, source, amount: Math.abs(amount), currency };
  }
  const about = source as About;
  const intent = about.payment_intent ?? null;
  const whole = intent !== null && typeof intent !== 'string' ? intent : null;
  const dispute =
    about.object === 'dispute' ? ifReadable(() => toDisputeSnapshot(owner, source as Stripe.Dispute)) : null;
  const refund = about.object === 'refund' ? ifReadable(() => toRefundSnapshot(owner, source as Stripe.Refund)) : null;
  return {
    ...common,
    source: about.id,
    intent: typeof intent === 'string' ? intent : (whole?.id ?? null),
    amount: null,
    currency,
    ...moneyOf(about, dispute, refund, moved),
    // A charge has its intent's labels. A refund's own name its own workflow: whose payment it is, only the intent tells.
    labels: fromMetadata(whole !== null ? whole.metadata : about.object === 'charge' ? about.metadata : null),
    shown: whole === null ? null : ifReadable(() => toSnapshot(owner, whole)),
    refund,
    dispute,
  };
}

type About = Partial<Pick<Stripe.Charge, 'payment_intent' | 'metadata' | 'amount_captured' | 'status'>> &
  Partial<Pick<Stripe.Refund, 'amount' | 'currency'>> & { id: string; object: string };

/** Null where it cannot be read. */
function moneyOf(
  { object, currency, amount, amount_captured, status }: About,
  dispute: DisputeSnapshot | null,
  refund: RefundSnapshot | null,
  moved: Stripe.BalanceTransaction,
): Money | null {
  if (object === 'dispute') return dispute === null ? null : keptBy(dispute);
  if (object === 'refund') return refund === null ? null : givenBackBy(refund);
  // A bank debit is on the balance before it is paid, and is taken from it again where it is not (`charge_failure`).
  const unpaid = object === 'charge' && (status === 'pending' || status === 'failed');
  const took = unpaid ? 0 : object === 'charge' ? (amount_captured ?? 0) : (amount ?? Math.abs(moved.amount));
  return { amount: took, currency: currency ?? moved.currency };
}

function kindOf({ reporting_category }: Stripe.BalanceTransaction): MovementKind {
  switch (reporting_category) {
    case 'charge':
    case 'refund':
    case 'refund_failure':
    case 'dispute':
    case 'dispute_reversal':
      return reporting_category;
    default:
      return 'other';
  }
}

/**
 * What is kept of each kind, by name: what a report or a reconciliation asks for. Names, addresses, e-mail, receipts and
 * whatever Stripe adds one day stay at Stripe.
 */
const KEPT: Readonly<Record<SyncKind, readonly string[]>> = {
  charges: [
    'amount',
    'amount_captured',
    'amount_refunded',
    'balance_transaction',
    'captured',
    'currency',
    'customer',
    'disputed',
    'failure_code',
    'livemode',
    'paid',
    'payment_intent',
    'payment_method',
    'refunded',
    'status',
  ],
  refunds: [
    'amount',
    'balance_transaction',
    'charge',
    'currency',
    'failure_reason',
    'payment_intent',
    'reason',
    'status',
  ],
  customers: ['balance', 'currency', 'delinquent', 'livemode'],
  disputes: ['amount', 'charge', 'currency', 'livemode', 'payment_intent', 'reason', 'status'],
};

const KIND_OF: Readonly<Record<string, SyncKind>> = {
  charge: 'charges',
  refund: 'refunds',
  customer: 'customers',
  dispute: 'disputes',
};

/** Takes from a historic object what is kept of it, and whose it is by Penstock's own labels. */
export function toSynced(object: Stripe.Charge | Stripe.Refund | Stripe.Customer | Stripe.Dispute): SyncedObject {
  const kind = KIND_OF[object.object];
  if (kind === undefined) throw new TypeError('not an object that is kept');
  const fields = object as unknown as Readonly<Record<string, unknown>>;
  const kept = KEPT[kind].filter((name) => fields[name] !== undefined).map((name) => [name, idOr(fields[name])]);
  const labels = fromMetadata(object.metadata);
  return {
    kind,
    id: object.id,
    createdMs: object.created * 1_000,
    body: { ...Object.fromEntries(kept), ...(labels === null ? {} : { penstock_workflow: labels.workflowId }) },
  };
}

/** An object that came in place of its id is its id. */
function idOr(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'id' in value ? value.id : value;
}
