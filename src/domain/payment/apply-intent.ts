import { type IntentSnapshot, isFinalStatus, rankOf } from '../intent.js';
import type { IntentSource } from './facts.js';
import type { Attempt, Oddity, PaymentState, Seen } from './state.js';

interface Shown {
  readonly source: IntentSource;
  readonly intent: IntentSnapshot;
  readonly key: string | null;
}

/**
 * Takes in what Stripe showed of an intent. Facts are ordered by (attempt, rank): along one attempt the furthest status
 * counts, and what belongs to an earlier attempt moves nothing. A final status counts whichever attempt it came by.
 */
export function applyIntent(state: PaymentState, shown: Shown): PaymentState {
  const { intent, source } = shown;
  // Stripe was asked and this is its answer: whatever the read was wanted for, it is here.
  const asked = source === 'webhook' ? state : { ...state, readWanted: false };

  const owner = ownerOf(asked, shown);
  if (owner === undefined || !agrees(asked, owner, intent)) return { ...asked, disregarded: asked.disregarded + 1 };
  if (owner.seen !== null && owner.seen.intent.id !== intent.id) return noteOddity(asked, 'second_intent', intent);

  const rank = rankOf(intent.status);
  const attempt = attemptOf(asked, shown);
  // A status this version does not know, or a fact of no known attempt: neither moves anything, one read tells.
  if (rank === undefined || attempt === undefined) {
    return { ...asked, readWanted: source !== 'read' && asked.end === null };
  }

  if (asked.end !== null) return afterEnd(asked, intent, source);
  const merged = { ...attempt, seen: further(attempt.seen, { rank, intent }), mayHaveArrived: true };
  return {
    ...asked,
    attempts: asked.attempts.map((a) => (a.number === attempt.number ? merged : a)),
    amountCaptured: Math.max(asked.amountCaptured, intent.status === 'succeeded' ? intent.amountReceived : 0),
    endSeen: asked.endSeen || (isFinalStatus(intent.status) && standsForEvents(source)),
  };
}

/** The event itself, or the sweep in its place, is what a run waits for before it closes. */
function standsForEvents(source: IntentSource): boolean {
  return source === 'webhook' || source === 'sweep';
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

/** The attempt that made this intent: the one that has it, else the one its key or its labels name. */
function ownerOf(state: PaymentState, shown: Shown): Attempt | undefined {
  const { intent, key } = shown;
  return (
    state.attempts.find((a) => a.seen?.intent.id === intent.id) ??
    state.attempts.find((a) => key !== null && a.key === key) ??
    state.attempts.find((a) => intent.labels?.workflowId === state.terms.id && a.number === intent.labels.attempt)
  );
}

/**
 * The attempt a fact tells of, among those on its intent: by the key of the call that caused it, by its charge, by its
 * payment method. Where the intent has had one attempt only, it is that one; a final fact is the latest one's.
 */
function attemptOf(state: PaymentState, shown: Shown): Attempt | undefined {
  const { intent, key, source } = shown;
  const named = state.attempts.find((a) => key !== null && a.key === key);
  if (named !== undefined) return named;

  const owner = ownerOf(state, shown);
  const onIntent = state.attempts.filter((a) => a === owner || a.seen?.intent.id === intent.id);
  if (onIntent.length <= 1) return onIntent[0];

  const charge = intent.errorCharge ?? intent.latestCharge;
  const byCharge = onIntent.find((a) => charge !== null && a.seen?.intent.latestCharge === charge);
  if (byCharge !== undefined) return byCharge;
  const method = intent.errorPaymentMethod ?? intent.paymentMethod;
  const byMethod = onIntent.filter((a) => a.paymentMethod === method || a.seen?.intent.paymentMethod === method);
  if (byMethod.length === 1) return byMethod[0];
  return isFinalStatus(intent.status) || source === 'read' ? onIntent.at(-1) : undefined;
}

/** The further of two sightings; of two equally far, the one that says why it failed. */
function further(a: Seen | null, b: Seen): Seen {
  if (a === null || b.rank > a.rank) {
    // What an earlier sighting knew of a decline stays known when the intent is cancelled because of it.
    const failure = b.intent.failure ?? a?.intent.failure ?? null;
    return { rank: b.rank, intent: { ...b.intent, failure } };
  }
  if (a.intent.failure === null && b.intent.failure !== null) {
    return { rank: a.rank, intent: { ...a.intent, failure: b.intent.failure } };
  }
  return a;
}

/** After the end nothing moves; what the end did not know of is an oddity, and an incident looks into it. */
function afterEnd(state: PaymentState, intent: IntentSnapshot, source: IntentSource): PaymentState {
  const ending = state.attempts.find((a) => a.number === state.end?.attempt)?.seen?.intent;
  if (ending?.id === intent.id) {
    if (intent.status === 'succeeded' && ending.status !== 'succeeded') {
      return noteOddity(state, 'contradiction', intent);
    }
    const endShown = intent.status === ending.status && standsForEvents(source);
    return { ...state, endSeen: state.endSeen || endShown };
  }
  return intent.status === 'canceled' ? state : noteOddity(state, 'contradiction', intent);
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
