import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { Config } from '../config/index.js';
import { parsePaymentId } from '../domain/ids.js';
import type { PaymentStatus, Standing } from '../domain/payment/index.js';
import { isRefunded } from '../domain/refund/index.js';
import { openNextAction } from '../stripe/snapshot.js';
import type { PaymentInput } from '../workflows/messages.js';
import { ACCOUNT, AMOUNT, CURRENCY, STATUS } from '../workflows/search-attributes.js';
import type { Followed, FollowedDispute, FollowedRefund } from './followed.js';
import { type PastPayment, pastRefunded } from './past.js';
import { forgottenRefunds } from './past-refunds.js';
import type { FoundPayment } from './read.js';
import type { DisputeView, PaymentView, RefundView } from './schemas.js';

/** Where the Temporal Web UI shows a run; null where no UI is known. */
export type WorkflowUrl = (workflowId: string, runId: string) => string | null;

export interface PresentParts {
  readonly workflowUrl: WorkflowUrl;
  readonly config: Pick<Config, 'accounts'>;
}

/** The API's shape of a payment that was just taken: nothing has happened to it yet. */
export function presentAccepted(input: PaymentInput, runId: string, { workflowUrl }: PresentParts): PaymentView {
  const { request, terms } = input;
  return {
    ...common(terms.id),
    status: 'processing',
    final: false,
    amount: request.amount,
    currency: request.currency,
    account: input.account,
    created_at: new Date(terms.acceptedAtMs).toISOString(),
    expires_at: new Date(terms.expiresAtMs).toISOString(),
    workflow: { id: terms.id, run_id: runId, status: 'RUNNING', url: workflowUrl(terms.id, runId) },
  };
}

/** The API's shape of a payment as it was found, with what follows it. */
export function present({ report, description }: FoundPayment, followed: Followed, parts: PresentParts): PaymentView {
  const { workflowId, runId } = description;
  const url = parts.workflowUrl(workflowId, runId);
  const workflow = { id: workflowId, run_id: runId, status: description.status.name, url };
  if (report === undefined) return presentFromVisibility(description, workflow);
  const { request, standing, state, timeline } = report;
  return {
    ...common(workflowId),
    ...standing,
    next_action: nextActionOf(standing, parts),
    // What an incident gave back of a stray intent is shown, and is not this payment's money.
    amount_refunded: sumOf(
      followed.refunds.filter((r) => isRefunded(r.status) && r.payment_intent === standing.payment_intent),
    ),
    disputed: followed.disputes.some((d) => (d.payment_intent ?? standing.payment_intent) === standing.payment_intent),
    amount: request.amount,
    currency: request.currency,
    capture_method: request.capture_method,
    priority: request.priority,
    off_session: request.off_session,
    ...(request.customer === undefined ? {} : { customer: request.customer }),
    ...(request.country === undefined ? {} : { country: request.country }),
    metadata: { ...request.metadata },
    created_at: new Date(state.terms.acceptedAtMs).toISOString(),
    expires_at: new Date(state.terms.expiresAtMs).toISOString(),
    refunds: followed.refunds.map((refund) => presentRefund(refund, workflowId, parts)),
    disputes: followed.disputes.map((dispute) => presentDispute(dispute, parts)),
    timeline: timeline.map(({ at_ms, ...entry }) => ({ at: new Date(at_ms).toISOString(), ...entry })),
    workflow,
  };
}

/** The API's shape of a payment of which Temporal has forgotten the run: what was kept of its end. */
export function presentPast(past: PastPayment, followed: Followed, parts: PresentParts): PaymentView {
  const { payment, run, result } = past.tombstone;
  const { status, account, intent, amount, currency, amountCaptured, failure, acceptedAtMs, expiresAtMs } = result;
  return {
    ...common(payment),
    status,
    final: true,
    amount,
    currency,
    account,
    payment_intent: intent,
    amount_captured: amountCaptured,
    amount_refunded: pastRefunded(past, followed),
    disputed: followed.disputes.length > 0 || past.ledger.some(({ kind }) => kind === 'dispute'),
    failure,
    created_at: new Date(acceptedAtMs).toISOString(),
    expires_at: new Date(expiresAtMs).toISOString(),
    refunds: [...forgottenRefunds(past, followed), ...followed.refunds].map((refund) =>
      presentRefund(refund, payment, parts),
    ),
    disputes: followed.disputes.map((dispute) => presentDispute(dispute, parts)),
    workflow: { id: payment, run_id: run, status: 'FORGOTTEN', url: null },
  };
}

/** What the customer needs to go on, opened for the caller alone. */
function nextActionOf({ next_action, account, payment_intent }: Standing, { config }: PresentParts) {
  if (next_action === null || payment_intent === null) return null;
  const owner = config.accounts.find(({ name }) => name === account);
  const opened = owner === undefined ? null : openNextAction(owner, payment_intent, next_action);
  const { client_secret = null, redirect_to_url = null } = opened ?? {};
  return { type: next_action.type, client_secret, redirect_to_url };
}

function sumOf(refunds: readonly FollowedRefund[]): number {
  return refunds.reduce((sum, { amount }) => sum + amount, 0);
}

/** The API's shape of a refund. */
export function presentRefund(refund: FollowedRefund, paymentId: string, { workflowUrl }: PresentParts): RefundView {
  const { workflowId, runId, runStatus, startedAt, ...shown } = refund;
  return {
    object: 'refund',
    id: workflowId,
    payment: paymentId,
    ...shown,
    created_at: startedAt.toISOString(),
    workflow: {
      id: workflowId,
      run_id: runId,
      status: runStatus,
      url: runId === '' ? null : workflowUrl(workflowId, runId),
    },
  };
}

function presentDispute(dispute: FollowedDispute, { workflowUrl }: PresentParts): DisputeView {
  const { workflowId, runId, runStatus, startedAt, evidence_due_ms, ...shown } = dispute;
  return {
    object: 'dispute',
    id: workflowId,
    ...shown,
    evidence_due_by: evidence_due_ms === null ? null : new Date(evidence_due_ms).toISOString(),
    created_at: startedAt.toISOString(),
    workflow: { id: workflowId, run_id: runId, status: runStatus, url: workflowUrl(workflowId, runId) },
  };
}

function presentFromVisibility(
  description: WorkflowExecutionDescription,
  workflow: PaymentView['workflow'],
): PaymentView {
  const attributes = description.typedSearchAttributes;
  const status = (attributes.get(STATUS) ?? 'processing') as PaymentStatus;
  return {
    ...common(description.workflowId),
    status,
    final: status === 'failed' || status === 'canceled',
    amount: attributes.get(AMOUNT) ?? 0,
    currency: attributes.get(CURRENCY) ?? '',
    account: attributes.get(ACCOUNT) ?? '',
    created_at: description.startTime.toISOString(),
    workflow,
    stale: true,
  };
}

function common(id: string) {
  const { merchant, reference } = parsePaymentId(id) ?? { merchant: '', reference: '' };
  return {
    object: 'payment' as const,
    id,
    merchant,
    reference,
    // The first of these names give the answer its order; what is known of the payment replaces them.
    status: 'processing' as PaymentStatus,
    final: false,
    amount: 0,
    currency: '',
    account: '',
    payment_intent: null,
    amount_capturable: 0,
    amount_captured: 0,
    amount_refunded: 0,
    disputed: false,
    refunds: [],
    disputes: [],
    next_action: null,
    failure: null,
  };
}
