import { CancellationScope } from '@temporalio/workflow';
import { nextRefundStep, type RefundStep } from '../domain/refund/index.js';
import type { RefundInput, RefundReport } from './messages.js';
import { RefundRun } from './refund-run.js';
import { alertOfFailure, callPersonToRefund, findRefund, identify, readRefund, sendRefund } from './refund-steps.js';

/**
 * One refund, from request to its end, or followed from the first event of it where it was made elsewhere. It outlives
 * its payment, and what succeeded can fail days later: then a new run of the same id goes on from what this one knew.
 */
export async function refund(input: RefundInput): Promise<RefundReport> {
  const run = new RefundRun(input);
  CancellationScope.current().cancelRequested.catch(() => run.learn({ type: 'cancel_requested' }));

  return CancellationScope.nonCancellable(async () => {
    for (;;) {
      run.past.doubt();
      const step = nextRefundStep(run.state, Date.now());
      run.showProgress(step);
      if (step.do === 'close') return run.close();
      await take(run, step);
    }
  });
}

async function take(run: RefundRun, step: Exclude<RefundStep, { do: 'close' }>): Promise<void> {
  switch (step.do) {
    case 'identify':
      return identify(run);
    case 'send':
      return sendRefund(run, step.attempt);
    case 'find':
      return findRefund(run, step.attempt);
    case 'read':
      return readRefund(run, step.refund);
    case 'alert':
      return alertOfFailure(run);
    case 'hand_over':
      return callPersonToRefund(run, step.unknown);
    case 'wait':
      return run.waitForNews(step.untilMs);
  }
}
