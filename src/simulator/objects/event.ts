import type { Metadata } from './shared.js';

export interface StripeEvent {
  id: string;
  object: 'event';
  api_version: string;
  created: number;
  data: { object: unknown; previous_attributes?: Record<string, unknown> };
  livemode: boolean;
  pending_webhooks: number;
  request: { id: string | null; idempotency_key: string | null };
  type: string;
}

/** One event on its way to one endpoint. */
export interface WebhookDelivery {
  id: string;
  event: string;
  endpoint: string;
  attempts: number;
  state: 'pending' | 'delivered' | 'dropped' | 'given_up';
  lastStatus: number | null;
  /** When the event was raised, Unix ms: the event's own `created` has whole seconds. */
  raisedMs: number;
}

export interface WebhookEndpoint {
  id: string;
  object: 'webhook_endpoint';
  api_version: string | null;
  application: null;
  created: number;
  description: string | null;
  /** The types that are sent to it; `*` for every one. */
  enabled_events: string[];
  livemode: boolean;
  metadata: Metadata;
  /** Shown once, when it is made. */
  secret: string;
  status: 'enabled' | 'disabled';
  url: string;
}

/** As Stripe shows it: with how many endpoints have not taken it yet, of those that it was meant for. */
export function eventAmong(event: StripeEvent, deliveries: readonly WebhookDelivery[]): StripeEvent {
  return { ...event, pending_webhooks: deliveries.filter(({ state }) => state !== 'delivered').length };
}
