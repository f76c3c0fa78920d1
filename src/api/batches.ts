import express, { Router } from 'express';
import type { z } from 'zod';
import { paymentId } from '../domain/ids.js';
import { placeInLane } from '../domain/lanes.js';
import { batch } from '../workflows/index.js';
import { type BatchInput, type BatchItem, type BatchProgress, batchProgress, PROGRESS } from '../workflows/messages.js';
import { type AcceptParts, accountFor, NO_ACCOUNT, settingsOf, whyNotThen } from './accept.js';
import { backgroundId, isStarted, readWork, startOnce } from './background.js';
import { shownAndControlled } from './background-routes.js';
import { type BatchView, createBatchSchema } from './background-schemas.js';
import { type FieldError, invalid, Problem } from './errors.js';
import { fingerprint } from './fingerprint.js';
import type { WorkflowUrl } from './present.js';
import { normalised, parseSafely } from './schemas.js';

export interface BatchParts extends AcceptParts {
  readonly workflowUrl: WorkflowUrl;
}

/**
 * The largest batch that is read, and what of it Temporal can hold: a workflow's argument is refused at 2 MB, and a batch
 * is carried over from run to run beside its progress.
 */
const LARGEST_BODY = '2mb';
const LARGEST_ARGUMENT_BYTES = 1_500_000;

/** More errors than this help nobody. */
const MOST_ERRORS = 100;

/**
 * The part of an account's rate at which its payments are started: they wait in their lane anyway, and need not all be
 * there at once.
 */
const BATCH_SHARE = 0.5;

/** More payments a second than this are a spike to Temporal, whatever the accounts may take. */
const MOST_PER_SECOND = 50;

export function batchRoutes(parts: BatchParts): Router {
  const { client } = parts;
  const router = Router();
  const json = express.json({ limit: LARGEST_BODY, type: () => true, strict: false });

  router.post('/batches', json, async (req, res) => {
    const asked = parseBatch(req.body);
    const id = backgroundId('batch', req.header('idempotency-key'), asked);
    const created = await take(parts, id, asked);
    res.location(`/v1/batches/${id}`);
    res.status(created ? 202 : 200).json(await show(id));
  });

  router.use('/batches', shownAndControlled(client, 'batch', json, show));

  async function show(id: string): Promise<BatchView> {
    const found = await readWork<BatchProgress, BatchProgress>(client, 'batch', id, batchProgress);
    const { description, status, stale } = found;
    const { total, started, existing, conflicted } = found.result ?? found.progress;
    const { runId } = description;
    return {
      object: 'batch',
      id,
      status,
      total,
      started,
      existing,
      conflicted: [...conflicted],
      remaining: total - started - existing - conflicted.length,
      created_at: new Date(acceptedAt(description.memo) ?? description.startTime.getTime()).toISOString(),
      workflow: { id, run_id: runId, status: description.status.name, url: parts.workflowUrl(id, runId) },
      ...(stale ? { stale } : {}),
    };
  }

  return router;
}

/** Under this name a memo holds when it was taken, Unix ms: a run that went on as new has a later start. */
export const ACCEPTED_AT = 'acceptedAtMs';

export function acceptedAt(memo: Record<string, unknown> | undefined): number | undefined {
  const at = memo?.[ACCEPTED_AT];
  return typeof at === 'number' ? at : undefined;
}

type Asked = z.output<typeof createBatchSchema>;

/** The batch, checked whole. @throws Problem 422 with the path of each error, such as `payments[17].amount`. */
function parseBatch(body: unknown): Asked {
  let asked: Asked;
  try {
    asked = parseSafely(createBatchSchema, body);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw invalid((error.extra.errors ?? []).slice(0, MOST_ERRORS).map(withIndex));
  }
  const twice = duplicatesIn(asked);
  if (twice.length > 0) throw invalid(twice.slice(0, MOST_ERRORS));
  return asked;
}

function withIndex({ path, message }: FieldError): FieldError {
  return { path: path.replace(/^payments\.(\d+)/, 'payments[$1]'), message };
}

function duplicatesIn({ payments }: Asked): FieldError[] {
  const first = new Map<string, number>();
  return payments.flatMap(({ merchant, reference }, at) => {
    const id = paymentId(merchant, reference);
    const before = first.get(id);
    if (before === undefined) first.set(id, at);
    if (before === undefined) return [];
    return [{ path: `payments[${at}].reference`, message: `the merchant and reference of payments[${before}]` }];
  });
}

/** Hands the whole batch to Temporal, or nothing of it. @returns whether it is new. */
async function take(parts: BatchParts, id: string, asked: Asked): Promise<boolean> {
  const { items, errors } = itemsOf(parts, asked);
  if (errors.length > 0) {
    // A repetition may come after a payment's own expires_at, and is then still the same batch.
    if (await isStarted(parts.client, 'batch', id, asked)) return false;
    throw invalid(errors.slice(0, MOST_ERRORS));
  }
  const input = inputOf(parts, items);
  const bytes = Buffer.byteLength(JSON.stringify(input));
  if (bytes > LARGEST_ARGUMENT_BYTES) {
    const detail = `It is ${bytes} bytes as Temporal would hold it, of ${LARGEST_ARGUMENT_BYTES}: send it in several batches.`;
    throw new Problem(413, 'batch_too_large', 'The batch is too large', detail);
  }
  const { length } = items;
  return startOnce(parts.client, batch, {
    kind: 'batch',
    id,
    asked,
    options: {
      args: [input],
      memo: { [PROGRESS]: input.progress, [ACCEPTED_AT]: parts.now() },
      priority: placeInLane(asked.priority, 'penstock-batch'),
      staticSummary: `${length} payments, ${asked.priority}`,
      staticDetails: `${length} payments at ${input.perSecond} a second.`,
    },
  });
}

function itemsOf({ config, now }: BatchParts, { payments, priority }: Asked) {
  const errors: FieldError[] = [];
  const items: BatchItem[] = payments.map((raw, at) => {
    const request = normalised({ ...raw, priority: raw.priority ?? priority });
    const account = accountFor(config.accounts, request.currency);
    if (account === undefined) errors.push({ path: `payments[${at}].currency`, message: NO_ACCOUNT });
    const when = whyNotThen(request, now());
    if (when !== undefined) errors.push({ path: `payments[${at}].expires_at`, message: when });
    return { request, fingerprint: fingerprint(request), account: account?.name ?? '' };
  });
  return { items, errors };
}

/** What the batch runs with: the pace of its slowest account, and the configuration as it is now. */
function inputOf(parts: BatchParts, items: readonly BatchItem[]): BatchInput {
  const used = new Set(items.map(({ account }) => account));
  const accounts = parts.config.accounts.filter(({ name }) => used.has(name));
  const slowest = Math.min(MOST_PER_SECOND, ...accounts.map(({ budget }) => budget.perSecond * BATCH_SHARE));
  return {
    version: 1,
    items,
    accounts: accounts.map(({ name, livemode }) => ({ name, livemode })),
    settings: settingsOf(parts),
    perSecond: Math.max(1, Math.floor(slowest)),
    progress: { total: items.length, started: 0, existing: 0, conflicted: [], paused: false },
  };
}
