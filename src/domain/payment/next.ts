import { failure } from '../failures.js';
import { isFinalStatus } from '../intent.js';
import { answered, begun, isLate, isMissed } from '../sending.js';
import { applyIntent } from './apply-intent.js';
import { applyCaptureSent, renewCapture, requestCapture, withCapture } from './captures.js';
import type { Fact } from './facts.js';
import {
  type Attempt,
  currentAttempt,
  type End,
  intentOf,
  isUnknown,
  MOST_ATTEMPTS,
  newAttempt,
  type PaymentState,
  waitsForMethod,
} from './state.js';

/**
 * The payment's one state function, total over facts in any order and any number of times. It never goes back from an
 * end, never forgets that a send may have arrived, and holds every fact against the terms before it counts. A fact that
 * moves nothing gives back the same state.
 */
export function next(state: PaymentState, fact: Fact): PaymentState {
  const after = settle(leaveIfDeclined(state, apply(state, fact), fact));
  return JSON.stringify(after) === JSON.stringify(state) ? state : { ...after, facts: state.facts + 1 };
}

function apply(state: PaymentState, fact: Fact): PaymentState {
  switch (fact.type) {
    case 'intent':
      return applyIntent(state, fact);
    case 'sending':
      return withAttempt(state, fact.attempt, (a) => begun(a, fact.birthMs));
    case 'sent':
      return applySent(state, fact);
    case 'taken_back':
      return withAttempt(state, fact.attempt, (a) => ({ ...a, sending: false }));
    case 'absent':
      return withAttempt(state, fact.attempt, (a) => applyAbsent(state, a, fact));
    case 'looked':
      return withAttempt(state, fact.attempt, (a) => applyLooked(state, a, fact.againAtMs));
    case 'cancel_requested':
      return leave(state, { because: 'canceled', by: fact.by });
    case 'method_offered':
      return offerMethod(state, fact);
    case 'confirm_missed':
      return withAttempt(state, fact.attempt, (a) => giveUpConfirmation(state, a, fact.atMs));
    case 'capture_requested':
      return requestCapture(state, fact);
    case 'capture_sending':
      return withCapture(state, fact.number, (c) => begun(c, fact.birthMs));
    case 'capture_missed':
      return renewCapture(state, fact);
    case 'capture_sent':
      return applyCaptureSent(state, fact);
    case 'expired':
      return leave(state, { because: 'expired' });
    case 'past_lost':
      return losePast(state, fact.deadlineMs);
    case 'attempt_opened':
      return openAttempt(state, fact);
    case 'reported':
      return {
        ...state,
        oddities: state.oddities.map((o) => (o.intent.id === fact.intent ? { ...o, reported: true } : o)),
      };
    case 'look_wanted':
      return { ...state, readWanted: !state.endSeen && currentAttempt(state).seen !== null };
    case 'ruled_dead': {
      const left = leave(state, { because: 'canceled', by: 'person' });
      const { number } = currentAttempt(state);
      return withAttempt(left, number, (a) => ({ ...a, dead: a.dead || (isUnknown(a) && !a.sending) }));
    }
    case 'handed_over':
      return { ...state, handedOver: { key: fact.key, unknown: fact.unknown } };
  }
}

function applySent(state: PaymentState, fact: Extract<Fact, { type: 'sent' }>): PaymentState {
  const { outcome } = fact;
  const sent = withAttempt(state, fact.attempt, (a) => answered(a, fact));
  if (outcome.kind !== 'settled') return sent;
  const key = state.attempts.find((a) => a.number === fact.attempt)?.key ?? null;
  const taken = applyIntent(sent, { source: 'reply', intent: outcome.object, key });
  // An answer that does not agree with the payment settles nothing, and the same send would only bring it again.
  const tookIt = taken.disregarded === sent.disregarded;
  return tookIt ? taken : withAttempt(taken, fact.attempt, (a) => ({ ...a, repeatIsUseless: true }));
}

/** A look paces the next one, and a cancel whose answers do not agree; what was never sent does not wait for either. */
function applyLooked(state: PaymentState, a: Attempt, againAtMs: number): Attempt {
  const paces = a.mayHaveArrived || state.leaving !== null;
  return { ...a, lookFirst: false, againAtMs: paces ? Math.max(a.againAtMs, againAtMs) : a.againAtMs };
}

/** Absence proves an attempt dead that makes an intent of its own: one that confirms another's is in no list. */
function applyAbsent(state: PaymentState, a: Attempt, fact: Extract<Fact, { type: 'absent' }>): Attempt {
  const late = isLate(a, state.terms.timing.proofDelayMs, fact.atMs);
  return {
    ...a,
    lookFirst: false,
    dead: a.dead || (isUnknown(a) && a.confirms === null && !a.sending && !a.serverError && late),
    againAtMs: Math.max(a.againAtMs, fact.againAtMs),
  };
}

/**
 * A confirmation whose key can tell nothing any more, and of which a late read shows no trace, is over: the intent waits
 * for a payment method as before. Should Stripe carry it out after all, its event counts, and whatever was tried meanwhile
 * was tried on the same intent, which collects once at most.
 */
function giveUpConfirmation(state: PaymentState, a: Attempt, atMs: number): Attempt {
  const open = a.confirms !== null && isUnknown(a) && a.rejected === null && state.leaving === null;
  if (!open || !isMissed(a, state.terms.timing, atMs)) return a;
  return { ...a, rejected: failure('declined', 'processing_error', null, 'Stripe did not carry it out. Try again.') };
}

