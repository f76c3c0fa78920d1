import { mayRepeat } from '../sending.js';
import { capturable } from './captures.js';
import {
  type Attempt,
  currentAttempt,
  MOST_ATTEMPTS,
  openCapture,
  type PaymentState,
  waitsForMethod,
} from './state.js';
import { standing } from './view.js';

/**
 * Why the state forbids what a caller asks for, in a sentence for the caller; null where it does not. The state function
 * holds the same bounds by itself: these only say so beforehand.
 */

/** @param now Unix ms. */
export function whyNotCancel(state: PaymentState, now: number): string | null {
  const { status, final } = standing(state);
  if (final) return status === 'canceled' ? null : `The payment is ${status} and can no longer be canceled.`;
  const capture = openCapture(state);
  // One that can no longer be repeated is not under way any more: letting go settles it, either way.
  if (capture !== null && mayRepeat(capture, state.terms.timing.keyLifeMs, now)) {
    return 'A capture is under way: the payment can no longer be let go.';
  }
  if (state.leaving === null && currentAttempt(state).seen?.intent.status === 'processing') {
    return 'Stripe is processing the payment and lets nobody cancel it now; its outcome follows.';
  }
  return null;
}

/** @param now Unix ms. */
export function whyNotConfirm(state: PaymentState, now: number): string | null {
  if (waitsForMethod(state) && now >= state.terms.expiresAtMs) return 'expires_at has passed.';
  if (state.attempts.length >= MOST_ATTEMPTS) return `${MOST_ATTEMPTS} payment methods were tried.`;
  if (waitsForMethod(state)) return null;
  return `The payment is ${whatItIs(state)} and waits for no other payment method.`;
}

/** Whether `amount` can be captured. An amount of null is everything that can. */
export function whyNotCapture(state: PaymentState): string | null {
  if (capturable(state) > 0) return null;
  if (openCapture(state) !== null) return 'Another capture is under way.';
  return `The payment is ${whatItIs(state)}: there is no authorization to capture.`;
}

function whatItIs(state: PaymentState): string {
  return state.end === null && state.leaving !== null ? 'being given up' : standing(state).status;
}

/**
 * Names the try that an operation without an id of its own belongs to: the same request sent again is the same operation
 * while that try is under way and after it succeeded, and once it was refused it is a new one.
 */
export function currentTry(state: PaymentState): string {
  const last = currentAttempt(state);
  const stands = last.operation !== null && !wasRefused(last);
  return `${stands ? last.number - 1 : last.number}.${captureTry(state)}`;
}

/** One that goes under another key of Penstock's own accord is still the caller's one try. */
function captureTry({ capture }: PaymentState): number {
  if (capture === null) return 0;
  return capture.rejected === null ? capture.first - 1 : capture.number;
}

function wasRefused({ seen, rejected }: Attempt): boolean {
  return seen === null ? rejected !== null : seen.intent.status === 'requires_payment_method';
}

/** The callers' operations that the payment took. */
export function operationsOf(state: PaymentState): string[] {
  const operations = [...state.attempts.map((a) => a.operation), state.capture?.operation ?? null];
  return operations.filter((operation) => operation !== null);
}
