import type Stripe from 'stripe';
import type { Account } from '../config/index.js';
import type { DisputeSnapshot } from '../domain/dispute/index.js';
import { type Failure, failure } from '../domain/failures.js';
import { fromMetadata, type IntentSnapshot, type NextAction } from '../domain/intent.js';
import type { RefundSnapshot } from '../domain/refund/index.js';
import { type Sealer, seal, unseal } from './sealing.js';

/** Whose objects they are: the account's name, and what seals its secrets. */
export type Owner = Sealer & Pick<Account, 'name'>;

/** Takes from a PaymentIntent what decides a payment's state, and leaves everything about people behind. */
export function toSnapshot(owner: Owner, intent: Stripe.PaymentIntent): IntentSnapshot {
  expect(intent, 'payment_intent');
  const error = intent.last_payment_error ?? null;
  return {
    account: owner.name,
    livemode: intent.livemode,
    id: intent.id,
    status: intent.status,
    amount: intent.amount,
    currency: intent.currency,
    amountReceived: intent.amount_received,
    amountCapturable: intent.amount_capturable,
    createdMs: intent.created * 1000,
    paymentMethod: idOf(intent.payment_method),
    latestCharge: idOf(intent.latest_charge),
    errorCharge: error?.charge ?? null,
    errorPaymentMethod: error?.payment_method?.id ?? null,
    failure: error === null ? null : toFailure(error),
    cancellationReason: intent.cancellation_reason ?? null,
    nextAction: toNextAction(owner, intent),
    labels: fromMetadata(intent.metadata),
  };
}

function toFailure(error: Stripe.PaymentIntent.LastPaymentError): Failure {
  // Whatever Stripe calls it, an attempt was made and refused: another payment method may work.
  return failure(
    'declined',
    error.code ?? null,
    error.decline_code || null,
    error.message ?? 'The payment was declined.',
  );
}

/** Takes from a refund what decides its state. */
export function toRefundSnapshot(owner: Owner, refund: Stripe.Refund): RefundSnapshot {
  expect(refund, 'refund');
  return {
    account: owner.name,
    id: refund.id,
    status: refund.status ?? 'unknown',
    amount: refund.amount,
    currency: refund.currency,
    intent: idOf(refund.payment_intent),
    charge: idOf(refund.charge),
    reason: refund.reason,
    failureReason: refund.failure_reason ?? null,
    createdMs: refund.created * 1000,
    labels: fromMetadata(refund.metadata),
  };
}

/** Takes from a dispute what decides its state; the evidence, which is about people, stays at Stripe. */
export function toDisputeSnapshot(owner: Owner, dispute: Stripe.Dispute): DisputeSnapshot {
  expect(dispute, 'dispute');
  const { due_by, submission_count } = dispute.evidence_details;
  // Not `net`, which has Stripe's fee in it: what is followed is the disputed money.
  const moved = dispute.balance_transactions.map(({ amount }) => amount);
  return {
    account: owner.name,
    livemode: dispute.livemode,
    id: dispute.id,
    status: dispute.status,
    amount: dispute.amount,
    currency: dispute.currency,
    reason: dispute.reason,
    intent: idOf(dispute.payment_intent),
    charge: idOf(dispute.charge) ?? '',
    createdMs: dispute.created * 1000,
    evidenceDueMs: due_by === null ? null : due_by * 1000,
    evidenceSubmitted: submission_count,
    withdrawn: Math.abs(sum(moved.filter((amount) => amount < 0))),
    reinstated: sum(moved.filter((amount) => amount > 0)),
    balanceCurrency: dispute.balance_transactions[0]?.currency ?? null,
  };
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}

/** An answer of another kind than the call's is not Stripe's. */
function expect({ object }: { object: string }, kind: string): void {
  if (object !== kind) throw new TypeError(`not a ${kind}`);
}

/** What a customer needs for the next action: Stripe.js takes the client secret, a browser the address. */
export interface CustomersPart {
  readonly client_secret: string | null;
  readonly redirect_to_url: string | null;
}

function toNextAction(owner: Owner, intent: Stripe.PaymentIntent): NextAction | null {
  const { next_action: action, client_secret } = intent;
  if (action == null) return null;
  const part: CustomersPart = { client_secret, redirect_to_url: action.redirect_to_url?.url ?? null };
  return { type: action.type, sealed: seal(owner, JSON.stringify(part), intent.id) };
}

/** Null where the account's key has been replaced since. */
export function openNextAction(owner: Owner, intent: string, action: NextAction): CustomersPart | null {
  const text = unseal(owner, action.sealed, intent);
  return text === null ? null : (JSON.parse(text) as CustomersPart);
}

function idOf(reference: string | { id: string } | null | undefined): string | null {
  return typeof reference === 'string' ? reference : (reference?.id ?? null);
}

/**
 * Null where Stripe shows an object of a shape nobody here knows. Everybody's are in a list, and one of them must not keep
 * the others from being read.
 */
export function ifReadable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
