import Stripe from 'stripe';
import { type StripeEvent, toEvent } from './events.js';
import { ifReadable, type Owner } from './snapshot.js';

export type { EventObject, StripeEvent } from './events.js';

/** The delivery proves nothing: no or a wrong signature, or a time it cannot have been made at. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
}

/** It is Stripe's, signed, and what it tells of has a shape that is not known here: of another API version, say. */
export class UnreadableEventError extends Error {
  override readonly name = 'UnreadableEventError';
  constructor(
    readonly id: string,
    readonly type: string,
  ) {
    super('an event of unknown shape');
  }
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
 * @throws SignatureError, UnreadableEventError
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
  const event = trusted(body, header, secrets, nowMs);
  const read = ifReadable(() => toEvent(owner, event));
  if (read === null) throw new UnreadableEventError(event.id, event.type);
  return read;
}

function trusted(body: Buffer, header: string, secrets: readonly string[], nowMs: number): Stripe.Event {
  for (const secret of secrets) {
    try {
      const event = Stripe.webhooks.constructEvent(body, header, secret, OLDEST_SECONDS, undefined, nowMs);
      if (event.object !== 'event' || typeof event.id !== 'string') throw new TypeError('not an event');
      return event;
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
