import express, { Router } from 'express';
import { complaintsAbout, complaintsAboutEvents, recoverable } from '../domain/job-period.js';
import { placeInLane } from '../domain/lanes.js';
import { SYNC_BEGINS, SYNC_KINDS, type SyncKind } from '../domain/syncing.js';
import type { Store } from '../store/index.js';
import { reconciliation, sync, webhookRecovery } from '../workflows/index.js';
import { ASKED, type JobProgress, type JobResult, jobProgress, NOTHING_DONE, PROGRESS } from '../workflows/messages.js';
import { ACCOUNT } from '../workflows/search-attributes.js';
import type { AcceptParts } from './accept.js';
import { backgroundId, isStarted, readWork, startOnce } from './background.js';
import { shownAndControlled } from './background-routes.js';
import { createJobSchema, type JobType, type JobView } from './background-schemas.js';
import { ACCEPTED_AT, acceptedAt } from './batches.js';
import { type FieldError, invalid, notFound, Problem } from './errors.js';
import type { WorkflowUrl } from './present.js';
import { parseSafely } from './schemas.js';

export interface JobParts extends AcceptParts {
  readonly workflowUrl: WorkflowUrl;
  /** Where a job's finds go. */
  readonly store: Store;
}

const LARGEST_BODY = '16kb';

export function jobRoutes(parts: JobParts): Router {
  const { client } = parts;
  const router = Router();
  const json = express.json({ limit: LARGEST_BODY, type: () => true, strict: false });

  router.post('/jobs', json, async (req, res) => {
    const { asked, sent, errors } = parseJob(parts, req.body);
    const key = req.header('idempotency-key');
    const id = backgroundId('job', key, asked);
    const created = await take(parts, { id, asked, named: key === undefined ? asked : sent, errors });
    res.location(`/v1/jobs/${id}`);
    res.status(created ? 202 : 200).json(await show(id));
  });

  router.use('/jobs', shownAndControlled(client, 'job', json, show));

  async function show(id: string): Promise<JobView> {
    const found = await readWork<JobProgress, JobResult>(client, 'job', id, jobProgress);
    const { description, status, result, failure, stale } = found;
    const { type, account, fromMs, toMs, objects } = askedOf(description.memo);
    const { pages, stripeCalls, counts } = result ?? found.progress;
    const { runId } = description;
    return {
      object: 'job',
      id,
      type,
      account,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      ...(objects === undefined ? {} : { objects: [...objects] }),
      status: result?.complete === false ? 'incomplete' : status,
      complete: result?.complete ?? false,
      pages,
      stripe_calls: stripeCalls,
      counts: { ...counts },
      failure,
      created_at: new Date(acceptedAt(description.memo) ?? description.startTime.getTime()).toISOString(),
      workflow: { id, run_id: runId, status: description.status.name, url: parts.workflowUrl(id, runId) },
      ...(stale ? { stale } : {}),
    };
  }

  return router;
}

function askedOf(memo: Record<string, unknown> | undefined): AskedJob {
  const asked = memo?.[ASKED];
  // What has no such memo was started by other means, under a job's name.
  if (asked === undefined) throw notFound('job');
  return asked as AskedJob;
}

/** What a job is asked for, spelled out: times in Unix ms, at whole seconds as Stripe counts them. */
interface AskedJob {
  readonly type: JobType;
  readonly account: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly objects?: readonly SyncKind[];
}

/** The same as it was sent: what was left out is null, and no other a minute later. */
type SentJob = Omit<AskedJob, 'fromMs' | 'toMs'> & { readonly fromMs: number | null; readonly toMs: number | null };

interface ParsedJob {
  readonly asked: AskedJob;
  readonly sent: SentJob;
  readonly errors: readonly FieldError[];
}

/**
 * The job, with all that is wrong with it as of now: a repetition of one that was started may come when its time is past.
 * A recovery without a period is of the thirty days for which Stripe keeps events, up to the minute: without a key, the same
 * again within the minute is the same, and later on is another.
 *
 * @throws Problem 422 for what is no job at all.
 */
