import { ownerById } from '../../src/domain/following.js';
import type { Outcome } from '../../src/domain/outcome.js';
import {
  followRefund,
  newRefundAttempt,
  nextRefund,
  openRefund,
  type RefundFact,
  type RefundSnapshot,
  type RefundState,
  type RefundTerms,
} from '../../src/domain/refund/index.js';
import { MINUTE, SECOND, T0, TERMS } from './facts.js';

export const REFUND_TERMS: RefundTerms = {
  id: 'refund.acme.order-1.back-1',
  account: 'default',
  livemode: false,
  intent: 'pi_1',
  amount: 1000,
  currency: 'eur',
  reason: null,
  acceptedAtMs: T0,
  timing: TERMS.timing,
  overdueMs: 2 * MINUTE,
};

export const OWNER = ownerById('pay.acme.order-1');

/** A refund as it is asked for, and one that was made elsewhere. */
export const asked = (): RefundState => openRefund(REFUND_TERMS, OWNER);
export const followed = (): RefundState => followRefund(REFUND_TERMS, { kind: 'unknown' });

export function afterAll(state: RefundState, ...facts: readonly RefundFact[]): RefundState {
  return facts.reduce(nextRefund, state);
}

export function refundKey(number: number): string {
  return newRefundAttempt(REFUND_TERMS, number).key;
}

export function refund(status: string, changes: Partial<RefundSnapshot> = {}): RefundSnapshot {
  return {
    account: REFUND_TERMS.account,
    id: 're_1',
    status,
    amount: REFUND_TERMS.amount,
    currency: REFUND_TERMS.currency,
    intent: REFUND_TERMS.intent,
    charge: 'ch_1',
    reason: null,
    failureReason: status === 'failed' ? 'lost_or_stolen_card' : null,
    createdMs: T0,
    labels: { deployment: 'd1', workflowId: REFUND_TERMS.id, attempt: 1 },
    ...changes,
  };
}

export function told(status: string, changes: Partial<RefundSnapshot> = {}): RefundFact {
  return { type: 'refund', source: 'webhook', refund: refund(status, changes) };
}

export function refunding(attempt = 1, birthMs = T0): RefundFact {
  return { type: 'sending', attempt, birthMs };
}

export function refundSent(
  outcome: Outcome<RefundSnapshot>,
  changes: Partial<Extract<RefundFact, { type: 'sent' }>> = {},
): RefundFact {
  const deadlineMs = T0 + TERMS.timing.sendWindowMs;
  return { type: 'sent', attempt: 1, outcome, deadlineMs, againAtMs: T0 + SECOND, ...changes };
}

export const LOST_REFUND: Outcome<RefundSnapshot> = {
  kind: 'unknown',
  cause: 'lost',
  serverError: false,
  repeat: true,
};
export const BROKEN_REFUND: Outcome<RefundSnapshot> = { ...LOST_REFUND, cause: 'server_error', serverError: true };
export const KEPT_BROKEN_REFUND: Outcome<RefundSnapshot> = { ...BROKEN_REFUND, repeat: false };
export const LIMITED_REFUND: Outcome<RefundSnapshot> = { kind: 'not_executed', cause: 'endpoint-rate' };
export const REFUSED_REFUND: Outcome<RefundSnapshot> = {
  kind: 'rejected',
  failure: { kind: 'invalid_request', code: 'charge_already_refunded', decline_code: null, message: 'Already.' },
};

export function refundMade(status: string, changes: Partial<RefundSnapshot> = {}): Outcome<RefundSnapshot> {
  return { kind: 'settled', object: refund(status, changes) };
}

export function refundAbsent(atMs: number, attempt = 1): RefundFact {
  return { type: 'absent', attempt, atMs };
}

export function refundLooked(againAtMs: number): RefundFact {
  return { type: 'looked', againAtMs };
}
