import { mayStillCollect } from '../intent.js';
import { callAtMs, mayRepeat, type Sending } from '../sending.js';
import {
  type Attempt,
  type Capture,
  currentAttempt,
  isUnknown,
  type Oddity,
  openCapture,
  type PaymentState,
} from './state.js';

/** What a payment does next. `untilMs` is the time at which it looks again of itself; null: only a fact moves it. */
export type Step =
  | { readonly do: 'close' }
  | { readonly do: 'wait'; readonly for: WaitsFor; readonly untilMs: number | null }
  | { readonly do: 'send'; readonly attempt: Attempt }
  | { readonly do: 'find'; readonly attempt: Attempt }
  | { readonly do: 'read'; readonly attempt: Attempt }
  | { readonly do: 'capture'; readonly attempt: Attempt; readonly intent: string; readonly capture: Capture }
  | { readonly do: 'cancel'; readonly attempt: Attempt; readonly intent: string }
  | { readonly do: 'expire' }
  | { readonly do: 'reattempt'; readonly attempt: Attempt }
  | { readonly do: 'report'; readonly oddity: Oddity }
  /** The outcome of the operation under this key stays unknown; or it was accepted, and still nothing of it could be sent. */
  | { readonly do: 'hand_over'; readonly key: string; readonly unknown: boolean };

export type WaitsFor = 'webhook' | 'customer' | 'payment_method' | 'capture' | 'stripe' | 'repeat';

/** Decides the next step from the state and the time alone. */
export function nextStep(state: PaymentState, now: number): Step {
  const oddity = state.oddities.find((o) => !o.reported);
  if (oddity !== undefined) return { do: 'report', oddity };
  if (state.end !== null) {
    const ending = endingAttempt(state);
    if (state.readWanted && ending.seen !== null) return { do: 'read', attempt: ending };
    // No timer: the sweep stands in for an event that does not come.
    return state.endSeen ? { do: 'close' } : { do: 'wait', for: 'webhook', untilMs: null };
  }
  if (state.leaving === null && now >= state.terms.expiresAtMs && mayExpire(state)) return { do: 'expire' };

  const attempt = currentAttempt(state);
  if (attempt.seen !== null) return stepWithIntent(state, attempt, attempt.seen.intent.id, now);
  if (attempt.confirms !== null) return stepWithConfirmation(state, attempt, attempt.confirms, now);
  if (isUnknown(attempt)) return stepWithUnknown(state, attempt, now);
  if (attempt.dead) return { do: 'reattempt', attempt };
  return sendStep(state, attempt, now);
}

/** What Stripe has carried out, or is carrying out, is past expiring: an authorisation has a life of its own. */
function mayExpire(state: PaymentState): boolean {
  const status = currentAttempt(state).seen?.intent.status;
  return status !== 'requires_capture' && status !== 'processing';
}

function sendStep(state: PaymentState, attempt: Attempt, now: number): Step {
  if (attempt.againAtMs > now) return waitUntil('repeat', Math.min(attempt.againAtMs, state.terms.expiresAtMs));
  return { do: 'send', attempt };
}

/** Cancels, or, where Stripe's answers do not agree with the payment, waits before asking again. */
function cancelStep(state: PaymentState, attempt: Attempt, intent: string, now: number): Step {
  const rests = state.disregarded > 0 && attempt.againAtMs > now;
  return rests ? waitUntil('repeat', attempt.againAtMs) : { do: 'cancel', attempt, intent };
}

function endingAttempt(state: PaymentState): Attempt {
  return state.attempts.find((a) => a.number === state.end?.attempt) ?? currentAttempt(state);
}

function stepWithIntent(state: PaymentState, attempt: Attempt, intent: string, now: number): Step {
  // After a reset what was told of the intent may be older than what the run has forgotten.
  if (state.readWanted || attempt.lookFirst) return { do: 'read', attempt };
  const status = attempt.seen?.intent.status;
  switch (status) {
    case 'requires_payment_method':
    case 'requires_confirmation':
    case 'requires_action': {
      // Nothing left behind may still collect: giving up waits for Stripe's own word.
      if (state.leaving !== null) return cancelStep(state, attempt, intent, now);
      const waitsFor = status === 'requires_payment_method' ? 'payment_method' : 'customer';
      return waitUntil(waitsFor, state.terms.expiresAtMs);
    }
    case 'requires_capture':
      return stepWithAuthorization(state, attempt, intent, now);
    default:
      if (state.leaving !== null && attempt.seen !== null && mayStillCollect(attempt.seen.intent)) {
        return cancelStep(state, attempt, intent, now);
      }
      // Processing cannot be cancelled; Stripe's event, or the sweep, tells how it went.
      return { do: 'wait', for: 'stripe', untilMs: null };
  }
}

