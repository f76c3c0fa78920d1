import { ActivityFailure, patched, proxyActivities, TimeoutFailure } from '@temporalio/workflow';
import type { BackgroundActivities, RecoveredPage } from '../activities/types.js';
import { readOptions, stepOptions } from './activity-options.js';
import { callsTold, lastFailure } from './calls-told.js';
import { inWords, JobRun } from './job-run.js';
import {
  type JobResult,
  type RecoveredTo,
  STRIPE_NOT_SETTLED,
  type Stretch,
  type WebhookRecoveryInput,
} from './messages.js';

/**
 * Hands on what Stripe could not deliver, as if its webhooks had come: one list for a hundred events. An event that was
 * handed on before, or that is delivered after all, changes nothing: Temporal takes each by its id once.
 *
 * Pages come newest first, as Stripe lists; the events of a page go oldest first. What an event does to a payment depends
 * on no order (domain/payment).
 */
export async function webhookRecovery(input: WebhookRecoveryInput): Promise<JobResult> {
  const job = new JobRun(`lost webhooks of ${input.account}, ${inWords(input)}`, input.progress);
  return job.noted(async () => {
    let after = input.after;
    do {
      const from = after;
      const page: RecoveredPage = await job.step<RecoveredPage, typeof webhookRecovery>(
        () => recoverPage(input, { fromMs: input.fromMs, toMs: input.toMs, after: from }),
        (progress) => [{ ...input, after: from, progress }],
      );
      after = page.next;
    } while (after !== null);
    const { counts } = job.now();
    return job.result((counts['unreadable'] ?? 0) === 0);
  });
}

type Where = Pick<WebhookRecoveryInput, 'account' | 'workerLostMs'>;

/** Hands on one page, of a job. */
function recoverPage(job: Where, stretch: Stretch): Promise<RecoveredPage> {
  const { recoverWebhooks } = proxyActivities<BackgroundActivities>(
    stepOptions(job, 'a page of events that were not delivered'),
  );
  return recoverWebhooks({ account: job.account, ...stretch });
}

export interface RecoveredNow {
  readonly to: RecoveredTo;
  /** Payments that were told of a final intent: nobody has to look for them. */
  readonly settled: readonly string[];
  readonly stripeCalls: number;
}

/** A sweep reads so many pages of an account at most; what is left over the next one reads. */
const PAGES_OF_ONE_SWEEP = 10;
/** Stretches overlap by this: an event shows among those not delivered a moment after it came about. */
const OVERLAP_MS = 60_000;
/** Stripe keeps events for 30 days. */
const KEPT_MS = 30 * 24 * 60 * 60_000;

/**
 * The same as a part of the sweep: goes on where the last one ended. It stands in for events that payments wait for, so it
 * goes before the renewals in the lane. Where the account can be read no further, that is all for now, and the sweep looks for
 * the payments themselves.
 */
export async function recoverForSweep(
  where: Where,
  before: RecoveredTo | undefined,
  nowMs: number,
): Promise<RecoveredNow> {
  const place = { account: where.account, lane: 'background', work: 'change', merchant: 'penstock-sweep' } as const;
  const options = readOptions(place, 'events that were not delivered', where.workerLostMs);
  const { recoverWebhooks } = proxyActivities<BackgroundActivities>({
    ...options,
    // An account whose lane nobody serves must not hold the sweep up.
    scheduleToCloseTimeout: '1m',
    retry: { ...options.retry, maximumAttempts: 3 },
  });
  const upToMs = before?.upToMs ?? 0;
  const fromMs = Math.max(nowMs - KEPT_MS, upToMs - OVERLAP_MS);
  let stretch: Stretch = before?.open ?? { fromMs, toMs: nowMs, after: null };
  const settled: string[] = [];
  let stripeCalls = 0;
  for (let pages = 0; pages < PAGES_OF_ONE_SWEEP; pages += 1) {
    let page: RecoveredPage;
    try {
      page = await recoverWebhooks({ account: where.account, ...stretch });
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      stripeCalls += callsTold(error) ?? 0;
      // At one page it goes on once: a page that fails again would keep all that came since waiting.
      const goesOn = stretch.after !== (before?.open?.after ?? null) && passes(error);
      const to = { upToMs, open: goesOn ? stretch : null };
      // Sweeps that were under way when this came look for the payments that the pages before have settled.
      return { to, settled: patched('settled-before-a-failure') ? settled : [], stripeCalls };
    }
    settled.push(...page.settled);
    stripeCalls += page.stripeCalls;
    if (page.next === null) return { to: { upToMs: stretch.toMs, open: null }, settled, stripeCalls };
    stretch = { ...stretch, after: page.next };
  }
  return { to: { upToMs, open: stretch }, settled, stripeCalls };
}

/**
 * Whether the next sweep may find what could not be read: Stripe, or the worker, was away. A cursor that Stripe refuses, or a page
 * that cannot be handed on, stays as it is, and the next sweep begins again, with the newest.
 */
function passes(error: ActivityFailure): boolean {
  const last = lastFailure(error);
  return last === undefined ? error.cause instanceof TimeoutFailure : last.type === STRIPE_NOT_SETTLED;
}
