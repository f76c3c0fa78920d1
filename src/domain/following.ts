import { parsePaymentId } from './ids.js';
import type { IntentSnapshot } from './intent.js';

/**
 * Refunds and disputes name only their intent and charge. Whose they are is known from the beginning, or found by one
 * read of the intent, or they are nobody's here: other programs, and other deployments, use the account too.
 */
export type Owner =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'payment'; readonly paymentId: string; readonly merchant: string }
  | { readonly kind: 'foreign' };

/** The payment whose labels the intent carries; null where the object names no intent at all. */
export function ownerBy(intent: IntentSnapshot | null, deployment: string): Owner {
  const labels = intent?.labels;
  if (!labels || labels.deployment !== deployment) return { kind: 'foreign' };
  return ownerById(labels.workflowId);
}

/** The payment of this id. */
export function ownerById(paymentId: string): Owner {
  const parts = parsePaymentId(paymentId);
  return parts === undefined ? { kind: 'foreign' } : { kind: 'payment', paymentId, merchant: parts.merchant };
}

/** Nothing is asked after more rarely than this. */
const LONGEST_MS = 24 * 60 * 60_000;

/**
 * How long to wait for Stripe's event before asking for oneself about something that is `ageMs` old, in milliseconds: a
 * quarter of its age, so that what goes on for months costs some dozens of reads.
 *
 * @param overdueMs the shortest wait: when an event counts as overdue.
 */
export function followDelayMs(ageMs: number, overdueMs: number): number {
  return Math.round(Math.min(LONGEST_MS, Math.max(overdueMs, ageMs / 4)));
}
