import { StripeApiError } from '../requests/errors.js';

/**
 * Why a request was turned away: the values of `Stripe-Rate-Limited-Reason` (docs.stripe.com/rate-limits), and
 * `lock_timeout`, which is no limiter and carries no such header.
 *
 * Too many updates of one PaymentIntent are `resource-specific`. Which reason a used-up allowance of reads has is
 * documented nowhere (unverified): it is `resource-specific` too, as the other four are about the second and about what is
 * under way, and waiting a second cures neither of these.
 */
export const REASONS = [
  'global-rate',
  'global-concurrency',
  'endpoint-rate',
  'endpoint-concurrency',
  'resource-specific',
  'lock_timeout',
] as const;

export type Reason = (typeof REASONS)[number];

const MESSAGES: Readonly<Record<Reason, string>> = {
  'global-rate': 'Request rate limit exceeded.',
  'global-concurrency': 'Too many concurrent requests.',
  'endpoint-rate': 'Request rate limit of this endpoint exceeded.',
  'endpoint-concurrency': 'Too many concurrent requests to this endpoint.',
  'resource-specific': 'A limit of this resource is exceeded.',
  // Stripe's own words, as its users quote them (github.com/stripe/stripe-node/issues/2056).
  lock_timeout:
    'This object cannot be accessed right now because another API request or Stripe process is currently accessing it. ' +
    'If you see this error intermittently, retry the request. If you see this error frequently and are making multiple ' +
    'concurrent requests to a single object, make your requests serially or at a lower rate.',
};

/**
 * The 429 of a reason; its type and codes are those of real ones (github.com/lukasaron/terraform-provider-stripe/issues/40).
 *
 * @param reason one of {@link REASONS}, or one that Stripe has not thought of yet.
 */
export function tooMany(reason: string): StripeApiError {
  const locked = reason === 'lock_timeout';
  const message = MESSAGES[reason as Reason] ?? MESSAGES['global-rate'];
  return new StripeApiError(
    429,
    { type: 'invalid_request_error', code: locked ? 'lock_timeout' : 'rate_limit', message },
    locked ? {} : { 'stripe-rate-limited-reason': reason },
  );
}
