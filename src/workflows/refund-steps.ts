import { proxyActivities } from '@temporalio/workflow';
import type { InternalActivities, StripeActivities } from '../activities/types.js';
import { ownerBy } from '../domain/following.js';
import { lookDelayMs } from '../domain/outcome.js';
import type { RefundAttempt } from '../domain/refund/index.js';
import { refundParams } from '../domain/stripe-params.js';
import { changeSendOptions, INTERNAL, readOptions } from './activity-options.js';
import type { AlertKind } from './messages.js';
import type { RefundRun } from './refund-run.js';
import { mustHaveBegun, sendInput, sendOnce } from './send.js';

const { alert } = proxyActivities<InternalActivities>(INTERNAL);

/** Finds whose it is by one read of its intent. */
export async function identify(run: RefundRun): Promise<void> {
  const { account, intent } = run.state.terms;
  const { identifyIntent } = reads(run, 'read the payment intent the refund names');
  const read = await identifyIntent({ account, intent });
  run.learn({ type: 'owned', owner: ownerBy(read, run.input.deployment) });
  run.showOwner();
}

/** One send of the refund under its key, and what it came to. A send nobody reports back from may have arrived. */
export async function sendRefund(run: RefundRun, attempt: RefundAttempt): Promise<void> {
  const { terms } = run.state;
  const { account, livemode, acceptedAtMs, timing } = terms;
  const sendTerms = { account, livemode, acceptedAtMs, timing, notAfterMs: Date.now() + timing.keyLifeMs };
  const labels = { id: terms.id, deployment: run.input.deployment, attempt: attempt.number };
  const input = { ...sendInput(attempt, sendTerms), params: refundParams(terms, labels) };
  run.learn({ type: 'sending', attempt: attempt.number, birthMs: Date.now() });
  const { createRefund } = proxyActivities<StripeActivities>(
    changeSendOptions(timing, placeOf(run), 'give the money back', run.input.workerLostMs),
  );
  const result = await sendOnce(attempt, sendTerms, () => createRefund(input));
  run.learn({ type: 'sent', attempt: attempt.number, ...mustHaveBegun(result, 'a refund') });
  if (run.state.seen !== null) run.rest();
}

/** Looks for it among the refunds of its intent. */
export async function findRefund(run: RefundRun, attempt: RefundAttempt): Promise<void> {
  const { terms } = run.state;
  const list = reads(run, 'look for the refund');
  // Taken before the list: what it does not hold was not there by now at the latest.
  const atMs = Date.now();
  const { account, intent } = terms;
  const found = await list.findRefund({ account, intent, deployment: run.input.deployment, workflowId: terms.id });
  if (found === null) run.learn({ type: 'absent', attempt: attempt.number, atMs });
  else run.learn({ type: 'refund', source: 'read', refund: found });
  const againInMs = lookDelayMs(atMs - terms.acceptedAtMs, terms.timing.proofDelayMs);
  run.learn({ type: 'looked', againAtMs: Date.now() + againInMs });
}

/** Reads it once, in place of an event that has not come. */
export async function readRefund(run: RefundRun, refund: string): Promise<void> {
  const { retrieveRefund } = reads(run, 'read the refund');
  const read = await retrieveRefund({ account: run.state.terms.account, refund });
  run.learn({ type: 'refund', source: 'read', refund: read });
  run.rest();
}

/** The customer did not get the money: somebody has to find another way to them. */
export async function alertOfFailure(run: RefundRun): Promise<void> {
  await tell(run, 'refund_failed', 'a refund did not reach the customer');
  run.learn({ type: 'alerted' });
}

/** Unknown beyond patience, or not to be sent: a person is called, and the refund goes on as before. */
export async function callPersonToRefund(run: RefundRun, unknown: boolean): Promise<void> {
  const { id } = run.state.terms;
  if (unknown) {
    await tell(run, 'refund_unknown', `nobody knows whether ${id} was made; signal \`ruledDead\` when it was not`);
  } else {
    await tell(run, 'cannot_be_sent', `${id} cannot be sent`);
  }
  run.learn({ type: 'handed_over', unknown });
}

function tell(run: RefundRun, kind: AlertKind, text: string): Promise<void> {
  const { owner, terms } = run.state;
  const paymentId = owner.kind === 'payment' ? owner.paymentId : terms.id;
  return alert({ kind, paymentId, account: terms.account, intent: terms.intent, text });
}

function reads(run: RefundRun, summary: string): StripeActivities {
  const place = { ...placeOf(run), work: 'change' } as const;
  return proxyActivities<StripeActivities>(readOptions(place, summary, run.input.workerLostMs));
}

function placeOf({ state }: RefundRun) {
  const merchant = state.owner.kind === 'payment' ? state.owner.merchant : 'penstock-refunds';
  return { account: state.terms.account, lane: 'checkout', merchant } as const;
}
