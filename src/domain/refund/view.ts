import type { Failure } from '../failures.js';
import { isSettled } from './next.js';
import type { RefundState } from './state.js';

export type RefundStatus = 'processing' | 'pending' | 'requires_action' | 'succeeded' | 'failed' | 'canceled';

/** Where a refund stands, as the API tells it. */
export interface RefundStanding {
  readonly status: RefundStatus;
  /** Nothing more is expected; a bank can still send a succeeded refund back. */
  readonly final: boolean;
  readonly outcome?: 'unknown';
  readonly refund: string | null;
  /** The intent whose money it is: a payment's own, or a stray one's. */
  readonly payment_intent: string | null;
  readonly amount: number;
  readonly currency: string;
  readonly reason: string | null;
  readonly account: string;
  readonly failure: Failure | null;
}

export function refundStanding(state: RefundState): RefundStanding {
  const { seen, attempt, terms } = state;
  const unknown = seen === null && state.givenUp === null && attempt?.mayHaveArrived === true;
  return {
    status: statusOf(state),
    final: isSettled(state),
    ...(unknown ? { outcome: 'unknown' as const } : {}),
    refund: seen?.id ?? null,
    payment_intent: terms.intent,
    amount: terms.amount,
    currency: terms.currency,
    reason: terms.reason ?? seen?.reason ?? null,
    account: terms.account,
    failure: failureOf(state),
  };
}

/** Whether its amount can no longer be given back another time: it was made, or may have been, or still will be. */
export function holdsMoney(status: string): boolean {
  return status !== 'failed' && status !== 'canceled';
}

/** Whether Stripe has taken it: what the payment counts as refunded, as Stripe's own charge does. */
export function isRefunded(status: RefundStatus): boolean {
  return holdsMoney(status) && status !== 'processing';
}

function statusOf({ seen, givenUp }: RefundState): RefundStatus {
  if (givenUp !== null) return givenUp.kind === 'canceled' ? 'canceled' : 'failed';
  switch (seen?.status) {
    case 'pending':
    case 'requires_action':
    case 'succeeded':
    case 'failed':
    case 'canceled':
      return seen.status;
    default:
      return 'processing';
  }
}

function failureOf({ seen, givenUp }: RefundState): Failure | null {
  if (givenUp !== null) return givenUp;
  if (seen?.status !== 'failed') return null;
  const message = 'The refund did not reach the customer; its amount is back in the Stripe balance.';
  return { kind: 'declined', code: seen.failureReason, decline_code: null, message };
}
