import type { Failure } from '../failures.js';
import type { NextAction } from '../intent.js';
import { currentAttempt, isUnknown, type PaymentState, type PaymentStatus } from './state.js';

/** Where a payment stands, as the API tells it. */
export interface Standing {
  readonly status: PaymentStatus;
  readonly final: boolean;
  /** Present while nobody can say whether Stripe acted. */
  readonly outcome?: 'unknown';
  readonly account: string;
  readonly payment_intent: string | null;
  readonly amount_captured: number;
  readonly amount_refunded: number;
  readonly disputed: boolean;
  readonly next_action: NextAction | null;
  readonly failure: Failure | null;
}

/** Reads the standing off the state; nothing here decides anything. */
export function standing(state: PaymentState): Standing {
  const attempt = state.attempts.find((a) => a.number === state.end?.attempt) ?? currentAttempt(state);
  const intent = attempt.seen?.intent;
  const status = statusOf(state);
  const unknown = state.end === null && isUnknown(attempt);
  return {
    status,
    final: state.end !== null,
    ...(unknown ? { outcome: 'unknown' as const } : {}),
    account: attempt.account,
    payment_intent: intent?.id ?? null,
    amount_captured: state.amountCaptured,
    amount_refunded: 0,
    disputed: false,
    next_action: status === 'requires_action' ? (intent?.nextAction ?? null) : null,
    failure: state.end !== null ? state.end.failure : (intent?.failure ?? null),
  };
}

function statusOf(state: PaymentState): PaymentStatus {
  if (state.end !== null) return state.end.status;
  // Being given up: nothing the caller or the customer does counts any more.
  if (state.leaving !== null) return 'processing';
  switch (currentAttempt(state).seen?.intent.status) {
    case 'requires_action':
      return 'requires_action';
    case 'requires_payment_method':
      return 'requires_payment_method';
    case 'requires_capture':
      return 'authorized';
    default:
      return 'processing';
  }
}
