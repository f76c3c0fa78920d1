import { createHash } from 'node:crypto';
import {
  type Client,
  type Workflow,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
  WorkflowNotFoundError,
  type WorkflowStartOptions,
} from '@temporalio/client';
import type { QueryDefinition } from '@temporalio/common';
import { tellWorkflow } from '../temporal/tell-workflow.js';
import { ON_MAIN_QUEUE, PROGRESS, pauseWork, resumeWork } from '../workflows/messages.js';
import { FINGERPRINT } from '../workflows/payment-start.js';
import { notFound, Problem } from './errors.js';
import { fingerprint } from './fingerprint.js';
import { operationId } from './operation-id.js';
import { asUnavailable } from './temporal-errors.js';

/** Batches and jobs: each is one workflow, whose id is made from what names the operation, so that it is started once. */

/** How long Temporal has to take one: a batch of a thousand is some hundred kilobytes. */
const TAKE_TIMEOUT_MS = 10_000;

const SEND_AGAIN = 'It could not be handed to Temporal. Send the same request again: it is taken once only.';

export type BackgroundKind = 'batch' | 'job';

/**
 * The workflow's id: of the caller's `Idempotency-Key` if there is one, else of what is asked for. Hashed either way, as a
 * key may be anything and ids are shown to everybody.
 *
 * @throws Problem 400 or 422 for a key that cannot be one.
 */
export function backgroundId(kind: BackgroundKind, header: string | undefined, asked: unknown): string {
  const named = operationId(header, kind, asked, '');
  return `${kind}.${createHash('sha256').update(named).digest('base64url').slice(0, 22)}`;
}

const IDS: Readonly<Record<BackgroundKind, RegExp>> = {
  batch: /^batch\.[A-Za-z0-9_-]{22}$/,
  job: /^job\.[A-Za-z0-9_-]{22}$/,
};

/** What is started: the workflow's own options, and what tells the same again from something else under the same key. */
export interface BackgroundStart<W extends Workflow> {
  readonly kind: BackgroundKind;
  readonly id: string;
  readonly asked: object;
  readonly options: Pick<WorkflowStartOptions<W>, 'args' | 'memo' | 'priority' | 'staticSummary' | 'staticDetails'> & {
    readonly typedSearchAttributes?: WorkflowStartOptions<W>['typedSearchAttributes'];
  };
}

/**
 * Starts it, or finds that it was started before.
 *
 * @returns whether this call started it.
 * @throws Problem 409 where the key names something else, 413 where it is too large for Temporal, 503 when it was not taken.
 */
export async function startOnce<W extends Workflow>(
  client: Client,
  workflow: W,
  { kind, id, asked, options }: BackgroundStart<W>,
): Promise<boolean> {
  const print = fingerprint(asked);
  try {
    await client.connection.withDeadline(Date.now() + TAKE_TIMEOUT_MS, () =>
      client.workflow.start(workflow, {
        ...options,
        workflowId: id,
        ...ON_MAIN_QUEUE,
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        memo: { ...options.memo, [FINGERPRINT]: print },
      } as WorkflowStartOptions<W>),
    );
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw asUnavailable(error, SEND_AGAIN);
  }
  if (await isStarted(client, kind, id, asked)) return false;
  throw new Problem(
    409,
    'idempotency_key_taken',
    'The Idempotency-Key is taken',
    `It was sent with another ${kind} before. Nothing was started; send this one under a key of its own.`,
  );
}

/** Whether this very thing was started before. */
export async function isStarted(client: Client, kind: BackgroundKind, id: string, asked: object): Promise<boolean> {
  const found = await describe(client, kind, id).catch((error: unknown) => {
    if (error instanceof Problem && error.status === 404) return undefined;
    throw error;
  });
  return found?.memo?.[FINGERPRINT] === fingerprint(asked);
}

