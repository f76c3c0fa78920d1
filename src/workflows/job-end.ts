import { proxyActivities } from '@temporalio/workflow';
import type { BackgroundActivities } from '../activities/types.js';
import { readOptions } from './activity-options.js';
import type { JobPeriod, JobResult, JobSettings } from './messages.js';

/** Records in the store how a job ended, and lets go of its pages, to which nobody comes back. */
export async function endJob(
  { account, workerLostMs }: JobPeriod & JobSettings,
  type: 'sync' | 'reconciliation',
  result: JobResult,
): Promise<void> {
  const place = { account, lane: 'background', work: 'background', merchant: 'penstock-job' } as const;
  const { recordEnd } = proxyActivities<BackgroundActivities>(readOptions(place, 'record the end', workerLostMs));
  await recordEnd({ account, type, result });
}
