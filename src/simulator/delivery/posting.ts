import Stripe from 'stripe';
import type { StripeEvent } from '../objects/event.js';

const ANSWER_TIMEOUT_MS = 10_000;

/** One attempt, signed afresh with real time; the answer's status, or null when there was none. */
export async function post(to: { url: string; secret: string }, event: StripeEvent): Promise<number | null> {
  const payload = JSON.stringify(event);
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