const DESCRIBE_TIMEOUT_MS = 5_000;
/** How long a worker has to say how far it has come; what Temporal itself knows is shown after that. */
const QUERY_TIMEOUT_MS = 3_000;

/** @throws Problem 404, or 503 when Temporal does not answer. */
export async function describe(
  client: Client,
  kind: BackgroundKind,
  id: string,
): Promise<WorkflowExecutionDescription> {
  if (!IDS[kind].test(id)) throw notFound(kind);
  try {
    const handle = client.workflow.getHandle(id);
    return await client.connection.withDeadline(Date.now() + DESCRIBE_TIMEOUT_MS, () => handle.describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw notFound(kind);
    throw asUnavailable(error, 'Temporal did not answer. Ask again.');
  }
}

export type BackgroundStatus = 'running' | 'paused' | 'completed' | 'canceled' | 'failed';

/** What is known of one: its description, and how far it has come. */
export interface FoundWork<P, R> {
  readonly description: WorkflowExecutionDescription;
  readonly status: BackgroundStatus;
  /** By a worker's word, or as it was last written down. */
  readonly progress: P;
  /** Of one that completed. */
  readonly result: R | null;
  readonly failure: string | null;
  readonly stale: boolean;
}

/** How far it has come: a closed one by its result or its memo, an open one by asking it. */
export async function readWork<P extends { readonly paused: boolean }, R>(
  client: Client,
  kind: BackgroundKind,
  id: string,
  query: QueryDefinition<P>,
): Promise<FoundWork<P, R>> {
  const description = await describe(client, kind, id);
  const handle = client.workflow.getHandle(id, description.runId);
  const noted = description.memo?.[PROGRESS] as P;
  const status = description.status.name;
  const found = { description, progress: noted, result: null, failure: null, stale: false };
  if (status === 'COMPLETED') return { ...found, status: 'completed', result: (await handle.result()) as R };
  if (status === 'CANCELLED') return { ...found, status: 'canceled' };
  if (status !== 'RUNNING') return { ...found, status: 'failed', failure: await failureOf(handle) };
  try {
    const progress = await client.connection.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () => handle.query(query));
    return { ...found, progress, status: progress.paused ? 'paused' : 'running' };
  } catch {
    return { ...found, status: noted.paused ? 'paused' : 'running', stale: true };
  }
}

/** Why it failed, in its own words: they name a cause and hold nothing of a customer. */
async function failureOf(handle: { result(): Promise<unknown> }): Promise<string> {
  try {
    await handle.result();
    return 'it ended in another way than it was asked to';
  } catch (error) {
    let cause = error as { message: string; cause?: unknown };
    while (cause.cause instanceof Error) cause = cause.cause;
    return cause.message;
  }
}

export type Control = 'pause' | 'resume' | 'cancel';

export function isControl(word: unknown): word is Control {
  return word === 'pause' || word === 'resume' || word === 'cancel';
}

/**
 * Holds it up, lets it go on, or calls it off. Taken while it runs; each repeats harmlessly.
 *
 * @throws Problem 404, 409 where it has ended, 503.
 */
export async function control(client: Client, kind: BackgroundKind, id: string, word: Control): Promise<void> {
  const { status } = await describe(client, kind, id);
  try {
    if (status.name === 'RUNNING' && (await taken(client, id, word))) return;
  } catch (error) {
    throw asUnavailable(error, 'Temporal did not take it. Ask again.');
  }
  // Of one that was called off, that is what it is.
  if (word === 'cancel' && status.name === 'CANCELLED') return;
  throw new Problem(409, 'ended', `The ${kind} has ended`, `It cannot be asked to ${word} any more.`);
}

async function taken(client: Client, id: string, word: Control): Promise<boolean> {
  if (word !== 'cancel') {
    return tellWorkflow(client, id, (word === 'pause' ? pauseWork : resumeWork).name, undefined, undefined);
  }
  try {
    await client.workflow.getHandle(id).cancel();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
