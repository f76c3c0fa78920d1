import type { WebhookDelivery } from '../objects/event.js';
import { DAY_MS, HOUR_MS } from '../time/durations.js';

/**
 * Stripe retries for three days in live mode, "with an exponential back off" (docs.stripe.com/webhooks); the intervals it
 * does not state. Doubling without end would leave the last two days without any attempt.
 */
export const RETRIED_FOR_MS = 3 * DAY_MS;
const LONGEST_PAUSE_MS = 12 * HOUR_MS;

/** Until the next, after so many `attempts`. */
export function pauseAfter(attempts: number, firstMs: number): number {
  return Math.min(firstMs * 2 ** (attempts - 1), LONGEST_PAUSE_MS);
}

/** What one attempt leaves of a delivery. What another copy of the event has settled stays settled. */
export function stateAfter(
  { state, raisedMs }: WebhookDelivery,
  status: number | null,
  nextMs: number,
): WebhookDelivery['state'] {
  if (status !== null && status >= 200 && status < 300) return 'delivered';
  if (state !== 'pending') return state;
  return nextMs > raisedMs + RETRIED_FOR_MS ? 'given_up' : 'pending';
}
