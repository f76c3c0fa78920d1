import type { Failure } from './failures.js';

/**
 * What Penstock keeps of a Stripe PaymentIntent: only what decides a payment's state. Whole objects carry receipts,
 * addresses and e-mail, none of which belongs in a history. Times in Unix milliseconds, amounts in minor units.
 */
export interface IntentSnapshot {
  readonly account: string;
  readonly livemode: boolean;
  readonly id: string;
  /** Stripe's status; open: a value nobody here knows must be survived. */
  readonly status: string;
  readonly amount: number;
  readonly currency: string;
  readonly amountReceived: number;
  readonly amountCapturable: number;
  readonly createdMs: number;
  readonly paymentMethod: string | null;
  readonly latestCharge: string | null;
  /** The last error's own charge and payment method: they tell which attempt it belongs to. */
  readonly errorCharge: string | null;
  readonly errorPaymentMethod: string | null;
  readonly failure: Failure | null;
  readonly cancellationReason: string | null;
  /** What the customer must do next, when Stripe waits for the customer. */
  readonly nextAction: NextAction | null;
  /** The labels Penstock put on the intent; null on an intent it did not make. */
  readonly labels: IntentLabels | null;
}

export interface NextAction {
  readonly type: string;
  /** What the customer needs for it, unreadable here: whoever holds it can go on with the payment. */
  readonly sealed: string;
}

/** The metadata by which an intent finds its payment again, whoever tells of it. */
export interface IntentLabels {
  /** Which Penstock: two deployments may share a Stripe account. */
  readonly deployment: string;
  readonly workflowId: string;
  readonly attempt: number;
}

/** The metadata keys of {@link IntentLabels}; callers' own keys may not begin with the prefix. */
export const LABEL_PREFIX = 'penstock_';

export function toMetadata(labels: IntentLabels): Record<string, string> {
  return {
    penstock_deployment: labels.deployment,
    penstock_workflow: labels.workflowId,
    penstock_attempt: String(labels.attempt),
  };
}

export function fromMetadata(metadata: Readonly<Record<string, string>> | null | undefined): IntentLabels | null {
  const deployment = metadata?.penstock_deployment;
  const workflowId = metadata?.penstock_workflow;
  const attempt = Number(metadata?.penstock_attempt);
  if (!deployment || !workflowId || !Number.isInteger(attempt) || attempt < 1) return null;
  return { deployment, workflowId, attempt };
}

/**
 * How far along one attempt a status is. Along one attempt Stripe only ever moves up this list; over attempts on one
 * intent it falls back from `requires_payment_method` to a new beginning, which is why facts are ordered by
 * (attempt, rank). An unknown status has none.
 */
const RANKS: Readonly<Record<string, number>> = {
  requires_confirmation: 1,
  requires_action: 2,
  processing: 3,
  requires_payment_method: 4,
  requires_capture: 5,
  canceled: 6,
  succeeded: 7,
};

export function rankOf(status: string): number | undefined {
  return Object.hasOwn(RANKS, status) ? RANKS[status] : undefined;
}

/** Whether somebody's next step can still make it collect; a cancel closes that door. */
export function mayStillCollect(intent: IntentSnapshot): boolean {
  return intent.status.startsWith('requires_');
}

/** Only these two are final at Stripe. */
export function isFinalStatus(status: string): status is 'succeeded' | 'canceled' {
  return status === 'succeeded' || status === 'canceled';
}
