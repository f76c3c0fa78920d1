import type { DisputeSnapshot, DisputeState } from './dispute/index.js';
import type { IntentSnapshot } from './intent.js';
import type { PaymentState } from './payment/index.js';
import type { RefundState } from './refund/index.js';

export type MovementKind = 'charge' | 'refund' | 'dispute';

/** Money that moved, or is about to, as Stripe has shown it. */
export interface Movement {
  readonly account: string;
  /** The charge's, refund's or dispute's id at Stripe. */
  readonly id: string;
  readonly kind: MovementKind;
  /** The payment's workflow id; null where it is nobody's that is known here. */
  readonly payment: string | null;
  readonly intent: string | null;
  /**
   * Minor units, never negative: what a charge captured, what a refund gives back, what a dispute has taken out of the
   * balance so far, less what came back.
   */
  readonly amount: number;
  readonly currency: string;
  /** Stripe's own word. */
  readonly status: string;
  /** Whose refund it is, where a workflow of that id made it or followed it. */
  readonly workflow?: string | null;
  /** Of the request for it, where there was one. */
  readonly fingerprint?: string | null;
  /** When it came to be, Unix ms; null where Stripe has not shown that: then it is about when it was learned. */
  readonly occurredAtMs: number | null;
}

/** What was captured of everything that was shown to a payment: its own intents, and one that nobody expected. */
export function chargesOf(state: PaymentState): readonly Movement[] {
  const shown = [...state.attempts.flatMap(({ seen }) => seen?.intent ?? []), ...state.oddities.map((o) => o.intent)];
  const charges = shown.flatMap((intent) => chargeOf(intent, state.terms.id) ?? []);
  return [...new Map(charges.map((charge) => [charge.id, charge])).values()];
}

function chargeOf(intent: IntentSnapshot, payment: string): Movement | null {
  if (intent.latestCharge === null || intent.amountReceived < 1) return null;
  return {
    account: intent.account,
    id: intent.latestCharge,
    kind: 'charge',
    payment,
    intent: intent.id,
    amount: intent.amountReceived,
    currency: intent.currency,
    status: 'succeeded',
    // The intent's own time is that of its first attempt; it may have been captured days later.
    occurredAtMs: null,
  };
}

/** A refund as far as it exists at Stripe, once it is known to be of a payment here; else nothing. */
export function refundsOf({ seen, owner, terms }: RefundState): readonly Movement[] {
  if (seen === null || owner.kind !== 'payment') return [];
  const { account, id, amount, currency, status, createdMs } = seen;
  const { paymentId: payment } = owner;
  return [
    { account, id, kind: 'refund', payment, intent: terms.intent, amount, currency, status, occurredAtMs: createdMs },
  ];
}

/** A dispute once it has taken money out of the balance; an inquiry takes none. */
export function disputesOf({ seen, owner, intent }: DisputeState): readonly Movement[] {
  if (seen === null || owner.kind !== 'payment' || seen.withdrawn === 0) return [];
  return [
    {
      account: seen.account,
      id: seen.id,
      kind: 'dispute',
      payment: owner.paymentId,
      intent,
      ...keptBy(seen),
      status: seen.status,
      occurredAtMs: seen.createdMs,
    },
  ];
}

/** What a dispute keeps out of the balance as it stands: what it has taken, less what came back. */
export function keptBy(dispute: DisputeSnapshot): { readonly amount: number; readonly currency: string } {
  const { withdrawn, reinstated, balanceCurrency, currency } = dispute;
  return { amount: Math.max(0, withdrawn - reinstated), currency: balanceCurrency ?? currency };
}

/** Those of `after` that `before` did not hold, or not so. */
export function newMovements(before: readonly Movement[], after: readonly Movement[]): readonly Movement[] {
  const known = new Set(before.map((movement) => JSON.stringify(movement)));
  return after.filter((movement) => !known.has(JSON.stringify(movement)));
}
