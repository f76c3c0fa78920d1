import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { timingOf } from '../config/index.js';
import { refundId } from '../domain/ids.js';
import { holdsMoney, type RefundReason, refundStanding } from '../domain/refund/index.js';
import { refundAtStart } from '../workflows/at-start.js';
import { refund } from '../workflows/index.js';
import { ON_MAIN_QUEUE, type RefundInput, SHOWN } from '../workflows/messages.js';
import { refundAttributes } from '../workflows/search-attributes.js';
import type { AcceptParts } from './accept.js';
import { referenceTakenByRefund, stateForbids, unavailable } from './errors.js';
import { fingerprint } from './fingerprint.js';
import { type Followed, type FollowedReader, type FollowedRefund, readFollowedRefund } from './followed.js';
import { isPast, orPast, type PastParts, type PastPayment, pastTaken } from './past.js';
import { forgottenRefund } from './past-refunds.js';
import { type FoundPayment, readPayment } from './read.js';
import { asUnavailable } from './temporal-errors.js';

/** What a caller asks for. `amount` in minor units; everything that is left when there is none. */
export interface RefundRequest {
  readonly reference: string;
  readonly amount?: number | undefined;
  readonly reason?: RefundReason | undefined;
}

export interface RefundParts extends AcceptParts, PastParts {
  readonly followed: FollowedReader;
}

export interface RefundAccepted {
  /** False when the same refund had been taken before. */
  readonly created: boolean;
  readonly refund: FollowedRefund;
}

/** How long Temporal has to take a refund. */
const TAKE_TIMEOUT_MS = 5_000;

const SEND_AGAIN = 'The refund could not be handed to Temporal. Send the same request again: it is taken once only.';

/**
 * Takes a refund of a payment: a workflow of its own, named after the payment and the caller's reference, so that the same
 * again is the same refund. What is left to give back is added up from what visibility shows, which trails by a moment;
 * two refunds in the same moment that are too much together are both taken, and Stripe refuses the second. One that
 * Temporal has forgotten is told from the ledger.
 *
 * @throws Problem 404, 409 where the state or what is left forbids it or it may have been made before, 503 when it could not be taken.
 */
export async function requestRefund(parts: RefundParts, id: string, request: RefundRequest): Promise<RefundAccepted> {
  const { client } = parts;
  const found = await orPast(parts, id, () => readPayment(client, id));
  const workflowId = refundId(id, request.reference);
  const before = await existing(client, workflowId, request);
  if (before !== null) return { created: false, refund: before };

  const followed = await parts.followed.of(id);
  const forgotten = isPast(found) ? forgottenRefund(found, followed, workflowId, fingerprint(request)) : null;
  if (forgotten !== null) return { created: false, refund: forgotten };
  const refundable = isPast(found) ? refundableOfPast(found, followed) : refundableOf(found, followed);
  const input = toInput(parts, refundable, id, workflowId, request);
  try {
    await client.connection.withDeadline(Date.now() + TAKE_TIMEOUT_MS, () => start(client, input, request));
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw asUnavailable(error, SEND_AGAIN);
    const same = await existing(client, workflowId, request);
    if (same !== null) return { created: false, refund: same };
  }
  return { created: true, refund: await readFollowedRefund(client, workflowId) };
}

/** The refund of this id, if it was taken before. @throws Problem 409 when it was another one. */
async function existing(client: Client, workflowId: string, request: RefundRequest): Promise<FollowedRefund | null> {
  try {
    const { memo } = await client.workflow.getHandle(workflowId).describe();
    if (memo?.['fingerprint'] !== fingerprint(request)) {
      throw referenceTakenByRefund();
    }
    return await readFollowedRefund(client, workflowId);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw asUnavailable(error, SEND_AGAIN);
  }
}

/** What there is to give back, and of what. */
interface Refundable {
  readonly status: string;
  readonly merchant: string;
  readonly account: string;
  readonly livemode: boolean;
  readonly intent: string | null;
  readonly currency: string;
  /** Minor units. */
  readonly captured: number;
  readonly taken: number;
}

function refundableOf({ report }: FoundPayment, followed: Followed): Refundable {
  if (report === undefined) throw unavailable('No worker answered for the payment. Send the same request again.');
  const { state, standing, request } = report;
  const { status, account, payment_intent: intent, amount_captured: captured } = standing;
  // One that visibility knows and that has shown nothing of itself yet counts: better too little is left than too much.
  const ofThis = followed.refunds.filter((r) => r.payment_intent === null || r.payment_intent === intent);
  const taken = ofThis.filter((r) => holdsMoney(r.status)).reduce((sum, r) => sum + r.amount, 0);
  const { merchant, currency } = request;
  return { status, merchant, account, livemode: state.terms.livemode, intent, currency, captured, taken };
}

function refundableOfPast(past: PastPayment, followed: Followed): Refundable {
  const { tombstone } = past;
  const { status, account, livemode, intent, currency, amountCaptured: captured } = tombstone.result;
  const { merchant } = tombstone;
  return { status, merchant, account, livemode, intent, currency, captured, taken: pastTaken(past, followed) };
}

function toInput(
  { config, deployment, now }: AcceptParts,
  { status, merchant, account, livemode, intent, currency, captured, taken }: Refundable,
  paymentId: string,
  workflowId: string,
  { amount, reason }: RefundRequest,
): RefundInput {
  if (status !== 'succeeded' || intent === null) {
    throw stateForbids(`The payment is ${status}: there is nothing to give back.`);
  }
  const left = captured - taken;
  if (left < 1 || (amount ?? 1) > left) {
    throw stateForbids(
      `Of ${captured} captured, ${taken} were given back: at most ${Math.max(0, left)} can be refunded.`,
    );
  }
  const policy = config.policy.payments;
  return {
    version: 1,
    owner: { kind: 'payment', paymentId, merchant },
    made: 'here',
    deployment,
    workerLostMs: policy.worker_lost_ms,
    earlier: null,
    terms: {
      id: workflowId,
      account,
      livemode,
      intent,
      amount: amount ?? left,
      currency,
      reason: reason ?? null,
      acceptedAtMs: now(),
      timing: timingOf(policy),
      overdueMs: policy.overdue_ms,
    },
  };
}

function start(client: Client, input: RefundInput, request: RefundRequest) {
  const { id, amount, currency } = input.terms;
  return client.workflow.start(refund, {
    workflowId: id,
    ...ON_MAIN_QUEUE,
    workflowIdConflictPolicy: 'FAIL',
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    args: [input],
    memo: {
      fingerprint: fingerprint(request),
      [SHOWN]: refundStanding(refundAtStart(input)),
    },
    typedSearchAttributes: refundAttributes(input),
    staticSummary: `${amount} ${currency} back`,
  });
}
