import { mayStillCollect } from '../intent.js';
import { type Attempt, currentAttempt, isUnknown, type Oddity, type PaymentState } from './state.js';

/** What a payment does next. `untilMs` is the time at which it looks again of itself; null: only a fact moves it. */
export type Step =
  | { readonly do: 'close' }
  | { readonly do: 'wait'; readonly for: WaitsFor; readonly untilMs: number | null }
  | { readonly do: 'send'; readonly attempt: Attempt }
  | { readonly do: 'find'; readonly attempt: Attempt }
  | { readonly do: 'read'; readonly attempt: Attempt }
  | { readonly do: 'cancel'; readonly attempt: Attempt; readonly intent: string }
  | { readonly do: 'expire' }
  | { readonly do: 'reattempt'; readonly attempt: Attempt }
  | { readonly do: 'report'; readonly oddity: Oddity }
  | { readonly do: 'hand_over' };

export type WaitsFor = 'webhook' | 'customer' | 'payment_method' | 'stripe' | 'repeat';

/** Decides the next step from the state and the time alone. */
export function nextStep(state: PaymentState, now: number): Step {
  const oddity = state.oddities.find((o) => !o.reported);
  if (oddity !== undefined) return { do: 'report', oddity };
  if (state.end !== null) {
    if (state.readWanted) return { do: 'read', attempt: endingAttempt(state) };
    // No timer: the sweep stands in for an event that does not come.
    return state.endSeen ? { do: 'close' } : { do: 'wait', for: 'webhook', untilMs: null };
  }
  if (state.leaving === null && now >= state.terms.expiresAtMs) return { do: 'expire' };

  const attempt = currentAttempt(state);
  if (attempt.seen !== null) return stepWithIntent(state, attempt, attempt.seen.intent.id, now);
  if (isUnknown(attempt)) return stepWithUnknown(state, attempt, now);
  if (attempt.dead) return { do: 'reattempt', attempt };
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
  if (state.readWanted) return { do: 'read', attempt };
  const status = attempt.seen?.intent.status;
  switch (status) {
    case 'requires_payment_method':
    case 'requires_confirmation':
    case 'requires_action':
    case 'requires_capture': {
      // Nothing left behind may still collect: giving up waits for Stripe's own word.
      if (state.leaving !== null) return cancelStep(state, attempt, intent, now);
      const waitsFor = status === 'requires_payment_method' ? 'payment_method' : 'customer';
      return waitUntil(waitsFor, state.terms.expiresAtMs);
    }
    default:
      if (state.leaving !== null && attempt.seen !== null && mayStillCollect(attempt.seen.intent)) {
        return cancelStep(state, attempt, intent, now);
      }
      // Processing cannot be cancelled; Stripe's event, or the sweep, tells how it went.
      return { do: 'wait', for: 'stripe', untilMs: null };
  }
}

/**
 * Unknown: repeat under the same key while it lives; once the payment is being left, or a repeat can no longer tell,
 * only look. A look that finds nothing proves the attempt dead only in time, and never after a 500.
 */
function stepWithUnknown(state: PaymentState, attempt: Attempt, now: number): Step {
  const { timing, expiresAtMs } = state.terms;
  const bornAt = attempt.birthMs ?? state.terms.acceptedAtMs;
  const handOverAt = bornAt + timing.patienceMs;
  if (!state.handedOver && now >= handOverAt) return { do: 'hand_over' };
  if (attempt.lookFirst) return { do: 'find', attempt };

  if (attempt.againAtMs > now) {
    const wakes = [attempt.againAtMs];
    if (!state.handedOver) wakes.push(handOverAt);
    if (state.leaving === null) wakes.push(expiresAtMs);
    return waitUntil('repeat', Math.min(...wakes));
  }
  const keyIsOld = now >= bornAt + timing.keyLifeMs;
  const onlyLook = state.leaving !== null || attempt.repeatIsUseless || keyIsOld;
  return onlyLook ? { do: 'find', attempt } : { do: 'send', attempt };
}

function waitUntil(waitsFor: WaitsFor, untilMs: number): Step {
  return { do: 'wait', for: waitsFor, untilMs };
}
