import Stripe from 'stripe';
import type { DisputeSnapshot } from '../domain/dispute/index.js';
import { fromMetadata, type IntentSnapshot } from '../domain/intent.js';
import type { RefundSnapshot } from '../domain/refund/index.js';
import { type Owner, toDisputeSnapshot, toRefundSnapshot, toSnapshot } from './snapshot.js';

/** An event whose signature was checked, reduced to what routing needs. */
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

/** The delivery proves nothing: no or a wrong signature, or a time it cannot have been made at. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
}

/** How old a delivery may be: Stripe's own default. Every retry is signed afresh, so a genuine one never is. */
const OLDEST_SECONDS = 300;
/** How far ahead of ours Stripe's clock may be. Stripe-node checks no future at all. */
const FURTHEST_AHEAD_SECONDS = 300;

/**
 * Checks a delivery against each of the endpoint's secrets (several while one is rolled) and reads it.
 *
 * @param body the raw bytes as received: any re-encoding breaks the signature.
 * @param nowMs Unix milliseconds.
 * @throws SignatureError
 */
export function readEvent(
  owner: Owner,
  body: Buffer,
  header: string | undefined,
  secrets: readonly string[],
  nowMs: number,
): StripeEvent {
  if (header === undefined) throw new SignatureError('the Stripe-Signature header is missing');
  refuseFuture(header, nowMs);
  for (const secret of secrets) {
    try {
      const event = Stripe.webhooks.constructEvent(body, header, secret, OLDEST_SECONDS, undefined, nowMs);
      return toEvent(owner, event);
    } catch (error) {
      if (error instanceof Stripe.errors.StripeSignatureVerificationError) continue;
      throw new SignatureError('the body is not an event');
    }
  }
  throw new SignatureError('no signature matches, or the delivery is too old');
}

function refuseFuture(header: string, nowMs: number): void {
  const stamps = [...header.matchAll(/(?:^|,)\s*t=(\d+)/g)].map((match) => Number(match[1]));
  if (stamps.length === 0) throw new SignatureError('the Stripe-Signature header has no timestamp');
  if (Math.max(...stamps) - nowMs / 1000 > FURTHEST_AHEAD_SECONDS)
    throw new SignatureError('the delivery is from the future');
}

function toEvent(owner: Owner, event: Stripe.Event): StripeEvent {
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
