import type { Failure } from './failures.js';
import type { PaymentStatus, Standing, Terms } from './payment/index.js';

/** How a payment ended: enough to answer for it, and to give its money back. */
export interface TombstoneResult {
  readonly status: PaymentStatus;
  readonly amount: number;
  readonly currency: string;
  readonly livemode: boolean;
  readonly account: string;
  readonly intent: string | null;
  /** Minor units. */
  readonly amountCaptured: number;
  readonly failure: Failure | null;
  readonly acceptedAtMs: number;
  readonly expiresAtMs: number;
}

/** What is left of a payment once Temporal has forgotten its run. Times in Unix ms. */
export interface Tombstone {
  /** The payment's workflow id. */
  readonly payment: string;
  /** The first run of its workflow: a reset has the same, another payment under the same reference another. */
  readonly run: string;
  /** Of the request; empty where the run did not know it. */
  readonly fingerprint: string;
  /** The account of its first attempt. */
  readonly account: string;
  readonly merchant: string;
  readonly reference: string;
  readonly openedAtMs: number;
  /** Null until the payment has closed. */
  readonly result: TombstoneResult | null;
  readonly closedAtMs: number | null;
}

/** What is kept of how a payment ended. */
export function tombstoneResult(terms: Terms, standing: Standing): TombstoneResult {
  const { amount, currency, livemode, acceptedAtMs, expiresAtMs } = terms;
  const { status, account, payment_intent: intent, amount_captured: amountCaptured, failure } = standing;
  return { status, amount, currency, livemode, account, intent, amountCaptured, failure, acceptedAtMs, expiresAtMs };
}