function losePast(state: PaymentState, deadlineMs: number): PaymentState {
  const { number, seen } = currentAttempt(state);
  const lost = { ...state, pastLost: { deadlineMs }, readWanted: state.end === null && seen !== null };
  return withAttempt(lost, number, (a) => doubted(lost, a));
}

/** The attempt as a run that lost its past must take it: it may have been sent, and may have met a 500. */
function doubted({ terms, pastLost }: PaymentState, a: Attempt): Attempt {
  if (pastLost === null) return a;
  return {
    ...a,
    mayHaveArrived: true,
    serverError: true,
    lookFirst: true,
    birthMs: terms.acceptedAtMs,
    lastDeadlineMs: Math.max(a.lastDeadlineMs, pastLost.deadlineMs),
  };
}

/** A new attempt opens only when the one before can no longer collect, and never once the payment is being left. */
function openAttempt(state: PaymentState, fact: Extract<Fact, { type: 'attempt_opened' }>): PaymentState {
  const last = currentAttempt(state);
  if (state.end !== null || state.leaving !== null || !last.dead || last.seen !== null) return state;
  const attempt = doubted(state, newAttempt(state.terms, last.number + 1, fact));
  return { ...state, attempts: [...state.attempts, attempt] };
}

/** Another payment method is another attempt, on the intent that waits for one. */
function offerMethod(state: PaymentState, fact: Extract<Fact, { type: 'method_offered' }>): PaymentState {
  const last = currentAttempt(state);
  const confirms = intentOf(last);
  if (confirms === null || !waitsForMethod(state) || state.attempts.length >= MOST_ATTEMPTS) return state;
  const { paymentMethod, operation } = fact;
  const by = { account: last.account, paymentMethod, confirms, operation };
  const attempt = doubted(state, newAttempt(state.terms, last.number + 1, by));
  return { ...state, attempts: [...state.attempts, attempt] };
}

function leave(state: PaymentState, leaving: NonNullable<PaymentState['leaving']>): PaymentState {
  return state.leaving !== null || state.end !== null ? state : { ...state, leaving };
}

/**
 * Off-session nobody is there to offer another card: a decline gives the payment up, and the intent is cancelled. So
 * does a decline that comes when there is no time left to offer one, as a bank's can after days.
 */
function leaveIfDeclined(before: PaymentState, state: PaymentState, fact: Fact): PaymentState {
  if (!isDeclined(state)) return state;
  const tooLate = !isDeclined(before) && fact.type === 'intent' && fact.atMs >= state.terms.expiresAtMs;
  return state.terms.offSession || tooLate ? leave(state, { because: 'declined' }) : state;
}

function isDeclined(state: PaymentState): boolean {
  return currentAttempt(state).seen?.intent.status === 'requires_payment_method';
}

/** Finds the end the facts add up to, if they do; an end once found stays, and is seen once its own intent's is. */
function settle(state: PaymentState): PaymentState {
  const end = state.end ?? findEnd(state);
  if (end === null) return state;
  const ending = state.attempts.find((a) => a.number === end.attempt);
  // Where no intent ever was, Stripe will send no event either.
  return { ...state, end, endSeen: state.endSeen || ending?.seen == null || ending.finalShown };
}

function findEnd(state: PaymentState): End | null {
  const paid = state.attempts.find((a) => a.seen?.intent.status === 'succeeded');
  if (paid !== undefined) return { status: 'succeeded', attempt: paid.number, failure: null };

  const last = currentAttempt(state);
  if (last.seen !== null) {
    return isFinalStatus(last.seen.intent.status) ? endWithoutMoney(state, last) : null;
  }
  // An intent is there and open, whatever becomes of this attempt on it: only Stripe's word ends it.
  if (last.sending || last.confirms !== null) return null;
  if (last.rejected !== null) return { status: 'failed', attempt: last.number, failure: last.rejected };
  const nothingSent = !last.mayHaveArrived || last.dead;
  return state.leaving !== null && nothingSent ? endWithoutMoney(state, last) : null;
}

function endWithoutMoney(state: PaymentState, last: Attempt): End {
  const decline = last.seen?.intent.failure ?? null;
  const attempt = last.number;
  // Off-session a decline is the reason, also where it is learned after the cancellation it led to.
  const declined = state.terms.offSession && decline !== null && state.leaving === null;
  switch (declined ? 'declined' : state.leaving?.because) {
    case 'declined':
      return { status: 'failed', attempt, failure: decline };
    case 'expired':
      return {
        status: 'canceled',
        attempt,
        failure: {
          kind: 'expired',
          code: 'expired',
          decline_code: decline?.decline_code ?? null,
          message: 'expires_at passed before the payment could be carried out.',
        },
      };
    case 'canceled':
    case undefined: {
      const message = state.leaving === null ? 'The payment intent was canceled at Stripe.' : 'Canceled as requested.';
      return {
        status: 'canceled',
        attempt,
        failure: { kind: 'canceled', code: last.seen?.intent.cancellationReason ?? null, decline_code: null, message },
      };
    }
  }
}

function withAttempt(state: PaymentState, number: number, change: (a: Attempt) => Attempt): PaymentState {
  return { ...state, attempts: state.attempts.map((a) => (a.number === number ? change(a) : a)) };
}
