import type { DisputeSnapshot } from './dispute/index.js';
import type { IntentLabels, IntentSnapshot } from './intent.js';
import { holdsMoney, type RefundSnapshot } from './refund/index.js';

/**
 * Penstock's ledger against Stripe's balance transactions. Pure: what is compared is given, in pages of any size and order,
 * and the differences are the same however it was split. Amounts in minor units, of charges and refunds in the currency the
 * customer paid in, of disputes in the balance's; times in Unix ms.
 */

export type MovementKind = 'charge' | 'refund' | 'refund_failure' | 'dispute' | 'dispute_reversal' | 'other';

/** One movement of the account's balance at Stripe. */
export interface Movement {
  readonly id: string;
  readonly kind: MovementKind;
  /** What moved it, the charge, the refund, the dispute: by this it is booked. */
  readonly source: string | null;
  readonly intent: string | null;
  /**
   * Of a dispute or a refund and what came back of it, what both come to: the ledger has their sum. Null where what Stripe
   * shows of it cannot be read.
   */
  readonly amount: number | null;
  readonly currency: string;
  readonly createdMs: number;
  /** Whose it is, by Penstock's labels on the intent; null of what others made. */
  readonly labels: IntentLabels | null;
  /** The intent as it stands now. */
  readonly shown: IntentSnapshot | null;
  /** The refund, of one. */
  readonly refund: RefundSnapshot | null;
  /** The dispute, of what it took or what came back. */
  readonly dispute: DisputeSnapshot | null;
}

/** What the ledger says of one charge, refund or dispute. */
export interface Booked {
  /** Stripe's id of it. */
  readonly id: string;
  readonly kind: 'charge' | 'refund' | 'dispute';
  readonly payment: string | null;
  readonly intent: string | null;
  readonly amount: number;
  readonly currency: string;
  /** Stripe's own word. */
  readonly status: string;
}

export interface Money {
  readonly amount: number;
  readonly currency: string;
}

/**
 * What does not agree. `missing`: booked here, and Stripe has no such money. `extra`: Stripe has it, and it is not booked
 * here. `different`: both have it, and not as much or not in that currency, or what Stripe shows of it cannot be read; then
 * `atStripe` is null.
 */
export interface Discrepancy {
  readonly difference: 'missing' | 'extra' | 'different';
  /** Stripe's id of the charge, refund or dispute. */
  readonly object: string;
  readonly payment: string | null;
  readonly intent: string | null;
  readonly booked: Money | null;
  readonly atStripe: Money | null;
}

/** What is booked is looked up by this. Movements that nobody books (fees, payouts) have none. */
export function bookedBy({ kind, source }: Pick<Movement, 'kind' | 'source'>): string | null {
  return kind === 'other' ? null : source;
}

/**
 * Holds one movement against what is booked of it. What is not booked is this deployment's only where the labels say so: other
 * programs, and other deployments, use the account too.
 */
export function compareMovement(moved: Movement, booked: Booked | undefined, deployment: string): Discrepancy | null {
  const object = bookedBy(moved);
  if (object === null) return null;
  const { amount, currency } = moved;
  const atStripe = amount === null ? null : { amount, currency };
  if (booked === undefined) {
    // Of what has come to nothing, nothing is to be booked.
    if (moved.labels?.deployment !== deployment || amount === 0) return null;
    const { workflowId } = moved.labels;
    return { difference: 'extra', object, payment: workflowId, intent: moved.intent, booked: null, atStripe };
  }
  const { payment, intent } = booked;
  const here = heldBy(booked);
  if (atStripe !== null && isSame(here, atStripe)) return null;
  return { difference: 'different', object, payment, intent, booked: here, atStripe };
}

/** Whether a movement says when what is booked of it happened. Of what comes back it says when that did. */
export function saysWhen({ kind }: Pick<Movement, 'kind'>): boolean {
  return kind === 'charge' || kind === 'refund';
}

/** Whether the ledger has an entry in the period: from, inclusive, up to, exclusive, Unix ms. */
export function isWithin({ occurredAtMs }: { readonly occurredAtMs: number }, fromMs: number, toMs: number): boolean {
  return occurredAtMs >= fromMs && occurredAtMs < toMs;
}

/** The money of an entry as it stands: a refund that came to nothing gives nothing back, whatever it was for. */
function heldBy({ kind, status, amount, currency }: Booked): Money {
  return { amount: kind === 'refund' && !holdsMoney(status) ? 0 : amount, currency };
}

/** Whether there should be a movement for it at Stripe. */
export function isExpected({ kind, amount, status }: Booked): boolean {
  if (amount === 0) return false;
  // Whatever became of it, that is what it took.
  if (kind === 'dispute') return true;
  return status !== 'failed' && status !== 'canceled' && status !== 'requires_action';
}

/**
 * What is booked, should have moved, and was on no page. A movement and its entry can lie on two sides of the period's edge
 * (a capture that settles later), so each is held against what Stripe shows of it now; what Stripe does not have is missing.
 *
 * @param atStripe what the intent has received, the refund gives back or the dispute keeps; null where there is no such money.
 */
export function compareUnseen(booked: Booked, atStripe: Money | null): Discrepancy | null {
  const { id: object, payment, intent } = booked;
  const common = { object, payment, intent, booked: moneyOf(booked) };
  if (atStripe === null || atStripe.amount === 0) return { ...common, difference: 'missing', atStripe: null };
  return isSame(booked, atStripe) ? null : { ...common, difference: 'different', atStripe };
}

/** The money in an intent. */
export function receivedBy(intent: IntentSnapshot): Money {
  return { amount: intent.amountReceived, currency: intent.currency };
}

/** What a refund gives back: nothing, where it failed or was canceled. */
export function givenBackBy({ status, amount, currency }: RefundSnapshot): Money {
  return { amount: holdsMoney(status) ? amount : 0, currency };
}

function isSame(a: Money, b: Money): boolean {
  return a.amount === b.amount && a.currency === b.currency;
}

function moneyOf({ amount, currency }: Money): Money {
  return { amount, currency };
}

/** By what Stripe's side is read. */
export type Reading = 'lists' | 'report';

/** What a report takes: a call to ask for it, some to see whether it is there, and one for its file. */
export const REPORT_LOOKS = 10;
const REPORT_CALLS = REPORT_LOOKS + 2;
/** Stripe's reports trail what happened: a period that ended later than this may not be in them yet. */
const REPORT_TRAILS_MS = 48 * 60 * 60_000;

/**
 * What takes fewer calls: lists of a hundred, or a report.
 *
 * @param expected movements that the ledger expects in the period.
 */
export function readBy(expected: number, periodEndMs: number, nowMs: number): Reading {
  const lists = Math.ceil(expected / 100);
  return lists > REPORT_CALLS && periodEndMs + REPORT_TRAILS_MS <= nowMs ? 'report' : 'lists';
}
