import Stripe from 'stripe';
import type { NotSentReason, Reply } from '../domain/outcome.js';
import { TransportError } from './http-client.js';
import { toSnapshot } from './snapshot.js';

/** The gateway kept the request from being written. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError';
  constructor(readonly why: NotSentReason) {
    super(`not sent: ${why}`);
  }
}

/** Whether Stripe refused a request as it stands: a 4xx that no repetition changes. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError;
}

/** What a successful answer showed. */
export function replyOf(account: string, intent: Stripe.Response<Stripe.PaymentIntent>): Reply {
  return readable(() => {
    if (intent.object !== 'payment_intent') throw new TypeError('not a payment intent');
    const replayed = intent.lastResponse.headers['idempotent-replayed'] === 'true';
    return { kind: 'object', object: toSnapshot(account, intent), replayed };
  });
}

/** The exchange took place: an answer that cannot be read leaves its outcome unknown, and is no bug of the caller's. */
function readable(read: () => Reply): Reply {
  try {
    return read();
  } catch (error) {
    return { kind: 'lost', why: `unreadable answer (${(error as Error).name})` };
  }
}

/**
 * What a thrown error showed. Anything that is not Stripe's own well-formed error is `lost`: a body cut off, a proxy's
 * page, a time-out. Only what certainly kept the bytes here is `not_sent`.
 *
 * @throws the error itself when it is none of the exchange's: a bug here must not look like an unknown charge.
 */
export function replyOfError(account: string, error: unknown): Reply {
  const cause = rootOf(error);
  if (cause instanceof NotSentError) return { kind: 'not_sent', why: cause.why };
  if (cause instanceof TransportError) {
    return cause.connected ? { kind: 'lost', why: cause.reason } : { kind: 'not_sent', why: 'connection_refused' };
  }
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  if (error instanceof Stripe.errors.StripeConnectionError) return { kind: 'lost', why: lostReason(error) };
  // A page that is not JSON comes from something between us and Stripe (stripe-node gives it no status).
  if (error.statusCode === undefined) return { kind: 'lost', why: 'unreadable answer' };
  const status = error.statusCode;
  return readable(() => replyOfApiError(account, status, error));
}

function replyOfApiError(
  account: string,
  status: number,
  error: InstanceType<typeof Stripe.errors.StripeError>,
): Reply {
  const intent = error.payment_intent as Stripe.PaymentIntent | null | undefined;
  return {
    kind: 'error',
    status,
    type: error.rawType ?? null,
    code: error.code ?? null,
    // The library fills in an empty string where there is none.
    declineCode: error.decline_code || null,
    message: error.message,
    object: intent == null ? null : toSnapshot(account, intent),
    rateLimitedReason: error.headers?.['stripe-rate-limited-reason'] ?? null,
    replayed: error.headers?.['idempotent-replayed'] === 'true',
  };
}

function lostReason(error: InstanceType<typeof Stripe.errors.StripeConnectionError>): string {
  return /timeout/.test(error.message) ? 'no answer in time' : 'connection lost';
}

/** Stripe-node wraps what the HTTP client threw; the first cause says what happened. */
function rootOf(error: unknown): unknown {
  const detail = (error as { detail?: unknown }).detail;
  return detail instanceof NotSentError || detail instanceof TransportError ? detail : error;
}
