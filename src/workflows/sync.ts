import { proxyActivities } from '@temporalio/workflow';
import type { BackgroundActivities, SyncedPage } from '../activities/types.js';
import { afterPage, type SyncCursor } from '../domain/syncing.js';
import { stepOptions } from './activity-options.js';
import { endJob } from './job-end.js';
import { inWords, JobRun } from './job-run.js';
import type { JobResult, SyncInput } from './messages.js';

/**
 * Keeps what an account's history holds: charges, refunds, customers, disputes of a period, one list for a hundred. What a
 * page showed is kept with the page itself, so a page that is done again neither asks Stripe nor keeps anything twice; of
 * an object that was shown twice the newer stays.
 */
export async function sync(input: SyncInput): Promise<JobResult> {
  const job = new JobRun(`${input.kinds.join(', ')} of ${input.account}, ${inWords(input)}`, input.progress);
  return job.noted(async () => {
    let at: SyncCursor | null = input.at;
    while (at !== null) {
      const now: SyncCursor = at;
      const page: SyncedPage = await job.step<SyncedPage, typeof sync>(
        () => syncPage(input, now),
        (progress) => [{ ...input, at: now, progress }],
      );
      at = afterPage(input.kinds, now, page.next);
    }
    const result = job.result(true);
    await endJob(input, 'sync', result);
    return result;
  });
}

function syncPage(input: SyncInput, { kind, after }: SyncCursor) {
  const { account, fromMs, toMs, kinds } = input;
  const name = kinds[kind] ?? 'charges';
  const { syncObjects } = proxyActivities<BackgroundActivities>(stepOptions(input, `a page of ${name}`));
  return syncObjects({ account, fromMs, toMs, after, kind: name });
}