/**
 * Authorised: captured as asked for, let go when the payment is given up, else left to wait; Stripe itself ends an
 * authorisation nobody captures. A capture under way is seen through before the payment is let go: it was accepted.
 */
function stepWithAuthorization(state: PaymentState, attempt: Attempt, intent: string, now: number): Step {
  const capture = openCapture(state);
  const stuck = capture !== null && !mayRepeat(capture, state.terms.timing.keyLifeMs, now);
  if (state.leaving !== null && (capture === null || stuck)) return cancelStep(state, attempt, intent, now);
  if (capture === null) return { do: 'wait', for: 'capture', untilMs: null };
  // A look at the intent paces the next look, and keeps no capture waiting.
  const againAtMs = stuck ? Math.max(capture.againAtMs, attempt.againAtMs) : capture.againAtMs;
  const call = handOver(state, capture, now, capture.askedAtMs);
  if (call.due) return { do: 'hand_over', key: capture.key, unknown: capture.mayHaveArrived };
  if (againAtMs > now) return waitUntil('repeat', Math.min(againAtMs, call.atMs));
  return stuck ? { do: 'read', attempt } : { do: 'capture', attempt, intent, capture };
}

/**
 * Another attempt on the payment's intent, of which Stripe has shown nothing: sent, repeated under its key while that can
 * tell, then read. Once the payment is being left a cancel settles it, whatever became of the attempt.
 */
function stepWithConfirmation(state: PaymentState, attempt: Attempt, intent: string, now: number): Step {
  if (state.leaving !== null) return cancelStep(state, attempt, intent, now);
  if (state.readWanted || attempt.lookFirst) return { do: 'read', attempt };
  // Stripe would not take it: the intent goes on waiting for another, and no reset sends it again.
  if (attempt.rejected !== null) return waitUntil('payment_method', state.terms.expiresAtMs);
  if (!attempt.mayHaveArrived) return sendStep(state, attempt, now);
  const call = handOver(state, attempt, now);
  if (call.due) return { do: 'hand_over', key: attempt.key, unknown: true };
  if (attempt.againAtMs > now) {
    return waitUntil('repeat', Math.min(attempt.againAtMs, call.atMs, state.terms.expiresAtMs));
  }
  return mayRepeat(attempt, state.terms.timing.keyLifeMs, now) ? { do: 'send', attempt } : { do: 'read', attempt };
}

/** @param askedAtMs of an operation that ends only by being carried out; one that is ended by `expires_at` has none. */
function handOver({ handedOver, terms }: PaymentState, of: Sending, now: number, askedAtMs = Number.POSITIVE_INFINITY) {
  const called = handedOver?.key === of.key ? handedOver : null;
  const { acceptedAtMs, timing } = terms;
  const atMs = callAtMs(of, called, { acceptedAtMs, askedAtMs }, timing.patienceMs);
  return { due: now >= atMs, atMs };
}

/**
 * Unknown: repeat under the same key while it lives; once the payment is being left, or a repeat can no longer tell,
 * only look. A look that finds nothing proves the attempt dead only in time, and never after a 500.
 */
function stepWithUnknown(state: PaymentState, attempt: Attempt, now: number): Step {
  const { timing, expiresAtMs } = state.terms;
  const call = handOver(state, attempt, now);
  if (call.due) return { do: 'hand_over', key: attempt.key, unknown: true };
  if (attempt.lookFirst) return { do: 'find', attempt };

  if (attempt.againAtMs > now) {
    const expiry = state.leaving === null ? expiresAtMs : Number.POSITIVE_INFINITY;
    return waitUntil('repeat', Math.min(attempt.againAtMs, call.atMs, expiry));
  }
  const onlyLook = state.leaving !== null || !mayRepeat(attempt, timing.keyLifeMs, now);
  return onlyLook ? { do: 'find', attempt } : { do: 'send', attempt };
}

function waitUntil(waitsFor: WaitsFor, untilMs: number): Step {
  return { do: 'wait', for: waitsFor, untilMs };
}
