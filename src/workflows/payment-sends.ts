import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { SendResult, StripeActivities } from '../activities/types.js';
import type { IntentSnapshot } from '../domain/intent.js';
import type { Attempt, Capture } from '../domain/payment/index.js';
import { confirmParams, createParams } from '../domain/stripe-params.js';
import { changeSendOptions, sendOptions } from './activity-options.js';
import type { PaymentRun } from './payment-run.js';
import { runOf } from './record.js';
import { mustHaveBegun, type SendTerms, sendInput, sendOnce } from './send.js';

/** One send of the attempt, and what it came to. A send nobody reports back from may have arrived. */
export async function sendToStripe(run: PaymentRun, attempt: Attempt): Promise<void> {
  const terms = termsOf(run, attempt, run.input.terms.expiresAtMs);
  const call = attempt.confirms === null ? create(run, attempt, terms) : confirm(run, attempt, attempt.confirms, terms);
  run.learn({ type: 'sending', attempt: attempt.number, birthMs: Date.now() });

  const scope = new CancellationScope();
  run.takeBack = () => scope.cancel();
  const asOf = run.state.facts;
  const result = await sendOnce(attempt, terms, () => scope.run(call));
  run.takeBack = null;
  if (result === 'never_begun') return run.learn({ type: 'taken_back', attempt: attempt.number });
  const { shown, ...sent } = result;
  run.learn({ type: 'sent', attempt: attempt.number, ...sent });
  learnShown(run, shown, asOf);
}

/** One send of a capture; it is taken back by nothing, because it was accepted. */
export async function captureAtStripe(
  run: PaymentRun,
  attempt: Attempt,
  intent: string,
  capture: Capture,
): Promise<void> {
  const terms = termsOf(run, attempt, Date.now() + run.input.terms.timing.keyLifeMs);
  const input = { ...sendInput(capture, terms), intent, amount: capture.amount };
  run.learn({ type: 'capture_sending', number: capture.number, birthMs: Date.now() });
  const place = { account: attempt.account, lane: 'checkout', merchant: run.input.terms.merchant } as const;
  const { capturePayment } = proxyActivities<StripeActivities>(
    changeSendOptions(run.input.terms.timing, place, 'capture the payment intent', run.input.workerLostMs),
  );
  const asOf = run.state.facts;
  const result = await sendOnce(capture, terms, () => capturePayment(input));
  const { shown, ...sent } = mustHaveBegun(result, 'a capture');
  run.learn({ type: 'capture_sent', number: capture.number, ...sent });
  learnShown(run, shown, asOf);
}

/** What an error showed of the intent, on top of what it said of the call. */
function learnShown(run: PaymentRun, intent: IntentSnapshot | undefined, asOf: number): void {
  if (intent === undefined) return;
  run.learn({ type: 'intent', source: 'read', intent, key: null, asOf, atMs: Date.now() });
}

type Call = () => Promise<SendResult>;

function create(run: PaymentRun, attempt: Attempt, terms: SendTerms): Call {
  const { request, deployment } = run.input;
  const params = createParams(request, { id: run.input.terms.id, deployment }, attempt);
  const { createPayment } = activities(run, attempt, 'create and confirm the payment intent');
  const input = { ...sendInput(attempt, terms), params, origin: runOf(run.input) };
  return () => createPayment(input);
}

function confirm(run: PaymentRun, attempt: Attempt, intent: string, terms: SendTerms): Call {
  const params = confirmParams(run.input.request, attempt);
  const { confirmPayment } = activities(run, attempt, 'confirm the payment intent with another payment method');
  const input = { ...sendInput(attempt, terms), intent, params };
  return () => confirmPayment(input);
}

function activities(run: PaymentRun, attempt: Attempt, summary: string): StripeActivities {
  const { terms, request, workerLostMs } = run.input;
  const limits = { nowMs: Date.now(), notAfterMs: terms.expiresAtMs, workerLostMs };
  return proxyActivities<StripeActivities>(sendOptions(terms, request, attempt, limits, summary));
}

function termsOf(run: PaymentRun, attempt: Attempt, notAfterMs: number): SendTerms {
  const { livemode, acceptedAtMs, timing } = run.input.terms;
  return { account: attempt.account, livemode, acceptedAtMs, notAfterMs, timing };
}
