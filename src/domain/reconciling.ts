import type { IntentLabels, IntentSnapshot } from './intent.js';

/**
 * Penstock's books against Stripe's. Pure: what is compared is given, in pages of any size and order, and the differences
 * are the same however it was split. Amounts in minor units of the currency the customer paid in, times in Unix ms.
 */

export type MovementKind = 'charge' | 'refund' | 'refund_failure' | 'dispute' | 'dispute_reversal' | 'other';

/** One movement of the account's balance at Stripe. */
export interface Movement {
  readonly id: string;
  readonly kind: MovementKind;
  /** What moved it: the charge, the refund. */
  readonly source: string | null;
  readonly intent: string | null;
  readonly amount: number;
  readonly currency: string;
  readonly createdMs: number;
  /** Whose it is, by Penstock's labels; null of what others made. */
  readonly labels: IntentLabels | null;
  /** The intent as it stands now, where the page showed it. */
  readonly shown: IntentSnapshot | null;
}

/** What Penstock's books say of one intent: what was collected by it. */
export interface Booked {
  readonly payment: string;
  readonly intent: string;
  readonly amount: number;
  readonly currency: string;
}

/**
 * What does not agree. `missing`: booked here, and Stripe has no such money. `extra`: Stripe has it, and it is not booked
 * here. `different`: both have it, and not as much or not in that currency.
 */
export interface Difference {
  readonly kind: 'missing' | 'extra' | 'different';
  readonly payment: string | null;
  readonly intent: string;
  readonly booked: Money | null;
  readonly atStripe: Money | null;
}

export interface Money {
  readonly amount: number;
  readonly currency: string;
}

/**
 * What the charges among the movements do not agree with, one page of them against the books of the intents they name.
 * A movement of another deployment, or of no payment of Penstock's, is nobody's here. Of two charges of one intent
 * (Stripe makes none) each is judged.
 */
export function comparePage(
  movements: readonly Movement[],
  booked: ReadonlyMap<string, Booked>,
  deployment: string,
): Difference[] {
  return ofPayments(movements, deployment).flatMap((moved) => compareOne(moved, booked.get(moved.intent)) ?? []);
}

/** A movement by which a payment of this deployment collected. */
export type Collected = Movement & { readonly intent: string; readonly labels: IntentLabels };

export function ofPayments(movements: readonly Movement[], deployment: string): Collected[] {
  return movements.filter(
    (moved): moved is Collected =>
      moved.kind === 'charge' && moved.intent !== null && moved.labels?.deployment === deployment,
  );
}

function compareOne(moved: Collected, booked: Booked | undefined): Difference | null {
  const atStripe = { amount: moved.amount, currency: moved.currency };
  if (booked === undefined) {
    return { kind: 'extra', payment: moved.labels.workflowId, intent: moved.intent, booked: null, atStripe };
  }
  if (booked.amount === atStripe.amount && booked.currency === atStripe.currency) return null;
  return {
    kind: 'different',
    payment: booked.payment,
    intent: moved.intent,
    booked: { amount: booked.amount, currency: booked.currency },
    atStripe,
  };
}

/**
 * What is booked and was on no page. A movement and its entry can lie on two sides of the period's edge (a capture that
 * settles later), so each is held against its intent as Stripe shows it now; one that Stripe does not have is missing.
 */
export function compareUnseen(booked: Booked, shown: IntentSnapshot | null): Difference | null {
  const { payment, intent, amount, currency } = booked;
  const mine = { amount, currency };
  if (shown === null || shown.amountReceived === 0) {
    return { kind: 'missing', payment, intent, booked: mine, atStripe: null };
  }
  const atStripe = { amount: shown.amountReceived, currency: shown.currency };
  if (atStripe.amount === amount && atStripe.currency === currency) return null;
  return { kind: 'different', payment, intent, booked: mine, atStripe };
}

/** By what Stripe's side is read. */
export type Reading = 'lists' | 'report';

/** A report is one call to ask for it, some to see whether it is there, and one for its file. */
export const REPORT_CALLS = 12;
/** Stripe's reports trail what happened: a period that ended later than this may not be in them yet. */
const REPORT_TRAILS_MS = 48 * 60 * 60_000;

/**
 * What takes fewer calls for so many payments: lists of a hundred, or a report. A report does not show intents, so what
 * it finds has to be read by itself; where few differences are expected that is still far less.
 *
 * @param expected movements that the books expect in the period.
 */
export function readBy(expected: number, periodEndMs: number, nowMs: number): Reading {
  const lists = Math.ceil(expected / 100);
  return lists > REPORT_CALLS && periodEndMs + REPORT_TRAILS_MS <= nowMs ? 'report' : 'lists';
}
