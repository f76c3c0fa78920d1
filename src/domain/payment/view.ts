import type { Failure } from '../failures.js';
import type { NextAction } from '../intent.js';
import { capturable } from './captures.js';
import {
  type Attempt,
  currentAttempt,
  intentOf,
  isUnknown,
  openCapture,
  type PaymentState,
  type PaymentStatus,
  waitsForMethod,
} from './state.js';

/** Where a payment stands, as the API tells it. */
export interface Standing {
  readonly status: PaymentStatus;
  readonly final: boolean;
  /** Present while nobody can say whether Stripe acted. */
  readonly outcome?: 'unknown';
  readonly account: string;
  readonly payment_intent: string | null;
  /** What an authorisation still holds for a capture, minor units. */
  readonly amount_capturable: number;
  readonly amount_captured: number;
  readonly next_action: NextAction | null;
  readonly failure: Failure | null;
}

/** Reads the standing off the state; nothing here decides anything. */
export function standing(state: PaymentState): Standing {
  const attempt = state.attempts.find((a) => a.number === state.end?.attempt) ?? currentAttempt(state);
  const intent = attempt.seen?.intent;
  const status = statusOf(state);
  const unknown = state.end === null && (isUnknown(attempt) || openCapture(state)?.mayHaveArrived === true);
  return {
    status,
    final: state.end !== null,
    ...(unknown ? { outcome: 'unknown' as const } : {}),
    account: attempt.account,
    payment_intent: intentOf(attempt),
    amount_capturable: capturable(state),
    amount_captured: state.amountCaptured,
    next_action: status === 'requires_action' ? (intent?.nextAction ?? null) : null,
    failure: state.end !== null ? state.end.failure : (intent?.failure ?? failureOf(state, attempt)),
  };
}

/** Of an open payment: why Stripe would not take the last thing it was asked for. */
function failureOf(state: PaymentState, attempt: Attempt): Failure | null {
  const refused = attempt.seen === null ? attempt.rejected : null;
  return refused ?? state.capture?.rejected ?? null;
}

function statusOf(state: PaymentState): PaymentStatus {
  if (state.end !== null) return state.end.status;
  // Being given up: nothing the caller or the customer does counts any more.
  if (state.leaving !== null) return 'processing';
  if (waitsForMethod(state)) return 'requires_payment_method';
  // A capture was asked for: nobody is waited for any more.
  if (openCapture(state) !== null) return 'processing';
  return statusFor(currentAttempt(state).seen?.intent.status ?? 'processing');
}

/** What an open payment is whose intent is, at Stripe, in this status and waits for nobody here. */
export function statusFor(intentStatus: string): PaymentStatus {
  switch (intentStatus) {
    case 'requires_action':
    case 'requires_payment_method':
      return intentStatus;
    case 'requires_capture':
      return 'authorized';
    default:
      return 'processing';
  }
}
