import type { Failure } from '../failures.js';
import type { Owner } from '../following.js';
import { idempotencyKey } from '../ids.js';
import type { IntentLabels } from '../intent.js';
import type { Timing } from '../payment/index.js';
import { type Answered, type Called, type Sending, unsent } from '../sending.js';

/** Why money is given back, in Stripe's words. */
export type RefundReason = 'duplicate' | 'fraudulent' | 'requested_by_customer';

/** What Penstock keeps of a Stripe refund. Times in Unix milliseconds, amounts in minor units. */
export interface RefundSnapshot {
  readonly account: string;
  readonly id: string;
  /** Stripe's status; open: a value nobody here knows must be survived. */
  readonly status: string;
  readonly amount: number;
  readonly currency: string;
  readonly intent: string | null;
  readonly charge: string | null;
  readonly reason: string | null;
  readonly failureReason: string | null;
  readonly createdMs: number;
  /** The labels Penstock put on a refund of its own; null on one made elsewhere, such as in Stripe's dashboard. */
  readonly labels: IntentLabels | null;
}

/** What every fact is held against, fixed when the refund is taken or first heard of. */
export interface RefundTerms {
  /** The workflow's id. */
  readonly id: string;
  readonly account: string;
  readonly livemode: boolean;
  readonly intent: string;
  readonly amount: number;
  readonly currency: string;
  readonly reason: RefundReason | null;
  readonly acceptedAtMs: number;
  readonly timing: Timing;
  /** An event that has not come after this is asked for, ms. */
  readonly overdueMs: number;
}

/** One attempt to make it, under one key. */
export interface RefundAttempt extends Sending {
  readonly number: number;
  /** It reads before it writes: the run lost its past (a reset), or a repeat was refused. */
  readonly lookFirst: boolean;
}

/** A refund's whole state: plain JSON. */
export interface RefundState {
  readonly terms: RefundTerms;
  readonly owner: Owner;
  /** Null: it was made elsewhere, and is only followed. */
  readonly attempt: RefundAttempt | null;
  readonly seen: RefundSnapshot | null;
  /** It ended without ever being made. */
  readonly givenUp: Failure | null;
  /** Facts that did not count: another account, intent, amount or currency. */
  readonly disregarded: number;
  /** When it was last looked for, or heard of; nothing is asked before `againAtMs`. */
  readonly againAtMs: number;
  /** What a person was called to: that nobody knows whether it was made, or that it cannot be sent. */
  readonly handedOver: Called | null;
  /** The failure a person has been told of. */
  readonly alerted: boolean;
}

export type RefundFact =
  /** Stripe showed it. */
  | { readonly type: 'refund'; readonly source: 'webhook' | 'read'; readonly refund: RefundSnapshot }
  | { readonly type: 'sending'; readonly attempt: number; readonly birthMs: number }
  | ({ readonly type: 'sent'; readonly attempt: number } & Answered<RefundSnapshot>)
  /** A complete list of the intent's refunds, taken at `atMs`, does not hold it. */
  | { readonly type: 'absent'; readonly attempt: number; readonly atMs: number }
  | { readonly type: 'looked'; readonly againAtMs: number }
  /** The intent was read: whose it is. */
  | { readonly type: 'owned'; readonly owner: Owner }
  | { readonly type: 'past_lost'; readonly deadlineMs: number }
  | { readonly type: 'cancel_requested' }
  /** A person has looked at Stripe: it was never made. */
  | { readonly type: 'ruled_dead' }
  | { readonly type: 'handed_over'; readonly unknown: boolean }
  | { readonly type: 'alerted' };

/** A refund as it is asked for. */
export function openRefund(terms: RefundTerms, owner: Owner): RefundState {
  return { ...blank(terms, owner), attempt: newRefundAttempt(terms, 1) };
}

/** A refund that was made elsewhere, as it is first heard of. */
export function followRefund(terms: RefundTerms, owner: Owner): RefundState {
  return blank(terms, owner);
}

function blank(terms: RefundTerms, owner: Owner): RefundState {
  return {
    terms,
    owner,
    attempt: null,
    seen: null,
    givenUp: null,
    disregarded: 0,
    againAtMs: 0,
    handedOver: null,
    alerted: false,
  };
}

export function newRefundAttempt(terms: RefundTerms, number: number): RefundAttempt {
  const key = idempotencyKey({ paymentId: terms.id, operation: 'refund', account: terms.account, attempt: number });
  return { ...unsent(key), number, lookFirst: false };
}
