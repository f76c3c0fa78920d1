import Stripe from 'stripe';
import { NotSentError } from './classify.js';
import { TransportError } from './http-client.js';

/** Where every HTTP request to Stripe is counted: once when it is about to be written, once when its exchange is over. */
export interface StripeMeter {
  requested(account: string, lane: string, endpoint: string): void;
  answered(
    account: string,
    lane: string,
    endpoint: string,
    outcome: RequestOutcome,
    cause: ThrottleCause | '',
    seconds: number,
  ): void;
}

/**
 * What came of one request, by who has to do something: nobody (`ok`), the customer (`declined`), the caller (`invalid`),
 * whoever keeps the account's key (`refused`), the budget (`throttled`), or Stripe (`server_error`). `conflict`: another
 * call under the same key is under way. `lost`: no whole answer came. `not_connected`: nothing was ever written.
 */
export type RequestOutcome =
  | 'ok'
  | 'declined'
  | 'invalid'
  | 'refused'
  | 'conflict'
  | 'throttled'
  | 'server_error'
  | 'lost'
  | 'not_connected';

/** Stripe's own reasons of a 429, by name: what a header says elsewhere must not become a label. */
const LIMITERS = [
  'global-rate',
  'endpoint-rate',
  'global-concurrency',
  'endpoint-concurrency',
  'resource-specific',
] as const;

/** `lock_timeout`: a 429 without a reason is no limiter's. `other`: a limiter that Stripe has added since. */
export type ThrottleCause = (typeof LIMITERS)[number] | 'lock_timeout' | 'other';

export interface Answer {
  readonly outcome: RequestOutcome;
  /** Of a 429; else empty. */
  readonly cause: ThrottleCause | '';
}

/** What came of the request whose exchange threw; null where none was written and none is counted. */
export function answerOf(error: unknown): Answer | null {
  const detail = (error as { detail?: unknown } | null)?.detail;
  const cause = detail instanceof NotSentError || detail instanceof TransportError ? detail : error;
  if (cause instanceof NotSentError) return null;
  if (cause instanceof TransportError) return plain(cause.connected ? 'lost' : 'not_connected');
  if (!(error instanceof Stripe.errors.StripeError) || error.statusCode === undefined) return plain('lost');
  if (error.statusCode === 429) {
    return { outcome: 'throttled', cause: throttleCause(error.headers?.['stripe-rate-limited-reason']) };
  }
  return plain(outcomeOfStatus(error.statusCode));
}

function outcomeOfStatus(status: number): RequestOutcome {
  if (status >= 500) return 'server_error';
  switch (status) {
    case 401:
    case 403:
      return 'refused';
    case 402:
      return 'declined';
    case 409:
      return 'conflict';
    default:
      return 'invalid';
  }
}

function throttleCause(reason: string | undefined): ThrottleCause {
  if (reason === undefined) return 'lock_timeout';
  return LIMITERS.find((known) => known === reason) ?? 'other';
}

function plain(outcome: RequestOutcome): Answer {
  return { outcome, cause: '' };
}
