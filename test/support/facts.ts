import type { IntentSnapshot } from '../../src/domain/intent.js';
import type { Outcome } from '../../src/domain/outcome.js';
import {
  type Fact,
  type IntentSource,
  newAttempt,
  next,
  open,
  type PaymentState,
  type Terms,
} from '../../src/domain/payment/index.js';

/** When the payment of these tests is taken, Unix ms. Every other time is counted from here. */
export const T0 = 1_800_000_000_000;
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

export const TERMS: Terms = {
  id: 'pay.acme.order-1',
  merchant: 'acme',
  amount: 1999,
  currency: 'eur',
  livemode: false,
  offSession: false,
  acceptedAtMs: T0,
  expiresAtMs: T0 + 15 * MINUTE,
  timing: {
    keyLifeMs: 20 * HOUR,
    proofDelayMs: 10 * MINUTE,
    patienceMs: HOUR,
    sendWindowMs: 30 * SECOND,
    stripeTimeoutMs: 30 * SECOND,
  },
};

export const FIRST = { account: 'default', paymentMethod: 'pm_card_visa' } as const;

/** The idempotency key of attempt `number`, as the payment itself makes it. */
export function keyOf(number: number): string {
  return newAttempt(TERMS, number, FIRST).key;
}

/** The key of attempt `number` where it confirms the intent of the one before. */
export function confirmKeyOf(number: number): string {
  return newAttempt(TERMS, number, { ...FIRST, confirms: 'pi_1' }).key;
}

/** A payment as it is taken. */
export function taken(terms: Partial<Terms> = {}): PaymentState {
  return open({ ...TERMS, ...terms }, FIRST);
}

/** The state after `facts`, in this order. */
export function after(state: PaymentState, ...facts: readonly Fact[]): PaymentState {
  return facts.reduce(next, state);
}

const DECLINE = {
  kind: 'declined',
  code: 'card_declined',
  decline_code: 'insufficient_funds',
  message: 'Your card has insufficient funds.',
} as const;

/** The intent of attempt 1 as Stripe shows it in `status`, with what goes along with that status. */
export function intent(status: string, changes: Partial<IntentSnapshot> = {}): IntentSnapshot {
  const declined = status === 'requires_payment_method';
  return {
    account: FIRST.account,
    livemode: TERMS.livemode,
    id: 'pi_1',
    status,
    amount: TERMS.amount,
    currency: TERMS.currency,
    amountReceived: status === 'succeeded' ? TERMS.amount : 0,
    amountCapturable: status === 'requires_capture' ? TERMS.amount : 0,
    createdMs: T0,
    paymentMethod: declined ? null : FIRST.paymentMethod,
    latestCharge: 'ch_1',
    errorCharge: declined ? 'ch_1' : null,
    errorPaymentMethod: declined ? FIRST.paymentMethod : null,
    failure: declined ? DECLINE : null,
    cancellationReason: status === 'canceled' ? 'abandoned' : null,
    nextAction: status === 'requires_action' ? { type: 'redirect_to_url', sealed: 'sealed' } : null,
    labels: { deployment: 'd1', workflowId: TERMS.id, attempt: 1 },
    ...changes,
  };
}

/** Stripe showed the intent; by the attempt's own key unless told otherwise. */
export function shown(
  source: IntentSource,
  status: string,
  changes: Partial<IntentSnapshot> = {},
  key: string | null = null,
): Extract<Fact, { type: 'intent' }> {
  return { type: 'intent', source, intent: intent(status, changes), key, atMs: T0 + MINUTE };
}

export function event(status: string, changes: Partial<IntentSnapshot> = {}): Fact {
  return shown('webhook', status, changes);
}

export function sending(attempt = 1, birthMs = T0): Fact {
  return { type: 'sending', attempt, birthMs };
}

/** A send ended. Its deadline is that of a send begun at T0, and it may go again at once, unless told otherwise. */
export function sent(outcome: Outcome, changes: Partial<Extract<Fact, { type: 'sent' }>> = {}): Fact {
  return {
    type: 'sent',
    attempt: 1,
    outcome,
    deadlineMs: T0 + TERMS.timing.sendWindowMs,
    againAtMs: T0 + SECOND,
    ...changes,
  };
}

export const LOST: Outcome = { kind: 'unknown', cause: 'lost', serverError: false, repeat: true };
export const SERVER_ERROR: Outcome = { kind: 'unknown', cause: 'server_error', serverError: true, repeat: true };
export const STORED_SERVER_ERROR: Outcome = { ...SERVER_ERROR, repeat: false };
export const NOT_EXECUTED: Outcome = { kind: 'not_executed', cause: 'endpoint-rate' };
export const REJECTED: Outcome = {
  kind: 'rejected',
  failure: { kind: 'invalid_request', code: 'resource_missing', decline_code: null, message: 'No such PaymentMethod.' },
};

/** A capture that was refused with a 402: it is kept under its key. */
export const KEPT_REFUSAL: Outcome = {
  kind: 'rejected',
  failure: { kind: 'declined', code: 'capture_charge_authorization_expired', decline_code: null, message: 'Expired.' },
  stored: true,
};

export function settled(status: string, changes: Partial<IntentSnapshot> = {}): Outcome {
  return { kind: 'settled', object: intent(status, changes) };
}

/** From here on a complete list without the intent proves an attempt dead whose last send began at T0. */
export const PROVES_FROM = T0 + TERMS.timing.sendWindowMs + TERMS.timing.proofDelayMs;

export function absent(atMs: number, attempt = 1): Fact {
  return { type: 'absent', attempt, atMs, againAtMs: atMs + MINUTE };
}

/** The caller offers another payment method. */
export function offered(paymentMethod = 'pm_second', operation = 'confirm/1'): Fact {
  return { type: 'method_offered', operation, paymentMethod };
}

/** The caller wants so much of what was authorised. */
export function captureOf(amount = TERMS.amount, operation = 'capture/1', atMs = T0): Fact {
  return { type: 'capture_requested', operation, amount, atMs };
}

export function captureSending(number = 1, birthMs = T0): Fact {
  return { type: 'capture_sending', number, birthMs };
}

export function captureSent(outcome: Outcome, changes: Partial<Extract<Fact, { type: 'capture_sent' }>> = {}): Fact {
  const deadlineMs = T0 + TERMS.timing.sendWindowMs;
  return { type: 'capture_sent', number: 1, outcome, deadlineMs, againAtMs: T0 + SECOND, ...changes };
}

export const CANCEL: Fact = { type: 'cancel_requested', by: 'api' };
export const EXPIRED: Fact = { type: 'expired' };
export const PAST_LOST: Fact = { type: 'past_lost', deadlineMs: T0 + TERMS.timing.sendWindowMs };
export const ANOTHER_ATTEMPT: Fact = { type: 'attempt_opened', ...FIRST };
