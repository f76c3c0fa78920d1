import Stripe from 'stripe';
import { SIMULATOR_WEBHOOK_SECRET } from '../../src/config/accounts.js';
import type { Stack } from './stack.js';

/** Delivers an event that nobody's request caused, signed as Stripe would. */
export function deliverSigned(stack: Stack, type: string, object: unknown, id = `evt_${type}_${Date.now()}`) {
  const payload = JSON.stringify({
    id,
    object: 'event',
    type,
    created: Math.floor(Date.now() / 1000),
    livemode: false,
    request: { id: null, idempotency_key: null },
    data: { object },
  });
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: SIMULATOR_WEBHOOK_SECRET });
  const headers = { 'stripe-signature': signature };
  return stack.api.call<{ outcome: string }>('POST', '/webhooks/stripe/default', payload, headers);
}
