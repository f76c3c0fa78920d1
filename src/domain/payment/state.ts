import type { Failure } from '../failures.js';
import { idempotencyKey } from '../ids.js';
import type { IntentSnapshot } from '../intent.js';
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
export interface Attempt {
  readonly number: number;
  readonly account: string;
  readonly paymentMethod: string;
  readonly key: string;
  /** When the key was first used, workflow time; moves only while nothing may have been sent under it. */
  readonly birthMs: number | null;
  readonly sends: number;
  readonly sending: boolean;
  /** Once true it stays true: some bytes may have reached Stripe. */
  readonly mayHaveArrived: boolean;
  /** A 500 was seen: absence from a list never proves this attempt dead. */
  readonly serverError: boolean;
  /** The run lost its past (a reset): it reads before it writes. */
  readonly lookFirst: boolean;
  /** A repeat cannot tell any more (a replayed 500, or a key too old): only reading can. */
  readonly repeatIsUseless: boolean;
  /** No byte of any send is written after this, Unix ms. */
  readonly lastDeadlineMs: number;
  /** Not before this does the next send or look take place, Unix ms. */
  readonly againAtMs: number;
  /** Stripe refused it before doing anything, for good. */
  readonly rejected: Failure | null;
  /** Proved that it never collected and never will. */
  readonly dead: boolean;
  /** An event, or the sweep in its place, has shown a final status. */
  readonly finalShown: boolean;
  /** The furthest Stripe has shown it, and the intent it belongs to. */
  readonly seen: Seen | null;
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
  readonly handedOver: boolean;
  readonly amountCaptured: number;
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
    handedOver: false,
    amountCaptured: 0,
    disregarded: 0,
    oddities: [],
  };
}

/** Attempt `number` with its own key, unsent. */
export function newAttempt(terms: Terms, number: number, by: { account: string; paymentMethod: string }): Attempt {
  return {
    number,
    account: by.account,
    paymentMethod: by.paymentMethod,
    key: idempotencyKey({ paymentId: terms.id, operation: 'create', account: by.account, attempt: number }),
    birthMs: null,
    sends: 0,
    sending: false,
    mayHaveArrived: false,
    serverError: false,
    lookFirst: false,
    repeatIsUseless: false,
    lastDeadlineMs: 0,
    againAtMs: 0,
    rejected: null,
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

/** The outcome is unknown: something may have been sent, and Stripe has shown nothing of it. */
export function isUnknown(attempt: Attempt): boolean {
  return attempt.mayHaveArrived && attempt.seen === null && !attempt.dead;
}
