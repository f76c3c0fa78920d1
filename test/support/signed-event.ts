import Stripe from 'stripe';
import { SIMULATOR_WEBHOOK_SECRET } from '../../src/config/accounts.js';
import type { Stack } from './stack.js';

/** Delivers an event that nobody's request caused, signed as Stripe would. */
export function deliverSigned(stack: Stack, type: string, object: unknown, id = `evt_${type}_${Date.now()}`) {
  return deliverEvent(stack, {
    id,
    object: 'event',
    type,
    created: Math.floor(Date.now() / 1000),
    livemode: false,
    request: { id: null, idempotency_key: null },
    data: { object },
  });
}

/** Every event that Stripe has raised of the intent so far. */
export async function eventsOf(stack: Stack, intent: string | null): Promise<Stripe.Event[]> {
  const { data } = await stack.stripe.events.list({ limit: 100 });
  return data.filter((event) => (event.data.object as { id?: string }).id === intent);
}

/** Delivers the event as it is, signed anew. */
export function deliverEvent(stack: Stack, event: unknown) {
  const payload = JSON.stringify(event);
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: SIMULATOR_WEBHOOK_SECRET });
  const headers = { 'stripe-signature': signature };
  return stack.webhooks.call<{ outcome: string }>('POST', '/webhooks/stripe/default', payload, headers);
}
