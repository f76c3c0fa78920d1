import { parseRefundId } from '../domain/ids.js';
import { holdsMoney, type RefundStatus } from '../domain/refund/index.js';
import type { LedgerEntry } from '../store/index.js';
import { Problem, referenceTakenByRefund } from './errors.js';
import type { Followed, FollowedRefund } from './followed.js';
import type { PastPayment } from './past.js';

/** Refunds of a past payment that only the ledger has: Temporal has forgotten them too. */
function forgotten({ ledger }: PastPayment, followed: Followed): readonly LedgerEntry[] {
  const ids = new Set(followed.refunds.map(({ refund }) => refund));
  const workflows = new Set(followed.refunds.map(({ workflowId }) => workflowId));
  return ledger.filter(({ kind, id, workflow }) => kind === 'refund' && !ids.has(id) && !workflows.has(workflow ?? ''));
}

/** Those of which the ledger knows whose they are, oldest first. */
export function forgottenRefunds(past: PastPayment, followed: Followed): readonly FollowedRefund[] {
  return forgotten(past, followed).flatMap((entry) => (entry.workflow ? [shown(entry, entry.workflow)] : []));
}

/**
 * The refund that was made under this reference and that Temporal has forgotten; null where the ledger rules out that there
 * was one. Stripe's key for it is dead: to send it again would give the money back twice.
 *
 * @throws Problem 409 where it was another request's, and where it cannot be told whose a refund was.
 */
export function forgottenRefund(
  past: PastPayment,
  followed: Followed,
  workflowId: string,
  fingerprint: string,
): FollowedRefund | null {
  const entries = forgotten(past, followed);
  const own = entries.filter(({ workflow }) => workflow === workflowId);
  // It may have been sent anew after one that failed.
  const entry = own.find(({ status }) => holds(status)) ?? own[0];
  if (entry?.fingerprint === fingerprint) return shown(entry, workflowId);
  if (entry?.fingerprint) throw referenceTakenByRefund();
  const unnamed = entries.filter(({ workflow, status }) => (workflow ?? workflowId) === workflowId && holds(status));
  if (unnamed.length > 0) throw unclear(unnamed);
  return null;
}

const holds = (status: string) => holdsMoney(status as RefundStatus);

function unclear(entries: readonly LedgerEntry[]): Problem {
  const given = entries.reduce((sum, { amount }) => sum + amount, 0);
  const ids = entries.map(({ id }) => id).join(', ');
  return new Problem(
    409,
    'refund_forgotten',
    'It cannot be told whether this refund was made',
    `${given} were given back (${ids}), under a reference that is no longer known: it may have been this one. Nothing was ` +
      "changed. Look at it in Stripe's dashboard, and give back there what is still to be given back.",
  );
}

/** What is left of it. When it was asked for is not known; Stripe had it a moment later. */
function shown(entry: LedgerEntry, workflowId: string): FollowedRefund {
  return {
    workflowId,
    runId: '',
    runStatus: 'FORGOTTEN',
    startedAt: new Date(entry.occurredAtMs),
    reference: parseRefundId(workflowId)?.reference ?? null,
    status: statusOf(entry.status),
    final: true,
    refund: entry.id,
    payment_intent: entry.intent,
    amount: entry.amount,
    currency: entry.currency,
    reason: null,
    account: entry.account,
    failure: null,
  };
}

const STATUSES: readonly string[] = ['pending', 'requires_action', 'succeeded', 'failed', 'canceled'];

function statusOf(status: string): RefundStatus {
  return STATUSES.includes(status) ? (status as RefundStatus) : 'processing';
}
