import type { IntentSnapshot } from '../domain/intent.js';
import type { StripeEvent } from '../stripe/signature.js';
import type { IntentTold } from '../workflows/messages.js';

/** Whom an event concerns, or why nobody. */
export type Routing =
  | { readonly to: 'payment'; readonly paymentId: string; readonly told: IntentTold }
  | { readonly to: 'nobody'; readonly why: 'not_caused_here' | 'other_deployment' | 'changes_no_state' };

/**
 * The events that can change a payment's state. A signal is a billable action, so the others (created, charge.*,
 * balance) are only counted.
 */
const STATE_CHANGING: ReadonlySet<string> = new Set([
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.canceled',
  'payment_intent.processing',
  'payment_intent.requires_action',
  'payment_intent.amount_capturable_updated',
]);

/** Finds an event's payment by the labels Penstock put on the intent. Pure. */
export function route(event: StripeEvent, deployment: string): Routing {
  const labels = event.intent?.labels;
  if (!event.intent || !labels) return { to: 'nobody', why: 'not_caused_here' };
  if (labels.deployment !== deployment) return { to: 'nobody', why: 'other_deployment' };
  if (!STATE_CHANGING.has(event.type)) return { to: 'nobody', why: 'changes_no_state' };
  const told: IntentTold = { source: 'webhook', intent: event.intent, key: event.key, event: event.id };
  return { to: 'payment', paymentId: labels.workflowId, told };
}

/** Whether an intent that belongs to no living payment has money in it, or may still get some. */
export function concernsMoney(intent: IntentSnapshot): boolean {
  return intent.status !== 'canceled';
}
