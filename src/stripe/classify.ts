import Stripe from 'stripe';
import type { NotSentReason, Reply } from '../domain/outcome.js';
import { TransportError } from './http-client.js';

/** The gateway kept the request from being written. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError';
  constructor(
    readonly why: NotSentReason,
    /** When it may be worth another try, ms, where that is known. */
    readonly againInMs?: number,
  ) {
    super(`not sent: ${why}`);
  }
}

/** What a successful answer showed, as `read` takes it in. */
export function replyOf<A, T>(answer: Stripe.Response<A>, read: (answer: A) => T): Reply<T> {
  return readable(() => {
    const replayed = answer.lastResponse.headers['idempotent-replayed'] === 'true';
    return { kind: 'object', object: read(answer), replayed };
  });
}

/** The exchange took place: an answer that cannot be read leaves its outcome unknown, and is no bug of the caller's. */
function readable<T>(read: () => Reply<T>): Reply<T> {
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
 * @param read takes in the intent that an error may show.
 * @throws the error itself when it is none of the exchange's: a bug here must not look like an unknown charge.
 */
export function replyOfError<T>(error: unknown, read: (intent: Stripe.PaymentIntent) => T | null): Reply<T> {
  const cause = rootOf(error);
  if (cause instanceof NotSentError) {
    const { why, againInMs } = cause;
    return { kind: 'not_sent', why, ...(againInMs === undefined ? {} : { againInMs }) };
  }
  if (cause instanceof TransportError) {
    return cause.connected ? { kind: 'lost', why: cause.reason } : { kind: 'not_sent', why: 'connection_refused' };
  }
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  if (error instanceof Stripe.errors.StripeConnectionError) return { kind: 'lost', why: lostReason(error) };
  // A page that is not JSON comes from something between us and Stripe (stripe-node gives it no status).
  if (error.statusCode === undefined) return { kind: 'lost', why: 'unreadable answer' };
  const status = error.statusCode;
  return readable(() => replyOfApiError(status, error, read));
}

/** Whether an error is about an exchange with Stripe at all. */
export function isExchangeError(error: unknown): boolean {
  const cause = rootOf(error);
  return cause instanceof NotSentError || cause instanceof TransportError || error instanceof Stripe.errors.StripeError;
}

/** Whether Stripe refuses a key what it has not been given, a 403: a restricted key may read one thing and not another. */
export function isForbidden(error: unknown): boolean {
  return error instanceof Stripe.errors.StripePermissionError;
}

function replyOfApiError<T>(
  status: number,
  error: InstanceType<typeof Stripe.errors.StripeError>,
  read: (intent: Stripe.PaymentIntent) => T | null,
): Reply<T> {
  const intent = error.payment_intent as Stripe.PaymentIntent | null | undefined;
  return {
    kind: 'error',
    status,
    type: error.rawType ?? null,
    code: error.code ?? null,
    // The library fills in an empty string where there is none.
    declineCode: error.decline_code || null,
    message: error.message,
    object: intent == null ? null : read(intent),
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
