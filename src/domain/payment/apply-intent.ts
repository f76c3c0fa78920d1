import { type IntentSnapshot, isFinalStatus, rankOf } from '../intent.js';
import { attemptOf, fits, isNewer, isOfAnotherMethod, isOver, isTold, ownerOf } from './attempt-of.js';
import type { IntentSource } from './facts.js';
import {
  type Attempt,
  currentAttempt,
  intentOf,
  MOST_ATTEMPTS,
  newAttempt,
  type Oddity,
  type PaymentState,
  type Seen,
} from './state.js';

export interface Shown {
  readonly source: IntentSource;
  readonly intent: IntentSnapshot;
  readonly key: string | null;
  /** Of an answer to a question: how many facts were known when it was asked; what was known then is older. */
  readonly asOf?: number;
}

/**
 * Takes in what Stripe showed of an intent. Facts are ordered by (attempt, rank): along one attempt the furthest status
 * counts, and what belongs to an earlier attempt moves nothing. A final status counts whichever attempt it came by.
 */
export function applyIntent(state: PaymentState, shown: Shown): PaymentState {
  const { intent, source } = shown;
  // Stripe was asked and this is its answer: whatever the read was wanted for, it is here.
  const answered = source === 'read' || source === 'sweep' || shown.asOf !== undefined;
  const asked = answered ? { ...state, readWanted: false } : state;

  const owner = ownerOf(asked, shown);
  if (owner === undefined && isUnheardOf(asked, intent)) return noteOddity(asked, 'second_intent', intent);
  if (owner === undefined || !agrees(asked, owner, intent)) return { ...asked, disregarded: asked.disregarded + 1 };
  if (isAnother(owner, intent)) return noteOddity(asked, 'second_intent', intent);
  if (asked.end !== null) return afterEnd(asked, owner, shown);
  if (isRevenant(asked, owner, intent)) return noteOddity(asked, 'contradiction', intent);

  const attempt = attemptOf(asked, shown);
  if (attempt !== undefined && wentOn(attempt, shown)) return followOn(asked, owner, attempt, shown);
  // A status this version does not know, or a fact of no known attempt: it moves nothing, and one read tells.
  const puzzling = attempt === undefined || rankOf(intent.status) === undefined || !fits(attempt, shown);
  const next = { ...asked, readWanted: asked.readWanted || (puzzling && isTold(source)) };
  if (attempt === undefined || (puzzling && isTold(source) && attempt.seen !== null)) return next;
  return withSeen(next, attempt, shown);
}

function withSeen(state: PaymentState, attempt: Attempt, shown: Shown): PaymentState {
  const { intent, source } = shown;
  const rank = rankOf(intent.status) ?? UNKNOWN_RANK;
  const merged: Attempt = {
    ...attempt,
    seen: further(attempt.seen, { rank, intent, atFact: state.facts + 1 }, isNewer(attempt, shown)),
    mayHaveArrived: true,
    // The event itself, or the sweep in its place, is what a run waits for before it closes.
    finalShown: attempt.finalShown || (isFinalStatus(intent.status) && isTold(source)),
  };
  return {
    ...state,
    attempts: state.attempts.map((a) => (a.number === attempt.number ? merged : a)),
    amountCaptured: Math.max(state.amountCaptured, intent.status === 'succeeded' ? intent.amountReceived : 0),
  };
}

/** A status nobody here knows stands before every one that somebody does. */
const UNKNOWN_RANK = 0;

/** An open or paid intent that is labelled ours, of an attempt this run knows nothing of (a reset may have forgotten it). */
function isUnheardOf(state: PaymentState, intent: IntentSnapshot): boolean {
  const labelledOurs = intent.labels?.workflowId === state.terms.id;
  return labelledOurs && intent.status !== 'canceled' && state.attempts.some((a) => agrees(state, a, intent));
}

/** A fact counts only if account, mode, amount and currency agree, and its own amounts keep their bounds. */
function agrees(state: PaymentState, owner: Attempt, intent: IntentSnapshot): boolean {
  const { terms } = state;
  return (
    intent.account === owner.account &&
    intent.livemode === terms.livemode &&
    intent.amount === terms.amount &&
    intent.currency === terms.currency &&
    intent.amountReceived >= 0 &&
    intent.amountReceived <= terms.amount &&
    intent.amountCapturable >= 0 &&
    intent.amountCapturable <= terms.amount
  );
}

/**
 * An open intent of an attempt that was proved dead and has been followed by another: it could still collect beside its
 * successor. Money in it is the payment's, and ends it; the successor's would then be the oddity.
 */
function isRevenant(state: PaymentState, owner: Attempt, intent: IntentSnapshot): boolean {
  const current = currentAttempt(state);
  const succeeded = owner.number !== current.number && owner.seen === null && owner.dead;
  return succeeded && !isFinalStatus(intent.status);
}