function parseJob({ config, now }: JobParts, body: unknown): ParsedJob {
  const { type, account, from, to, objects } = parseSafely(createJobSchema, body);
  const errors: FieldError[] = [];
  if (!config.accounts.some(({ name }) => name === account)) {
    errors.push({ path: 'account', message: 'there is no such account in the configuration' });
  }
  if (objects !== undefined && type !== 'sync') errors.push({ path: 'objects', message: 'only of a sync' });
  const recovery = type === 'webhook_recovery';
  if (from === undefined && !recovery) errors.push({ path: 'from', message: 'is required' });
  if (to === undefined && !recovery) errors.push({ path: 'to', message: 'is required' });
  const nowMs = now();
  const sent = { fromMs: from === undefined ? null : inMs(from), toMs: to === undefined ? null : inMs(to) };
  const period = recovery ? recoverable(sent, nowMs) : { fromMs: sent.fromMs ?? 0, toMs: sent.toMs ?? 0 };
  if (errors.every(({ path }) => path !== 'from' && path !== 'to')) {
    const complaints = recovery
      ? complaintsAboutEvents(sent, nowMs)
      : complaintsAbout(period.fromMs, period.toMs, nowMs);
    errors.push(...complaints.map(({ field, message }) => ({ path: field, message })));
  }
  const kinds = type === 'sync' ? { objects: SYNC_KINDS.filter((kind) => objects?.includes(kind) ?? true) } : {};
  const named = { type, account, ...kinds };
  return { asked: { ...named, ...period }, sent: { ...named, ...sent }, errors };
}

function inMs(time: number | string): number {
  const ms = typeof time === 'number' ? time * 1_000 : Date.parse(time);
  return Math.floor(ms / 1_000) * 1_000;
}

interface Taking {
  readonly id: string;
  readonly asked: AskedJob;
  /** What tells the same again from something else under the same id. */
  readonly named: AskedJob | SentJob;
  readonly errors: readonly FieldError[];
}

async function take(parts: JobParts, { id, asked, named, errors }: Taking): Promise<boolean> {
  if (errors.length > 0) {
    if (await isStarted(parts.client, 'job', id, named)) return false;
    throw invalid(errors);
  }
  if (asked.type !== 'webhook_recovery' && !parts.store.isThere) {
    const detail = `A ${asked.type} keeps what it finds in the store, and there is none here: set DATABASE_URL.`;
    throw new Problem(503, 'no_store', 'There is no store', detail);
  }
  const { account, fromMs, toMs } = asked;
  const settings = { deployment: parts.deployment, workerLostMs: parts.config.policy.payments.worker_lost_ms };
  const common = { version: 1 as const, account, fromMs, toMs, ...settings, progress: NOTHING_DONE };
  const options = {
    memo: { [PROGRESS]: NOTHING_DONE, [ASKED]: asked, [ACCEPTED_AT]: parts.now() },
    priority: placeInLane('background', 'penstock-job'),
    typedSearchAttributes: [{ key: ACCOUNT, value: account }],
    staticSummary: `${asked.type} of ${account}, ${day(fromMs)} to ${day(toMs)}`,
  };
  const kind = 'job' as const;
  switch (asked.type) {
    case 'webhook_recovery': {
      const args: [Parameters<typeof webhookRecovery>[0]] = [{ ...common, after: null }];
      return startOnce(parts.client, webhookRecovery, { kind, id, asked: named, options: { ...options, args } });
    }
    case 'sync': {
      const kinds = asked.objects ?? SYNC_KINDS;
      const args: [Parameters<typeof sync>[0]] = [{ ...common, kinds, at: SYNC_BEGINS }];
      return startOnce(parts.client, sync, { kind, id, asked: named, options: { ...options, args } });
    }
    case 'reconciliation': {
      const args: [Parameters<typeof reconciliation>[0]] = [{ ...common, at: { step: 'fill', token: null } }];
      return startOnce(parts.client, reconciliation, { kind, id, asked: named, options: { ...options, args } });
    }
  }
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
