import { ParentClosePolicy, proxyActivities, startChild } from '@temporalio/workflow';
import type { InternalActivities, StripeActivities } from '../activities/types.js';
import { idempotencyKey, incidentId } from '../domain/ids.js';
import { laneOf } from '../domain/lanes.js';
import { lookDelayMs, repeatDelayMs } from '../domain/outcome.js';
import { type Attempt, currentAttempt, intentOf, type Oddity, openCapture } from '../domain/payment/index.js';
import { changeOptions, INTERNAL, readOptions } from './activity-options.js';
import { incident } from './incident.js';
import type { IncidentInput, IncidentKind } from './messages.js';
import type { PaymentRun } from './payment-run.js';
import { PAYMENT_ID } from './search-attributes.js';

const { alert } = proxyActivities<InternalActivities>(INTERNAL);

/** Clocks here and at Stripe may differ by minutes before anybody notices, and `created` has whole seconds. */
const CLOCK_SLACK_MS = 10 * 60_000;

/** Looks for the attempt in a complete list over the window in which it can have been created. */
export async function findAtStripe(run: PaymentRun, attempt: Attempt): Promise<void> {
  const { terms, deployment, workerLostMs } = run.input;
  const { findIntent } = proxyActivities<StripeActivities>(
    readOptions(placeOf(run, attempt), 'look for the payment intent', workerLostMs),
  );
  // Taken before the list: what it does not hold was not there by now at the latest.
  const atMs = Date.now();
  // Whatever was executed under the first key was executed after the payment was taken, if not by this run.
  const bornMs = attempt.number === 1 ? terms.acceptedAtMs : (attempt.birthMs ?? terms.acceptedAtMs);
  const { found, againInMs } = await findIntent({
    account: attempt.account,
    deployment,
    paymentId: terms.id,
    attempt: attempt.number,
    fromMs: bornMs - CLOCK_SLACK_MS,
    toMs: attempt.lastDeadlineMs + CLOCK_SLACK_MS,
    ageMs: atMs - bornMs,
    proofDelayMs: terms.timing.proofDelayMs,
  });
  const againAtMs = Date.now() + againInMs;
  for (const intent of found) run.learn({ type: 'intent', source: 'read', intent, key: attempt.key, atMs });
  if (found.length === 0) run.learn({ type: 'absent', attempt: attempt.number, atMs, againAtMs });
  // What was found may not agree with the payment, and then settles nothing: looking on must not become a hot loop.
  else run.learn({ type: 'looked', attempt: attempt.number, againAtMs });
}

/** Reads the attempt's intent once. */
export async function readAtStripe(run: PaymentRun, attempt: Attempt): Promise<void> {
  const intent = intentOf(attempt);
  if (intent === null) return;
  const { retrieveIntent } = proxyActivities<StripeActivities>(
    readOptions(placeOf(run, attempt), 'read the payment intent', run.input.workerLostMs),
  );
  const asOf = run.state.facts;
  const askedAtMs = Date.now();
  const read = await retrieveIntent({ account: attempt.account, intent });
  // Once the payment has ended, only the sweep asks it to read, and the read stands in for the event as the sweep's would.
  const source = run.state.end === null ? 'read' : 'sweep';
  run.learn({ type: 'intent', source, intent: read, key: null, asOf, atMs: Date.now() });
  const { terms } = run.input;
  // What the read did not tell is looked for again, and ever less often.
  const againAtMs = Date.now() + lookDelayMs(Date.now() - terms.acceptedAtMs, terms.timing.proofDelayMs);
  if (run.state.end !== null) return;
  const missed = openCapture(run.state);
  if (missed !== null) run.learn({ type: 'capture_missed', number: missed.number, atMs: askedAtMs });
  if (attempt.confirms !== null) run.learn({ type: 'confirm_missed', attempt: attempt.number, atMs: askedAtMs });
  run.learn({ type: 'looked', attempt: attempt.number, againAtMs });
}

/** Has Stripe cancel the intent; what Stripe answers, be it that the money is in, is the fact that counts. */
export async function cancelAtStripe(run: PaymentRun, attempt: Attempt, intent: string): Promise<void> {
  const { cancelIntent } = proxyActivities<StripeActivities>(
    changeOptions(placeOf(run, attempt), 'cancel the payment intent', run.input.workerLostMs),
  );
  const { account, number } = attempt;
  const asOf = run.state.facts;
  const canceled = await cancelIntent({
    account,
    intent,
    key: idempotencyKey({ paymentId: run.input.terms.id, operation: 'cancel', account, attempt: number }),
    reason: run.state.leaving?.because === 'canceled' ? 'requested_by_customer' : 'abandoned',
  });
  const { disregarded } = run.state;
  run.learn({ type: 'intent', source: 'reply', intent: canceled, key: null, asOf, atMs: Date.now() });
  if (run.state.disregarded === disregarded) return;
  // Somebody changed the intent, and what Stripe shows no longer agrees: asking on must not become a hot loop.
  const againInMs = repeatDelayMs(
    'refused_repeat',
    run.state.disregarded,
    Date.now() - run.input.terms.acceptedAtMs,
    Math.random(),
  );
  run.learn({ type: 'looked', attempt: number, againAtMs: Date.now() + againInMs });
}

/** Starts the incident that looks into what no payment should show; it outlives the payment. */
export async function reportOddity(run: PaymentRun, oddity: Oddity): Promise<void> {
  await startIncident(run, oddity.kind, oddity.intent.account, oddity.intent.id);
  run.learn({ type: 'reported', intent: oddity.intent.id });
}

/**
 * The outcome has been unknown beyond patience, or an accepted change could not be sent: a person is called, and the payment
 * goes on as before.
 */
export async function callPerson(run: PaymentRun, { key, unknown }: { key: string; unknown: boolean }): Promise<void> {
  const attempt = currentAttempt(run.state);
  const intent = intentOf(attempt);
  if (intent === null) {
    await startIncident(run, 'unknown_outcome', attempt.account, null);
  } else {
    // The intent is there for a person to look at, and the payment follows it: nothing needs to be decided for it.
    const kind = unknown ? 'unknown_outcome' : 'cannot_be_sent';
    const text = unknown ? `the outcome of a call on ${intent} is unknown` : `a change of ${intent} cannot be sent`;
    await alert({ kind, paymentId: run.input.terms.id, account: attempt.account, intent, text });
  }
  run.learn({ type: 'handed_over', key, unknown });
}

async function startIncident(
  run: PaymentRun,
  kind: IncidentKind,
  account: string,
  intent: string | null,
): Promise<void> {
  const { terms, workerLostMs, lateMoney, deployment, overdueMs } = run.input;
  const input: IncidentInput = {
    version: 1,
    kind,
    paymentId: terms.id,
    merchant: terms.merchant,
    account,
    intent,
    lateMoney,
    workerLostMs,
    deployment,
    overdueMs,
    timing: terms.timing,
  };
  try {
    await startChild(incident, {
      workflowId: incidentId(terms.id, kind, intent ?? 'none'),
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      typedSearchAttributes: [{ key: PAYMENT_ID, value: terms.id }],
      staticSummary: `${kind} of ${terms.id}`,
    });
  } catch (error) {
    // The webhook's side, or this run before a reset, was quicker: it is the same incident.
    if ((error as Error).name !== 'WorkflowExecutionAlreadyStartedError') throw error;
  }
}

function placeOf(run: PaymentRun, attempt: Attempt) {
  const { priority, merchant } = run.input.request;
  return { account: attempt.account, lane: laneOf(priority), work: priority, merchant };
}