/** Not the intent the attempt is made on: the key or the labels name an attempt that has another. */
function isAnother(owner: Attempt, intent: IntentSnapshot): boolean {
  const known = intentOf(owner);
  return known !== null && known !== intent.id;
}

/**
 * Stripe was asked after everything known of the attempt was known, and shows it less far along, going on after it had
 * failed, or with another payment method: along one attempt that cannot be, so the intent was confirmed anew.
 */
function wentOn(attempt: Attempt, shown: Shown): boolean {
  const { seen } = attempt;
  const { intent } = shown;
  if (seen === null || !isNewer(attempt, shown) || isFinalStatus(intent.status)) return false;
  const lessFar = (rankOf(intent.status) ?? UNKNOWN_RANK) < seen.rank && !isFinalStatus(seen.intent.status);
  return lessFar || isOver(attempt, intent) || isOfAnotherMethod(seen.intent, intent);
}

/**
 * Confirmed anew by our own next attempt, of which this is the first sight; or by somebody else (a customer's browser,
 * another program).
 */
function followOn(state: PaymentState, owner: Attempt, attempt: Attempt, shown: Shown): PaymentState {
  const ours = currentAttempt(state);
  const sentByUs = ours.number > attempt.number && ours.confirms === shown.intent.id && ours.mayHaveArrived;
  return sentByUs && ours.seen === null ? withSeen(state, ours, shown) : openedElsewhere(state, owner, shown.intent);
}

/** The attempt somebody else made on the intent: it is followed like our own, and never sent by us. */
function openedElsewhere(state: PaymentState, owner: Attempt, intent: IntentSnapshot): PaymentState {
  const paymentMethod = intent.paymentMethod ?? owner.paymentMethod;
  const by = { account: owner.account, paymentMethod, confirms: intent.id };
  const rank = rankOf(intent.status) ?? UNKNOWN_RANK;
  const seen: Seen = { rank, intent, atFact: state.facts + 1 };
  const last = currentAttempt(state);
  // Who holds the client secret can go on for ever; the state does not grow with it.
  const full = state.attempts.length >= MOST_ATTEMPTS;
  const attempt = full ? last : newAttempt(state.terms, last.number + 1, by);
  const kept = full ? state.attempts.slice(0, -1) : state.attempts;
  return { ...state, attempts: [...kept, { ...attempt, mayHaveArrived: true, seen }] };
}

/** The further of two sightings; of two equally far, the one that is surely newer, and whichever says why it failed. */
function further(a: Seen | null, b: Seen, isNewer: boolean): Seen {
  if (a === null) return b;
  if (b.rank > a.rank) return explained(b, a);
  const replaces = isNewer && b.rank === a.rank && JSON.stringify(b.intent) !== JSON.stringify(a.intent);
  return replaces ? explained(b, a) : explained(a, b);
}

/** What is known of a decline stays known when it is shown without its reason, or cancelled because of it. */
function explained(seen: Seen, by: Seen): Seen {
  const { failure, errorCharge, errorPaymentMethod } = by.intent;
  const failed = seen.intent.status === 'requires_payment_method' || seen.intent.status === 'canceled';
  if (!failed || seen.intent.failure !== null || failure === null) return seen;
  return { ...seen, intent: { ...seen.intent, failure, errorCharge, errorPaymentMethod } };
}

/** After the end nothing moves; what the end did not know of is an oddity, and an incident looks into it. */
function afterEnd(state: PaymentState, owner: Attempt, { intent, source }: Shown): PaymentState {
  const ending = state.attempts.find((a) => a.number === state.end?.attempt);
  const known = ending?.seen?.intent;
  if (ending === undefined || known?.id !== intent.id) {
    const gone = intent.status === 'canceled' || isStale(owner, intent);
    return gone ? state : noteOddity(state, 'contradiction', intent);
  }
  if (intent.status === 'succeeded' && known.status !== 'succeeded') return noteOddity(state, 'contradiction', intent);
  if (intent.status !== known.status || !isTold(source)) return state;
  const attempts = state.attempts.map((a) => (a === ending ? { ...a, finalShown: true } : a));
  return { ...state, attempts };
}

/** Old news of an intent that is known to have been cancelled. */
function isStale(owner: Attempt, intent: IntentSnapshot): boolean {
  return owner.seen?.intent.status === 'canceled' && intent.status !== 'succeeded';
}

function noteOddity(state: PaymentState, kind: Oddity['kind'], intent: IntentSnapshot): PaymentState {
  if (state.oddities.some((o) => o.intent.id === intent.id)) return state;
  return { ...state, oddities: [...state.oddities, { kind, intent, reported: false }] };
}

/** Whether this fact, at a payment that closed as `state`, is anything but a repetition of what it knew. */
export function addsAfterClose(state: PaymentState, shown: Shown): boolean {
  const after = applyIntent(state, shown);
  return after.oddities.length > state.oddities.length || after.disregarded > state.disregarded;
}
