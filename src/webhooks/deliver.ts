import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { inTime } from '../clock.js';
import { timingOf } from '../config/index.js';
import { incidentId, parsePaymentId } from '../domain/ids.js';
import type { IntentSnapshot } from '../domain/intent.js';
import { addsAfterClose, type Terms } from '../domain/payment/index.js';
import type { StripeEvent } from '../stripe/signature.js';
import { tellWorkflow } from '../temporal/tell-workflow.js';
import { incident, type payment } from '../workflows/index.js';
import { type IncidentKind, incidentNews, intentTold, ON_MAIN_QUEUE } from '../workflows/messages.js';
import { PAYMENT_ID } from '../workflows/search-attributes.js';
import { deliverDispute, deliverRefund } from './deliver-followed.js';
import type { DeliverParts, Delivery } from './delivery.js';
import { concernsMoney, type Routing, route } from './route.js';

/** How long Temporal has to take an event: Stripe gives up on an answer after some 20 s, and sends it again anyway. */
const TAKE_TIMEOUT_MS = 8_000;

/** Hands an event to Temporal, if it concerns anybody. @throws whatever kept Temporal from taking it. */
export async function deliver(parts: DeliverParts, account: string, event: StripeEvent): Promise<Delivery> {
  const routing = route(event, parts.deployment);
  if (routing.to === 'nobody') return routing.why;
  return handOver(parts, account, event, routing);
}

/** Hands an event to Temporal that was routed before. @throws whatever kept Temporal from taking it. */
export async function handOver(
  parts: DeliverParts,
  account: string,
  event: StripeEvent,
  routing: ToSomebody,
): Promise<Delivery> {
  // The event's id as the request's: however often Stripe sends it, the history holds it once.
  const handing = parts.client.connection.withDeadline(Date.now() + TAKE_TIMEOUT_MS, async () => {
    if (routing.to === 'refund') return deliverRefund(parts, routing, event);
    if (routing.to === 'dispute') return deliverDispute(parts, routing, event);
    return deliverToPayment(parts, account, routing, event.id);
  });
  // A client that tries again by itself may take longer than any deadline; what it brings about later, it brings about once.
  return inTime(handing, TAKE_TIMEOUT_MS, () => {
    throw new Error('Temporal did not take the event in time');
  });
}

export type ToPayment = Pick<Extract<Routing, { to: 'payment' }>, 'paymentId' | 'told'>;

/** Stripe keeps an event for 30 days, and Temporal a live payment for 90 at least: it is lost, and not forgotten. */
const always = async () => true;

/**
 * Tells a payment what Stripe shows of its intent; of one that has closed, an incident looks into what does not agree.
 *
 * @param requestId under which Temporal takes it once.
 * @param isLost whether a payment that Temporal does not have is one that it should have.
 */
export async function deliverToPayment(
  parts: DeliverParts,
  account: string,
  to: ToPayment,
  requestId: string,
  isLost: () => Promise<boolean> = always,
): Promise<Delivery> {
  const taken = await tellWorkflow(parts.client, to.paymentId, intentTold.name, to.told, requestId);
  return taken ? 'delivered' : deliverToClosed(parts, account, to, isLost);
}
/** The routing of an event that concerns somebody. */
export type ToSomebody = Exclude<Routing, { to: 'nobody' }>;

/** Money that arrives at a closed run is never just acknowledged. */
async function deliverToClosed(
  parts: DeliverParts,
  account: string,
  routing: ToPayment,
  isLost: () => Promise<boolean>,
): Promise<Delivery> {
  const { client } = parts;
  const handle = client.workflow.getHandle<typeof payment>(routing.paymentId);
  let status: string;
  try {
    status = (await handle.describe()).status.name;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    if (!concernsMoney(routing.told.intent)) return 'closed_adds_nothing';
    return (await isLost()) ? startIncident(parts, account, routing, 'lost_payment') : 'forgotten';
  }
  if (status === 'RUNNING') throw new Error('the run opened between two looks: Stripe sends it again');
  if (status !== 'COMPLETED') return startIncident(parts, account, routing, 'lost_payment');
  const { state } = await handle.result();
  if (!addsAfterClose(state, routing.told)) return 'closed_adds_nothing';
  if (isOfEarlier(routing.told.intent, state.terms) && !(await isLost())) return 'forgotten';
  return startIncident(parts, account, routing, 'late_money');
}

/** More than clocks are apart. */
const SURELY_BEFORE_MS = 60 * 60_000;

/** Whether the intent is of an earlier payment of the same reference, which Temporal has forgotten since. */
function isOfEarlier({ createdMs }: IntentSnapshot, { acceptedAtMs }: Terms): boolean {
  return createdMs < acceptedAtMs - SURELY_BEFORE_MS;
}

async function startIncident(
  { client, deployment, policy }: DeliverParts,
  account: string,
  { paymentId, told }: ToPayment,
  kind: IncidentKind,
): Promise<Delivery> {
  const workflowId = incidentId(paymentId, kind, told.intent.id);
  const eventId = told.event ?? undefined;
  try {
    await client.workflow.start(incident, {
      workflowId,
      ...ON_MAIN_QUEUE,
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      typedSearchAttributes: [{ key: PAYMENT_ID, value: paymentId }],
      staticSummary: `${kind} of ${paymentId}`,
      args: [
        {
          version: 1,
          kind,
          paymentId,
          merchant: parsePaymentId(paymentId)?.merchant ?? 'unknown',
          account,
          intent: told.intent.id,
          lateMoney: policy.late_money,
          workerLostMs: policy.worker_lost_ms,
          overdueMs: policy.overdue_ms,
          timing: timingOf(policy),
          deployment,
        },
      ],
    });
  } catch (error) {
    // Told twice, it is still one incident; while it is open, what is told is news to it.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    await tellWorkflow(client, workflowId, incidentNews.name, undefined, eventId);
  }
  return 'incident';
}
