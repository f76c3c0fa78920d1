import { ActivityCancellationType, type ActivityOptions } from '@temporalio/workflow';
import { type LaneClass, laneOf, laneQueue, placeInLane, type Work } from '../domain/lanes.js';
import type { Terms } from '../domain/payment/index.js';
import type { PaymentRequest } from '../domain/request.js';

/**
 * Room for a worker to hand over a result after Stripe's time is up: without it the server would give up on a call
 * whose answer is in the worker's hands.
 */
const HANDOVER_MS = 5_000;

interface Placed {
  readonly account: string;
  readonly lane: LaneClass;
  readonly work: Work;
  readonly merchant: string;
}

function placed(place: Placed, summary: string): ActivityOptions {
  return {
    taskQueue: laneQueue(place.account, place.lane),
    priority: placeInLane(place.work, place.merchant),
    summary,
  };
}

/**
 * The call that can collect money. One Temporal attempt only, because what a repeat means depends on every send before
 * it (domain/outcome) and Temporal's own retry forgets them: a task in back-off that is taken back looks exactly like
 * one that was never begun. So the workflow repeats it, each repeat on record, at the pace the activity computed from
 * the cause (domain/outcome `repeatDelayMs`: exponential, jittered, 429 by its reason).
 *
 * `scheduleToStart` ends at `expires_at`: nothing may execute for the first time after it, and the wait in the lane
 * needs no timer of its own. Cancelling waits for a call that has begun and takes back one that has not.
 */
export function sendOptions(
  terms: Terms,
  request: PaymentRequest,
  place: { account: string },
  limits: Limits,
  summary: string,
): ActivityOptions {
  const { priority, merchant } = request;
  return {
    ...placed({ account: place.account, lane: laneOf(priority), work: priority, merchant }, summary),
    ...once(terms.timing, limits.workerLostMs),
    scheduleToStartTimeout: Math.max(1, limits.notAfterMs - limits.nowMs),
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  };
}

/**
 * A capture or a refund: repeated by its workflow, like the call that collects, because what a repeat means depends on
 * every send before it. It was accepted, so it waits in its lane for as long as that takes.
 */
export function changeSendOptions(
  timing: SendTiming,
  place: Omit<Placed, 'work'>,
  summary: string,
  workerLostMs: number,
): ActivityOptions {
  return { ...placed({ ...place, work: 'change' }, summary), ...once(timing, workerLostMs) };
}

type SendTiming = Pick<Terms['timing'], 'sendWindowMs' | 'stripeTimeoutMs'>;

function once({ sendWindowMs, stripeTimeoutMs }: SendTiming, workerLostMs: number): ActivityOptions {
  return {
    retry: { maximumAttempts: 1 },
    startToCloseTimeout: sendWindowMs + stripeTimeoutMs + HANDOVER_MS,
    heartbeatTimeout: workerLostMs,
  };
}

export interface Limits {
  readonly notAfterMs: number;
  readonly nowMs: number;
  readonly workerLostMs: number;
}

/**
 * Cancelling: safe to repeat under their key for as long as it takes, because Stripe answers a
 * repeat with the intent as it is. Retried by Temporal without end, since the payment cannot be reported before; the
 * activity shortens the pause for a lock and lengthens it for a limit (`nextRetryDelay`).
 */
export function changeOptions(place: Omit<Placed, 'work'>, summary: string, workerLostMs: number): ActivityOptions {
  return { ...placed({ ...place, work: 'change' }, summary), ...untilItIsDone(workerLostMs) };
}

/** Reads: they change nothing, so they are repeated until they answer. */
export function readOptions(place: Placed, summary: string, workerLostMs: number): ActivityOptions {
  return { ...placed(place, summary), ...untilItIsDone(workerLostMs) };
}

/**
 * A step of a job: behind all else in the lane, and repeated until it answers, unless the job is called off. Cancelling waits
 * for a try that has begun, so that what it read is kept and counted, and takes back one that waits for its next try, or that
 * no worker has picked up.
 */
export function stepOptions(job: { account: string; workerLostMs: number }, summary: string): ActivityOptions {
  const place = { account: job.account, lane: 'background', work: 'background', merchant: 'penstock-job' } as const;
  return {
    ...readOptions(place, summary, job.workerLostMs),
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  };
}

function untilItIsDone(workerLostMs: number): ActivityOptions {
  return {
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '2m' },
    startToCloseTimeout: '5m',
    heartbeatTimeout: workerLostMs,
  };
}

/** Visibility, signals, alerts: Temporal and this process only, on the main queue. */
export const INTERNAL: ActivityOptions = {
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
  startToCloseTimeout: '1m',
};
