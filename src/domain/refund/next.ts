import type { Outcome } from '../outcome.js';
import { answered, begun, isLate } from '../sending.js';
import {
  newRefundAttempt,
  type RefundAttempt,
  type RefundFact,
  type RefundSnapshot,
  type RefundState,
} from './state.js';

/**
 * How far along a status is. A refund only ever moves up: what succeeded can still fail, days later, and what failed or
 * was canceled stays so. Pending and requires_action come in either order.
 */
const RANKS: Readonly<Record<string, number>> = {
  requires_action: 1,
  pending: 1,
  succeeded: 2,
  canceled: 3,
  failed: 3,
};

function rankOf(status: string): number {
  return Object.hasOwn(RANKS, status) ? (RANKS[status] ?? 0) : 0;
}

/** No fact but a later failure moves it any more. */
export function isSettled(state: RefundState): boolean {
  const { seen, givenUp } = state;
  return givenUp !== null || (seen !== null && rankOf(seen.status) >= 2);
}

/** The refund's one state function, total over facts in any order and any number of times. */
export function nextRefund(state: RefundState, fact: RefundFact): RefundState {
  const after = giveUpIfRefused(apply(state, fact));
  return JSON.stringify(after) === JSON.stringify(state) ? state : after;
}

function apply(state: RefundState, fact: RefundFact): RefundState {
  switch (fact.type) {
    case 'refund': {
      const shown = show(state, fact.refund);
      return fact.source === 'read' ? withAttempt(shown, attemptNumber(state), looked) : shown;
    }
    case 'sending':
      return withAttempt(state, fact.attempt, (a) => begun(a, fact.birthMs));
    case 'sent': {
      const sent = withAttempt(state, fact.attempt, (a) => doubtful(answered(a, fact), fact.outcome));
      if (fact.outcome.kind !== 'settled') return sent;
      const shown = show(sent, fact.outcome.object);
      // An answer that does not agree settles nothing, and the same send would only bring it again.
      if (shown.disregarded === sent.disregarded) return shown;
      return withAttempt(shown, fact.attempt, (a) => ({ ...a, repeatIsUseless: true }));
    }
    case 'absent':
      return withAttempt(state, fact.attempt, (a) => provedDead(state, a, fact.atMs));
    case 'looked':
      return { ...state, againAtMs: Math.max(state.againAtMs, fact.againAtMs) };
    case 'owned':
      return state.owner.kind === 'unknown' ? { ...state, owner: fact.owner } : state;
    case 'past_lost':
      return withAttempt(state, attemptNumber(state), (a) => ({
        ...a,
        mayHaveArrived: true,
        serverError: true,
        lookFirst: true,
        birthMs: state.terms.acceptedAtMs,
        lastDeadlineMs: Math.max(a.lastDeadlineMs, fact.deadlineMs),
      }));
    case 'cancel_requested':
      return giveUp(state, (a) => !a.mayHaveArrived && !a.sending, 'canceled', 'Canceled before it was made.');
    case 'ruled_dead':
      return giveUp(state, (a) => !a.sending, 'canceled', 'A person has found that it was never made.');
    case 'handed_over':
      return { ...state, handedOver: { unknown: fact.unknown } };
    case 'alerted':
      return { ...state, alerted: true };
  }
}

/**
 * A repeat that is refused says nothing of the first send, and would be refused for as long as the key lives; the list of
 * the intent's refunds is short and complete, and tells.
 */
function doubtful(a: RefundAttempt, outcome: Outcome<RefundSnapshot>): RefundAttempt {
  const refused = outcome.kind === 'unknown' && outcome.cause === 'refused_repeat';
  return { ...a, lookFirst: a.lookFirst || refused };
}

function attemptNumber(state: RefundState): number {
  return state.attempt?.number ?? 0;
}

/** What was asked for was looked at, whatever was found; an event that happens to come by is no look. */
function looked(a: RefundAttempt): RefundAttempt {
  return { ...a, lookFirst: false };
}

/** A sight of it counts if it agrees with what was asked for; the furthest one counts. */
function show(state: RefundState, refund: RefundSnapshot): RefundState {
  const { terms, seen } = state;
  const agrees =
    refund.account === terms.account &&
    refund.intent === terms.intent &&
    refund.amount === terms.amount &&
    refund.currency === terms.currency &&
    (seen === null || seen.id === refund.id);
  if (!agrees) return { ...state, disregarded: state.disregarded + 1 };
  const further = seen === null || rankOf(refund.status) > rankOf(seen.status);
  const waitsOtherwise = seen !== null && rankOf(seen.status) === 1 && rankOf(refund.status) === 1;
  return further || waitsOtherwise ? { ...state, seen: refund, givenUp: null } : state;
}

/** Absence proves an attempt dead late enough and never after a 500; the next one has a key of its own. */
function provedDead(state: RefundState, a: RefundAttempt, atMs: number): RefundAttempt {
  const late = isLate(a, state.terms.timing.proofDelayMs, atMs);
  const dead = state.seen === null && a.mayHaveArrived && !a.sending && !a.serverError && late;
  return dead ? newRefundAttempt(state.terms, a.number + 1) : looked(a);
}

/** What Stripe refuses for good, such as more than is left, was never made. */
function giveUpIfRefused(state: RefundState): RefundState {
  const { attempt, seen } = state;
  if (seen !== null || attempt === null || attempt.rejected === null || attempt.sending) return state;
  return { ...state, givenUp: state.givenUp ?? attempt.rejected };
}

function giveUp(
  state: RefundState,
  may: (attempt: RefundAttempt) => boolean,
  kind: 'canceled',
  message: string,
): RefundState {
  const { attempt, seen, givenUp } = state;
  if (attempt === null || seen !== null || givenUp !== null || !may(attempt)) return state;
  return { ...state, givenUp: { kind, code: null, decline_code: null, message } };
}

function withAttempt(state: RefundState, number: number, change: (a: RefundAttempt) => RefundAttempt): RefundState {
  const { attempt } = state;
  return attempt?.number === number ? { ...state, attempt: change(attempt) } : state;
}

/** Whether a sight of a refund that closed as `state` is anything but a repetition of what it knew. */
export function addsToRefund(state: RefundState, refund: RefundSnapshot): boolean {
  if (state.owner.kind === 'foreign') return false;
  return nextRefund(state, { type: 'refund', source: 'webhook', refund }) !== state;
}
