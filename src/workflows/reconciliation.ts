import { patched, proxyActivities, sleep } from '@temporalio/workflow';
import type {
  BackgroundActivities,
  ComparedPage,
  FilledPage,
  LedgerPlace,
  PageDone,
  ReportedPage,
  ReportLook,
  UnseenPage,
} from '../activities/types.js';
import { REPORT_LOOKS } from '../domain/reconciling.js';
import { stepOptions } from './activity-options.js';
import { endJob } from './job-end.js';
import { inWords, JobRun } from './job-run.js';
import type { JobProgress, JobResult, ReconciliationInput, ReconcilingAt } from './messages.js';

/**
 * What was on no page is read by itself until so much is amiss: a ledger of which more is, is for a person to look at. What agrees
 * is read on, however much: a bank debit is on the balance days before the period in which it is paid and booked.
 */
const MOST_AMISS = 500;

/**
 * Holds the ledger of an account and period against what Stripe says moved: first what Temporal knows of closed payments
 * and the ledger has missed, then Stripe's balance transactions by lists of a hundred, or by a report
 * where that is fewer calls, last what is booked and was on none of them. Each difference is recorded, and the payment it concerns is told what Stripe shows. Nothing here collects or
 * gives back money.
 *
 * It is complete only when every page was read to its end: a page that is throttled or cut off is read again for as long
 * as that takes, and what Stripe refuses for good fails the job.
 */
export async function reconciliation(input: ReconciliationInput): Promise<JobResult> {
  const job = new JobRun(`the ledger of ${input.account} against Stripe, ${inWords(input)}`, input.progress);
  return job.noted(async () => {
    let at: ReconcilingAt | null = input.at;
    while (at !== null) at = await takeStep(job, input, at);
    const { missing_unread: unread = 0 } = job.now().counts;
    const result = job.result(unread === 0);
    await endJob(input, 'reconciliation', result);
    return result;
  });
}

type Input = ReconciliationInput;

const BY_LISTS: ReconcilingAt = { step: 'pages', after: null };

/** Stripe writes a report in minutes; it is looked for ever less often, half an hour in all. */
const FIRST_LOOK_MS = 2_000;
const LONGEST_LOOK_MS = 5 * 60_000;

async function takeStep(job: JobRun, input: Input, at: ReconcilingAt): Promise<ReconcilingAt | null> {
  const from = (progress: Input['progress']): [Input] => [{ ...input, at, progress }];
  const { account, fromMs, toMs } = input;
  switch (at.step) {
    case 'fill': {
      const { fillLedger } = activities(input, 'what the ledger has missed');
      const page = await job.step<FilledPage, typeof reconciliation>(
        () => fillLedger({ account, fromMs, toMs, token: at.token }),
        from,
      );
      return page.next === null ? { step: 'choose' } : { step: 'fill', token: page.next };
    }
    case 'choose': {
      const { chooseReading } = activities(input, 'lists or a report');
      const { reading } = await chooseReading({ account, fromMs, toMs });
      return reading === 'report' ? { step: 'report', run: null, looks: 0 } : BY_LISTS;
    }
    case 'report':
      return waitForReport(job, input, at, from);
    case 'file': {
      const { compareReport } = activities(input, 'a whole report');
      const page = await job.step<ReportedPage, typeof reconciliation>(
        () => compareReport({ account, fromMs, toMs, file: at.file, size: at.size }),
        from,
      );
      return page.agrees ? { step: 'unseen', after: null } : BY_LISTS;
    }
    case 'pages': {
      const { comparePage } = activities(input, 'a page of balance transactions');
      const page = await job.step<ComparedPage, typeof reconciliation>(
        () => comparePage({ account, fromMs, toMs, after: at.after }),
        from,
      );
      return page.next === null ? { step: 'unseen', after: null } : { step: 'pages', after: page.next };
    }
    case 'unseen': {
      let next: LedgerPlace | null = null;
      await job.step<PageDone, typeof reconciliation>(async () => {
        const done = await readUnseen(job, input, at.after);
        next = done.next;
        return done;
      }, from);
      return next === null ? null : { step: 'unseen', after: next };
    }
  }
}

/** Asks for the report, or looks whether it is there; one that does not come in time, or fails, is done without. */
async function waitForReport(
  job: JobRun,
  input: Input,
  { run, looks }: Extract<ReconcilingAt, { step: 'report' }>,
  from: (progress: Input['progress']) => [Input],
): Promise<ReconcilingAt> {
  const { account, fromMs, toMs } = input;
  const { askReport, lookAtReport } = activities(input, run === null ? 'ask for a report' : 'is the report there');
  if (run !== null) await sleep(Math.min(FIRST_LOOK_MS * 2 ** looks, LONGEST_LOOK_MS));
  const look = await job.step<ReportLook, typeof reconciliation>(
    () => (run === null ? askReport({ account, fromMs, toMs }) : lookAtReport({ account, run })),
    from,
  );
  if (look.status === 'succeeded' && look.file !== null) return { step: 'file', file: look.file, size: look.size };
  if (look.status === 'failed' || looks >= REPORT_LOOKS) return BY_LISTS;
  return { step: 'report', run: look.id, looks: looks + 1 };
}

/** One page of the ledger, and what of it has to be read, one call each, that are counted as they are made. */
async function readUnseen(job: JobRun, input: Input, after: LedgerPlace | null) {
  const { account, fromMs, toMs } = input;
  const { listUnseen } = activities(input, 'what was on no page');
  const page: UnseenPage = await listUnseen({ account, fromMs, toMs, after });
  const toRead = page.unseen.slice(0, Math.max(0, MOST_AMISS - amissIn(job.now().counts)));
  for (const booked of toRead) {
    job.goesOn();
    const { compareUnseen } = activities(input, `read ${booked.id}`);
    const { stripeCalls, counts } = await compareUnseen({ account, booked });
    job.count({ stripeCalls, counts: { ...counts, unseen_read: 1 } });
  }
  const unread = page.unseen.length - toRead.length;
  return { next: page.next, stripeCalls: 0, counts: { unseen_read: 0, ...(unread > 0 && { missing_unread: unread }) } };
}

function amissIn({ missing = 0, different = 0, unseen_read: read = 0 }: JobProgress['counts']): number {
  // Jobs that were under way when this came had bounded what they read, whatever came of it.
  return patched('reads-what-agrees') ? missing + different : read;
}

function activities(input: Input, summary: string) {
  return proxyActivities<BackgroundActivities>(stepOptions(input, summary));
}
