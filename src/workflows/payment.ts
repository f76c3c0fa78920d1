import { CancellationScope } from '@temporalio/workflow';
import { nextStep, type Step } from '../domain/payment/index.js';
import type { PaymentInput, PaymentReport } from './messages.js';
import { PaymentRun } from './payment-run.js';
import { captureAtStripe, sendToStripe } from './payment-sends.js';
import { callPerson, cancelAtStripe, findAtStripe, readAtStripe, reportOddity } from './payment-steps.js';

/**
 * One payment from acceptance to its end. The state function judges every fact, the plan names the next step, and this
 * loop takes it, until Stripe's event (or the sweep in its place) has shown the end.
 *
 * Temporal's own cancel is a cancel request like any other: the loop stands outside its reach, because a run that
 * stopped half way could leave an intent that still collects.
 */
export async function payment(input: PaymentInput): Promise<PaymentReport> {
  const run = new PaymentRun(input);
  CancellationScope.current().cancelRequested.catch(() => run.learn({ type: 'cancel_requested', by: 'temporal' }));

  return CancellationScope.nonCancellable(async () => {
    for (;;) {
      run.past.doubt();
      const step = nextStep(run.state, Date.now());
      run.showProgress(step);
      if (step.do === 'close') return run.close();
      await take(run, step);
    }
  });
}

async function take(run: PaymentRun, step: Exclude<Step, { do: 'close' }>): Promise<void> {
  switch (step.do) {
    case 'send':
      return sendToStripe(run, step.attempt);
    case 'find':
      return findAtStripe(run, step.attempt);
    case 'read':
      return readAtStripe(run, step.attempt);
    case 'capture':
      return captureAtStripe(run, step.attempt, step.intent, step.capture);
    case 'cancel':
      return cancelAtStripe(run, step.attempt, step.intent);
    case 'expire':
      return run.learn({ type: 'expired' });
    case 'reattempt':
      return run.learn({ type: 'attempt_opened', ...step.attempt });
    case 'report':
      return reportOddity(run, step.oddity);
    case 'hand_over':
      return callPerson(run, step);
    case 'wait':
      return run.waitForNews(step.untilMs);
  }
}
