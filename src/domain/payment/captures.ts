import { idempotencyKey } from '../ids.js';
import { answered, isMissed, unsent } from '../sending.js';
import { applyIntent } from './apply-intent.js';
import type { Fact } from './facts.js';
import { type Capture, currentAttempt, openCapture, type PaymentState } from './state.js';

/** How much can be captured now, in minor units; 0 where nothing can. */
export function capturable(state: PaymentState): number {
  const { seen } = currentAttempt(state);
  if (state.end !== null || state.leaving !== null || openCapture(state) !== null) return 0;
  return seen?.intent.status === 'requires_capture' ? seen.intent.amountCapturable : 0;
}

/** One capture at a time, of no more than was authorised; after a refusal the next has a key of its own. */
export function requestCapture(
  state: PaymentState,
  { operation, amount, atMs }: Extract<Fact, { type: 'capture_requested' }>,
): PaymentState {
  if (!Number.isInteger(amount) || amount < 1 || amount > capturable(state)) return state;
  return { ...state, capture: newCapture(state, { operation, amount, askedAtMs: atMs }) };
}

function newCapture(
  state: PaymentState,
  order: Pick<Capture, 'operation' | 'amount' | 'askedAtMs'> & { first?: number },
): Capture {
  const number = (state.capture?.number ?? 0) + 1;
  const { account } = currentAttempt(state);
  const key = idempotencyKey({ paymentId: state.terms.id, operation: 'capture', account, attempt: number });
  return { ...unsent(key), number, first: number, ...order };
}

/**
 * A capture whose key can tell nothing any more (a 500 is stored under it, or it is too old) goes under the next one, once
 * the intent was read long enough after its last byte and is still only authorised. Should Stripe carry the first one out after all, the
 * second is refused: an intent is captured at most once, and of the same amount.
 */
export function renewCapture(
  state: PaymentState,
  { number, atMs }: Extract<Fact, { type: 'capture_missed' }>,
): PaymentState {
  const capture = openCapture(state);
  if (capture?.number !== number || state.leaving !== null || !isAuthorized(state)) return state;
  if (!isMissed(capture, state.terms.timing, atMs)) return state;
  const { operation, amount, first } = capture;
  return { ...state, capture: newCapture(state, { operation, amount, first, askedAtMs: atMs }) };
}

function isAuthorized(state: PaymentState): boolean {
  return state.end === null && currentAttempt(state).seen?.intent.status === 'requires_capture';
}

/** A send of the capture ended; what it showed is the intent's, like any other sight of it. */
export function applyCaptureSent(state: PaymentState, fact: Extract<Fact, { type: 'capture_sent' }>): PaymentState {
  const sent = withCapture(state, fact.number, (c) => answered(c, fact));
  if (fact.outcome.kind !== 'settled') return sent;
  return applyIntent(sent, { source: 'reply', intent: fact.outcome.object, key: null });
}

export function withCapture(state: PaymentState, number: number, change: (c: Capture) => Capture): PaymentState {
  const { capture } = state;
  return capture?.number === number ? { ...state, capture: change(capture) } : state;
}
