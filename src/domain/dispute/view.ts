import { type DisputeState, isClosed, needsResponse } from './dispute.js';

/** Where a dispute stands, as the API tells it. Amounts in minor units. */
export interface DisputeStanding {
  readonly dispute: string;
  readonly status: string;
  readonly final: boolean;
  readonly amount: number;
  readonly currency: string;
  readonly reason: string | null;
  readonly account: string;
  /** The intent whose money it is about: a payment's own, or a stray one's. */
  readonly payment_intent: string | null;
  /** Unix ms; null where no evidence is asked for. */
  readonly evidence_due_ms: number | null;
  /** The disputed money that was withdrawn, and reinstated, in `balance_currency`; without the fee Stripe takes for it. */
  readonly amount_withdrawn: number;
  readonly amount_reinstated: number;
  readonly balance_currency: string | null;
}

export function disputeStanding({ id, account, intent, seen }: DisputeState): DisputeStanding {
  return {
    dispute: id,
    status: seen?.status ?? 'processing',
    final: seen !== null && isClosed(seen.status),
    amount: seen?.amount ?? 0,
    currency: seen?.currency ?? '',
    reason: seen?.reason ?? null,
    account,
    payment_intent: intent,
    evidence_due_ms: seen !== null && needsResponse(seen.status) ? seen.evidenceDueMs : null,
    amount_withdrawn: seen?.withdrawn ?? 0,
    amount_reinstated: seen?.reinstated ?? 0,
    balance_currency: seen?.balanceCurrency ?? null,
  };
}
