import { type Workflow, WorkflowNotFoundError } from '@temporalio/client';
import { timingOf } from '../config/index.js';
import { addsToDispute, disputeStanding, nextDispute } from '../domain/dispute/index.js';
import { addsToRefund, type RefundState, type RefundTerms, refundStanding } from '../domain/refund/index.js';
import type { StripeEvent } from '../stripe/signature.js';
import { tellWorkflow } from '../temporal/tell-workflow.js';
import { disputeAtStart, refundAtStart } from '../workflows/at-start.js';
import { dispute, refund } from '../workflows/index.js';
import {
  type DisputeInput,
  disputeTold,
  ON_MAIN_QUEUE,
  type RefundInput,
  refundTold,
  SHOWN,
} from '../workflows/messages.js';
import { ACCOUNT, ownerAttributes, refundAttributes } from '../workflows/search-attributes.js';
import type { DeliverParts, Delivery } from './delivery.js';
import type { ToDispute, ToRefund } from './route.js';

/**
 * Hands an event of a refund to its workflow. One that is not there is started by the event: a refund made elsewhere, or
 * one that closed before and has something new to learn, such as that the bank sent it back.
 */
export async function deliverRefund(parts: DeliverParts, to: ToRefund, event: StripeEvent): Promise<Delivery> {
  const { client } = parts;
  if (await tellWorkflow(client, to.workflowId, refundTold.name, to.refund, event.id)) return 'delivered';
  const closed = await closedRun<typeof refund>(parts, to.workflowId);
  const earlier = closed?.result?.state ?? null;
  if (earlier?.owner.kind === 'foreign') return 'not_caused_here';
  if (earlier !== null && !addsToRefund(earlier, to.refund)) return 'closed_adds_nothing';
  if (earlier === null && to.refund.intent === null) return 'not_caused_here';
  const input = { ...followed(parts, to, event), ...(earlier === null ? {} : continued(earlier)) };
  await client.workflow.signalWithStart(refund, {
    workflowId: to.workflowId,
    ...ON_MAIN_QUEUE,
    args: [input],
    // The caller's request is still the same request.
    memo: { ...(closed === null ? {} : closed.memo), [SHOWN]: refundStanding(refundAtStart(input)) },
    signal: refundTold,
    signalArgs: [to.refund],
    typedSearchAttributes: refundAttributes(input),
    staticSummary: `${to.refund.amount} ${to.refund.currency} back, ${to.refund.id}`,
  });
  return 'delivered';
}

function followed({ policy, deployment }: DeliverParts, to: ToRefund, event: StripeEvent): RefundInput {
  const { workflowId, refund: shown, owner } = to;
  const terms: RefundTerms = {
    id: workflowId,
    account: shown.account,
    livemode: event.livemode,
    intent: shown.intent ?? '',
    amount: shown.amount,
    currency: shown.currency,
    reason: null,
    acceptedAtMs: shown.createdMs,
    timing: timingOf(policy),
    overdueMs: policy.overdue_ms,
  };
  const workerLostMs = policy.worker_lost_ms;
  return { version: 1, terms, owner, made: 'elsewhere', deployment, workerLostMs, earlier: null };
}

function continued(earlier: RefundState) {
  return { earlier, owner: earlier.owner, terms: earlier.terms };
}

/** Hands an event of a dispute to its workflow; the first one starts it, and so does news after it closed. */
export async function deliverDispute(parts: DeliverParts, to: ToDispute, event: StripeEvent): Promise<Delivery> {
  const { client, deployment, policy } = parts;
  const { id, account, intent } = to.dispute;
  if (intent === null) return 'not_caused_here';
  if (await tellWorkflow(client, to.workflowId, disputeTold.name, to.dispute, event.id)) return 'delivered';
  const earlier = (await closedRun<typeof dispute>(parts, to.workflowId))?.result?.state ?? null;
  if (earlier?.owner.kind === 'foreign') return 'not_caused_here';
  if (earlier !== null && !addsToDispute(earlier, to.dispute)) return 'closed_adds_nothing';
  const input: DisputeInput = {
    version: 1,
    dispute: id,
    account,
    intent,
    deployment,
    workerLostMs: policy.worker_lost_ms,
    overdueMs: policy.overdue_ms,
    earlier,
  };
  const told = nextDispute(disputeAtStart(input), { type: 'dispute', source: 'webhook', dispute: to.dispute });
  await client.workflow.signalWithStart(dispute, {
    workflowId: to.workflowId,
    ...ON_MAIN_QUEUE,
    args: [input],
    // What the run will know once it has heard the event: true figures, even while there is no worker for it.
    memo: { [SHOWN]: disputeStanding(told) },
    signal: disputeTold,
    signalArgs: [to.dispute],
    typedSearchAttributes: [{ key: ACCOUNT, value: account }, ...ownerAttributes(input.earlier?.owner)],
    staticSummary: `dispute of ${to.dispute.amount} ${to.dispute.currency}, ${id}`,
  });
  return 'delivered';
}

/** The newest run of this id, which has closed: what it knew, if it completed. Null when there is none. */
async function closedRun<W extends Workflow>({ client }: DeliverParts, workflowId: string) {
  const handle = client.workflow.getHandle<W>(workflowId);
  try {
    const { status, memo } = await handle.describe();
    if (status.name === 'RUNNING') throw new Error('the run opened between two looks: Stripe sends it again');
    return { memo, result: status.name === 'COMPLETED' ? await handle.result() : null };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
