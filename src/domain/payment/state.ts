import type { Failure } from '../failures.js';
import { idempotencyKey } from '../ids.js';
import type { IntentSnapshot } from '../intent.js';
import { type Called, type Sending, unsent } from '../sending.js';
import type { CanceledBy } from './facts.js';

/** What the API shows. */
export type PaymentStatus =
  | 'processing'
  | 'requires_action'
  | 'requires_payment_method'
  | 'authorized'
  | 'succeeded'
  | 'failed'
  | 'canceled';

/** What every fact is held against, fixed when the payment is taken. Amount in minor units, times in Unix ms. */
export interface Terms {
  readonly id: string;
  readonly merchant: string;
  readonly amount: number;
  readonly currency: string;
  readonly livemode: boolean;
  readonly offSession: boolean;
  readonly acceptedAtMs: number;
  readonly expiresAtMs: number;
  readonly timing: Timing;
}

/** The durations a payment lives by, in milliseconds; configuration, frozen when the payment is taken. */
export interface Timing {
  /** A key is not sent under after this: Stripe keeps keys for 24 h at least, and past that a repeat could collect again. */
  readonly keyLifeMs: number;
  /** Absence from a list proves an attempt dead only this long after its last deadline. */
  readonly proofDelayMs: number;
  /** An outcome unknown for longer than this goes to a person. */
  readonly patienceMs: number;
  /** How long after it begins a send may still write its bytes. */
  readonly sendWindowMs: number;
  /** How long Stripe has to answer one request. */
  readonly stripeTimeoutMs: number;
}

/**
 * One logical attempt to collect: one payment method on one account under one idempotency key. What is known of its
 * sending and what Stripe has shown of it stand side by side, because either can be ahead of the other.
 */
export interface Attempt extends Sending {
  readonly number: number;
  readonly account: string;
  readonly paymentMethod: string;
  /** The intent it confirms anew; null: it makes its own. */
  readonly confirms: string | null;
  /** The caller's operation that offered its payment method; null: the request itself did. */
  readonly operation: string | null;
  /** The run lost its past (a reset): it reads before it writes. */
  readonly lookFirst: boolean;
  /** Proved that it never collected and never will. */
  readonly dead: boolean;
  /** An event, or the sweep in its place, has shown a final status. */
  readonly finalShown: boolean;
  /** The furthest Stripe has shown it, and the intent it belongs to. */
  readonly seen: Seen | null;
}

/** Collecting what was authorised, in full or in part. Amount in minor units. */
export interface Capture extends Sending {
  /** Counts up with each key: of a capture after one that Stripe refused, or that went under another key. */
  readonly number: number;
  /** The number under which the caller's operation went first. */
  readonly first: number;
  /** The caller's operation: the same again is the same capture. */
  readonly operation: string;
  readonly amount: number;
  /** When it was asked for, or, under a later key, when that was taken. */
  readonly askedAtMs: number;
}

export interface Seen {
  readonly rank: number;
  /** Which of the facts it was, counting from 1. */
  readonly atFact: number;
  readonly intent: IntentSnapshot;
}

/** How a payment ended, and what showed it. */
export interface End {
  readonly status: 'succeeded' | 'failed' | 'canceled';
  readonly attempt: number;
  readonly failure: Failure | null;
}

/** Why a payment is being given up; the first reason stays. */
export interface Leaving {
  readonly because: 'declined' | 'canceled' | 'expired';
  readonly by?: CanceledBy;
}

/** Something no payment should show; each starts an incident. */
export interface Oddity {
  readonly kind: 'second_intent' | 'contradiction';
  readonly intent: IntentSnapshot;
  /** An incident has been started for it. */
  readonly reported: boolean;
}

/** A payment's whole state: plain JSON, so that it survives every restart as it is. */
export interface PaymentState {
  readonly terms: Terms;
  readonly attempts: readonly Attempt[];
  readonly end: End | null;
  /** A webhook or the sweep has shown the end at Stripe: nothing more is expected. */
  readonly endSeen: boolean;
  readonly leaving: Leaving | null;
  /** A fact fitted no attempt: one read settles what it meant. */
  readonly readWanted: boolean;
  /** How many facts moved something so far: what is asked of Stripe now is answered later than all of them. */
  readonly facts: number;
  /** The run was reset: what it did after the point it was reset to is forgotten, and may have happened. */
  readonly pastLost: { readonly deadlineMs: number } | null;
  /** The operation that a person was called to last, and whether its outcome was unknown or it had not been sent. */
  readonly handedOver: (Called & { readonly key: string }) | null;
  readonly amountCaptured: number;
  /** The capture asked for last, if one was. */
  readonly capture: Capture | null;
  /** Facts that did not count: another account, mode, amount or currency. Counted, so that a person can wonder. */
  readonly disregarded: number;
  readonly oddities: readonly Oddity[];
}

/** A payment as it is taken: one attempt, nothing sent. */
export function open(terms: Terms, first: { account: string; paymentMethod: string }): PaymentState {
  return {
    terms,
    attempts: [newAttempt(terms, 1, first)],
    end: null,
    endSeen: false,
    leaving: null,
    readWanted: false,
    facts: 0,
    pastLost: null,
    handedOver: null,
    amountCaptured: 0,
    capture: null,
    disregarded: 0,
    oddities: [],
  };
}

/** Nobody tries more cards in earnest; and a payment's state has to fit into one result. */
export const MOST_ATTEMPTS = 50;

/** What a new attempt is made with. */
export interface AttemptBy {
  readonly account: string;
  readonly paymentMethod: string;
  readonly confirms?: string;
  readonly operation?: string;
}

/** Attempt `number` with its own key, unsent. */
export function newAttempt(terms: Terms, number: number, by: AttemptBy): Attempt {
  const operation = by.confirms === undefined ? 'create' : 'confirm';
  return {
    ...unsent(idempotencyKey({ paymentId: terms.id, operation, account: by.account, attempt: number })),
    number,
    account: by.account,
    paymentMethod: by.paymentMethod,
    confirms: by.confirms ?? null,
    operation: by.operation ?? null,
    lookFirst: false,
    dead: false,
    finalShown: false,
    seen: null,
  };
}

/** The attempt that counts: the latest. */
export function currentAttempt(state: PaymentState): Attempt {
  const attempt = state.attempts.at(-1);
  if (attempt === undefined) throw new RangeError('a payment has at least one attempt');
  return attempt;
}

/** The intent an attempt is made on, where one is known. */
export function intentOf(attempt: Attempt): string | null {
  return attempt.seen?.intent.id ?? attempt.confirms;
}

/** Another payment method can be offered: the one before was declined, or Stripe would not take it. */
export function waitsForMethod(state: PaymentState): boolean {
  if (state.end !== null || state.leaving !== null) return false;
  const { seen, confirms, rejected, sending } = currentAttempt(state);
  if (seen !== null) return seen.intent.status === 'requires_payment_method';
  return confirms !== null && rejected !== null && !sending;
}

/** A run that lost its past has still to find out from Stripe what it did. */
export function looksFirst(state: PaymentState): boolean {
  return state.end === null && (state.readWanted || currentAttempt(state).lookFirst);
}

/** A capture that was asked for and neither carried out nor refused for good. */
export function openCapture({ capture }: PaymentState): Capture | null {
  return capture?.rejected === null ? capture : null;
}

/** The outcome is unknown: something may have been sent, and Stripe has shown nothing of it. */
export function isUnknown(attempt: Attempt): boolean {
  return attempt.mayHaveArrived && attempt.seen === null && !attempt.dead;
}
