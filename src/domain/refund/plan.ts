import { callAtMs, mayRepeat } from '../sending.js';
import { isSettled } from './next.js';
import type { RefundAttempt, RefundState } from './state.js';

/** What a refund does next. `untilMs` is the time at which it looks again of itself. */
export type RefundStep =
  | { readonly do: 'close' }
  | { readonly do: 'identify' }
  | { readonly do: 'alert' }
  | { readonly do: 'hand_over'; readonly unknown: boolean }
  | { readonly do: 'send'; readonly attempt: RefundAttempt }
  /** Looks for it in the list of the intent's refunds. */
  | { readonly do: 'find'; readonly attempt: RefundAttempt }
  | { readonly do: 'read'; readonly refund: string }
  | { readonly do: 'wait'; readonly for: 'stripe' | 'repeat'; readonly untilMs: number };

/** Decides the next step from the state and the time alone. */
export function nextRefundStep(state: RefundState, now: number): RefundStep {
  const { seen, owner, attempt } = state;
  if (owner.kind === 'foreign') return { do: 'close' };
  if (owner.kind === 'unknown') return { do: 'identify' };
  if (fellThrough(state) && !state.alerted) return { do: 'alert' };
  if (isSettled(state)) return { do: 'close' };
  if (seen !== null) {
    // Stripe's event tells; a look of its own stands in for one that does not come.
    if (state.againAtMs > now) return { do: 'wait', for: 'stripe', untilMs: state.againAtMs };
    return { do: 'read', refund: seen.id };
  }
  // Only followed, and heard of: the fact that shows it is on its way.
  if (attempt === null) return { do: 'wait', for: 'stripe', untilMs: now + state.terms.overdueMs };
  return stepUnseen(state, attempt, now);
}

/** It was taken, and the customer does not get the money: Stripe refused it, or it failed or was canceled at Stripe. */
function fellThrough({ seen, givenUp }: RefundState): boolean {
  if (seen !== null) return seen.status === 'failed' || seen.status === 'canceled';
  return givenUp !== null && givenUp.kind !== 'canceled';
}

function stepUnseen(state: RefundState, attempt: RefundAttempt, now: number): RefundStep {
  const { timing, acceptedAtMs } = state.terms;
  const unknown = attempt.mayHaveArrived;
  const callAt = callAtMs(attempt, state.handedOver, { acceptedAtMs, askedAtMs: acceptedAtMs }, timing.patienceMs);
  if (now >= callAt) return { do: 'hand_over', unknown };
  if (attempt.lookFirst) return { do: 'find', attempt };
  const againAtMs = Math.max(attempt.againAtMs, state.againAtMs);
  if (againAtMs > now) return { do: 'wait', for: 'repeat', untilMs: Math.min(againAtMs, callAt) };
  if (!unknown || mayRepeat(attempt, timing.keyLifeMs, now)) return { do: 'send', attempt };
  return { do: 'find', attempt };
}
