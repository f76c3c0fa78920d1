import type Stripe from 'stripe';
import type { DisputeSnapshot } from '../domain/dispute/index.js';
import { fromMetadata, type IntentSnapshot } from '../domain/intent.js';
import type { RefundSnapshot } from '../domain/refund/index.js';
import { type Owner, toDisputeSnapshot, toRefundSnapshot, toSnapshot } from './snapshot.js';

/** An event that is surely Stripe's, signed or listed, reduced to what routing needs. */
export interface StripeEvent {
  readonly id: string;
  readonly type: string;
  readonly createdMs: number;
  /** The idempotency key of the call that caused it; null for a customer's or Stripe's own doing. */
  readonly key: string | null;
  readonly livemode: boolean;
  /** What it tells of, as far as it can concern a payment. */
  readonly about: EventObject;
}

/** Whatever else lives on the account is not read any further: its shape is nobody's business here. */
export type EventObject =
  /** A PaymentIntent that carries Penstock's labels. */
  | { readonly kind: 'intent'; readonly intent: IntentSnapshot }
  | { readonly kind: 'refund'; readonly refund: RefundSnapshot }
  | { readonly kind: 'dispute'; readonly dispute: DisputeSnapshot }
  | { readonly kind: 'other' };

/** What an event says, however it came: by a signed delivery, or in Stripe's own list. */
export function toEvent(owner: Owner, event: Stripe.Event): StripeEvent {
  return {
    id: event.id,
    type: event.type,
    createdMs: event.created * 1000,
    key: event.request?.idempotency_key ?? null,
    livemode: event.livemode,
    about: toObject(owner, event),
  };
}

function toObject(owner: Owner, event: Stripe.Event): EventObject {
  const object = event.data.object as { object?: string; metadata?: Record<string, string> | null };
  switch (object.object) {
    case 'payment_intent':
      if (fromMetadata(object.metadata) === null) return { kind: 'other' };
      return { kind: 'intent', intent: toSnapshot(owner, object as Stripe.PaymentIntent) };
    case 'refund':
      return { kind: 'refund', refund: toRefundSnapshot(owner, object as Stripe.Refund) };
    case 'dispute':
      return { kind: 'dispute', dispute: toDisputeSnapshot(owner, object as unknown as Stripe.Dispute) };
    default:
      return { kind: 'other' };
  }
}
