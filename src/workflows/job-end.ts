import { proxyActivities } from '@temporalio/workflow';
import type { BackgroundActivities } from '../activities/types.js';
import { stepOptions } from './activity-options.js';
import type { JobPeriod, JobResult, JobSettings } from './messages.js';

/** Records in the store how a job ended, and lets go of its pages, to which nobody comes back. */
export async function endJob(
  job: JobPeriod & JobSettings,
  type: 'sync' | 'reconciliation',
  result: JobResult,
): Promise<void> {
  const { recordEnd } = proxyActivities<BackgroundActivities>(stepOptions(job, 'record the end'));
  await recordEnd({ account: job.account, type, result });
}
