import type { WorkflowExecutionDescription } from '@temporalio/client';
import { parsePaymentId } from '../domain/ids.js';
import type { PaymentStatus } from '../domain/payment/index.js';
import type { PaymentInput } from '../workflows/messages.js';
import { ACCOUNT, AMOUNT, CURRENCY, STATUS } from '../workflows/search-attributes.js';
import type { FoundPayment } from './read.js';
import type { PaymentView } from './schemas.js';

/** Where the Temporal Web UI shows a run; null where no UI is known. */
export type WorkflowUrl = (workflowId: string, runId: string) => string | null;

/** The API's shape of a payment that was just taken: nothing has happened to it yet. */
export function presentAccepted(input: PaymentInput, runId: string, url: WorkflowUrl): PaymentView {
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
    workflow: { id: terms.id, run_id: runId, status: 'RUNNING', url: url(terms.id, runId) },
  };
}

/** The API's shape of a payment as it was found. */
export function present({ report, description }: FoundPayment, url: WorkflowUrl): PaymentView {
  const { workflowId, runId } = description;
  const workflow = { id: workflowId, run_id: runId, status: description.status.name, url: url(workflowId, runId) };
  if (report === undefined) return presentFromVisibility(description, workflow);
  const { request, standing, state, timeline } = report;
  return {
    ...common(workflowId),
    ...standing,
    amount: request.amount,
    currency: request.currency,
    priority: request.priority,
    off_session: request.off_session,
    ...(request.customer === undefined ? {} : { customer: request.customer }),
    ...(request.country === undefined ? {} : { country: request.country }),
    metadata: { ...request.metadata },
    created_at: new Date(state.terms.acceptedAtMs).toISOString(),
    expires_at: new Date(state.terms.expiresAtMs).toISOString(),
    timeline: timeline.map(({ at_ms, ...entry }) => ({ at: new Date(at_ms).toISOString(), ...entry })),
    workflow,
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
    payment_intent: null,
    amount_capturable: 0,
    amount_captured: 0,
    amount_refunded: 0,
    disputed: false,
    next_action: null,
    failure: null,
  };
}
