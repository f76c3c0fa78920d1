import Stripe from 'stripe';
import type { StripeEvent, WebhookEndpoint } from '../objects/event.js';

const ANSWER_TIMEOUT_MS = 10_000;

/** One attempt, signed afresh with real time; the answer's status, or null when there was none. */
export async function post(
  to: Pick<WebhookEndpoint, 'url' | 'secret' | 'api_version'>,
  event: StripeEvent,
): Promise<number | null> {
  // Only requests differ by version here: what an event is about looks the same in all of them.
  const payload = JSON.stringify({ ...event, api_version: to.api_version ?? event.api_version });
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: to.secret });
  try {
    const response = await fetch(to.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'stripe-signature': signature, 'user-agent': 'Stripe/1.0' },
      body: payload,
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return null;
  }
}
