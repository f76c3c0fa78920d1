import { z } from 'zod';
import type { Timing } from '../domain/payment/index.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const ms = (least: number, most: number, byDefault: number) => z.int().min(least).max(most).default(byDefault);

/**
 * What people decide about payments. Durations in milliseconds unless the name says seconds. The defaults are the rules
 * Penstock promises; with a live key none of the guarded ones may be shorter (see {@link liveKeyProblems}).
 */
export const paymentPolicySchema = z.strictObject({
  /** How long Stripe has to answer one request. Stripe's slowest creates take some 20 s when a bank is slow. */
  stripe_timeout_ms: ms(100, 80 * SECOND, 30 * SECOND),
  /** How long after it begins a send may still write its bytes; a worker that froze longer does not send any more. */
  send_window_ms: ms(100, 2 * MINUTE, 30 * SECOND),
  /**
   * How long a send waits for the store's word on an earlier payment under its reference. A fifth of it is what a store that is well
   * needs at most; one that is slower is left alone for a while, twenty times as long as it kept a send waiting.
   */
  store_patience_ms: ms(50, 2 * SECOND, 250),
  /** A worker not heard of for this long has died, and its call goes again. */
  worker_lost_ms: ms(SECOND, 5 * MINUTE, 15 * SECOND),
  /** Absence from a list proves an attempt dead this long after its last deadline. */
  proof_delay_ms: ms(100, 24 * HOUR, 10 * MINUTE),
  /** No key is sent under once it is this old: Stripe keeps keys for at least 24 h. */
  key_life_ms: ms(SECOND, 20 * HOUR, 20 * HOUR),
  /** An outcome unknown for this long is handed to a person. */
  patience_ms: ms(SECOND, 7 * 24 * HOUR, HOUR),
  /** A payment that ought to have ended this long ago is looked up by the sweep. */
  overdue_ms: ms(500, HOUR, 2 * MINUTE),
  sweep_interval_ms: ms(SECOND, HOUR, MINUTE),
  /** Default `expires_at` after acceptance. */
  on_session_expiry_seconds: z
    .int()
    .min(1)
    .max(7 * 86_400)
    .default(15 * 60),
  off_session_expiry_seconds: z
    .int()
    .min(1)
    .max(7 * 86_400)
    .default(3 * 86_400),
  /** Money that arrives at a payment which ended without it: give it back, keep it, or ask a person. */
  late_money: z.enum(['refund', 'accept', 'ask']).default('ask'),
});

export type PaymentPolicy = z.infer<typeof paymentPolicySchema>;

/** Durations that may be shortened in a test and never with real money, each with the least it may be. */
const GUARDED: Readonly<Partial<Record<keyof PaymentPolicy, number>>> = {
  proof_delay_ms: 10 * MINUTE,
  stripe_timeout_ms: 10 * SECOND,
};

/** What in `policy` must not stand beside a live key, one sentence each. */
export function liveKeyProblems(policy: PaymentPolicy): string[] {
  return Object.entries(GUARDED)
    .filter(([field, least]) => Number(policy[field as keyof PaymentPolicy]) < least)
    .map(([field, least]) => `policy.payments.${field}: with a live key it must be at least ${least}`);
}

/** The durations that a payment or refund lives by from the time it is taken; frozen into it then. */
export function timingOf(policy: PaymentPolicy): Timing {
  return {
    keyLifeMs: policy.key_life_ms,
    proofDelayMs: policy.proof_delay_ms,
    patienceMs: policy.patience_ms,
    sendWindowMs: policy.send_window_ms,
    stripeTimeoutMs: policy.stripe_timeout_ms,
  };
}
