import type { DisputeSnapshot } from '../domain/dispute/index.js';
import { type Owner, ownerById } from '../domain/following.js';
import { disputeId, followedRefundId, parsePaymentId, parseRefundId } from '../domain/ids.js';
import type { IntentSnapshot } from '../domain/intent.js';
import type { RefundSnapshot } from '../domain/refund/index.js';
import type { StripeEvent } from '../stripe/signature.js';
import type { IntentTold } from '../workflows/messages.js';

/** Whom an event concerns, or why nobody. */
export type Routing =
  | { readonly to: 'payment'; readonly paymentId: string; readonly told: IntentTold }
  | ToRefund
  | ToDispute
  | { readonly to: 'nobody'; readonly why: 'not_caused_here' | 'other_deployment' | 'changes_no_state' };

export interface ToRefund {
  readonly to: 'refund';
  readonly workflowId: string;
  readonly refund: RefundSnapshot;
  /** Known for a refund of Penstock's own; else one read of the intent finds it. */
  readonly owner: Owner;
}

export interface ToDispute {
  readonly to: 'dispute';
  readonly workflowId: string;
  readonly dispute: DisputeSnapshot;
}

/**
 * The events that can change a state, and so those that an endpoint at Stripe asks for. A signal is a billable action, so
 * the others (created, charge.*, balance) are only counted. Of a refund's, `charge.refunded` and `charge.refund.updated`
 * say nothing that `refund.*` does not.
 */
export const STATE_CHANGING: ReadonlySet<string> = new Set([
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.canceled',
  'payment_intent.processing',
  'payment_intent.requires_action',
  'payment_intent.amount_capturable_updated',
  'refund.created',
  'refund.updated',
  'refund.failed',
  'charge.dispute.created',
  'charge.dispute.updated',
  'charge.dispute.closed',
  'charge.dispute.funds_withdrawn',
  'charge.dispute.funds_reinstated',
]);

/**
 * Finds whom an event is for: a payment by the labels Penstock put on its intent, a refund by those it put on the refund.
 * A refund made elsewhere and a dispute carry none: each is followed by a workflow of its own, which finds out. Pure.
 */
export function route(event: StripeEvent, deployment: string): Routing {
  const { about } = event;
  if (about.kind === 'other') return { to: 'nobody', why: 'not_caused_here' };
  const labels = about.kind === 'intent' ? about.intent.labels : about.kind === 'refund' ? about.refund.labels : null;
  if (labels !== null && labels.deployment !== deployment) return { to: 'nobody', why: 'other_deployment' };
  if (!STATE_CHANGING.has(event.type)) return { to: 'nobody', why: 'changes_no_state' };
  switch (about.kind) {
    case 'intent':
      return toPayment(event, about.intent);
    case 'refund':
      return toRefund(about.refund);
    case 'dispute': {
      const { dispute } = about;
      return { to: 'dispute', workflowId: disputeId(dispute.account, dispute.id), dispute };
    }
  }
}

function toPayment(event: StripeEvent, intent: IntentSnapshot): Routing {
  // Whoever may write to the account can write such a label; only a payment's own id leads anywhere.
  if (intent.labels === null || parsePaymentId(intent.labels.workflowId) === undefined) {
    return { to: 'nobody', why: 'not_caused_here' };
  }
  const told: IntentTold = { source: 'webhook', intent, key: event.key, event: event.id };
  return { to: 'payment', paymentId: intent.labels.workflowId, told };
}

function toRefund(refund: RefundSnapshot): Routing {
  const made = refund.labels === null ? undefined : parseRefundId(refund.labels.workflowId);
  if (refund.labels === null || made === undefined) {
    const workflowId = followedRefundId(refund.account, refund.id);
    return { to: 'refund', workflowId, refund, owner: { kind: 'unknown' } };
  }
  return { to: 'refund', workflowId: refund.labels.workflowId, refund, owner: ownerById(made.paymentId) };
}

/** Whether an intent that belongs to no living payment has money in it, or may still get some. */
export function concernsMoney(intent: IntentSnapshot): boolean {
  return intent.status !== 'canceled';
}
