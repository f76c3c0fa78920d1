import {
  type Client,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { chargesOf, disputesOf, type Movement, refundsOf } from '../domain/ledger.js';
import { type Tombstone, tombstoneResult } from '../domain/tombstone.js';
import type { dispute, refund } from '../workflows/index.js';
import { disputeReport, type PaymentReport, refundReport } from '../workflows/messages.js';
import { FINGERPRINT } from '../workflows/payment-start.js';
import { ACCOUNT } from '../workflows/search-attributes.js';
import type { FilledPage, FillInput } from './background-types.js';
import { booksFor, type KeptParts } from './kept-page.js';

/** A movement of money as the workflow that it belongs to has it. */
export type OwnMovement = Movement & { readonly occurredAtMs: number };

/** What a workflow would have told the store of itself. */
export interface OwnRecord {
  readonly moved: readonly OwnMovement[];
  /** How a payment ended; null of one that is open, and of everything else. */
  readonly tombstone: Tombstone | null;
}

/**
 * What a payment collected, a refund gave back or a dispute took, by Temporal's record: nothing of a payment that is open,
 * which takes minutes; of a refund or a dispute, which take weeks, what it knows by now.
 */
export async function recordOf(client: Client, id: string): Promise<OwnRecord> {
  const handle = client.workflow.getHandle(id);
  try {
    const run = await handle.describe();
    const { status, type, startTime, closeTime } = run;
    const result: unknown = status.name === 'COMPLETED' ? await handle.result() : null;
    let moved: readonly Movement[] = result === null ? [] : movementsOf(type, result);
    if (status.name === 'RUNNING' && type !== 'payment') moved = await movedSoFar(client, handle, type);
    // By which whoever asks for a refund again gets the one that was made.
    const asked = { workflow: id, fingerprint: fingerprintOf(run) };
    return {
      moved: moved.map((movement) => ({
        ...movement,
        ...(movement.kind === 'refund' ? asked : {}),
        // When exactly it was captured Stripe has not shown; the ledger takes the time at which it was learned.
        occurredAtMs: movement.occurredAtMs ?? (closeTime ?? startTime).getTime(),
      })),
      tombstone: type === 'payment' && result !== null ? tombstoneOf(run, result as PaymentReport) : null,
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { moved: [], tombstone: null };
    throw error;
  }
}

function fingerprintOf({ memo }: WorkflowExecutionDescription): string | null {
  const fingerprint = memo?.[FINGERPRINT];
  return typeof fingerprint === 'string' ? fingerprint : null;
}

/** As the run itself tells it when it closes. Null where the server does not say which run was the first: a reset asks by that. */
function tombstoneOf(run: WorkflowExecutionDescription, { request, state, standing }: PaymentReport): Tombstone | null {
  const { raw, closeTime, startTime } = run;
  const first = raw.workflowExecutionInfo?.firstRunId;
  const [attempt] = state.attempts;
  if (!first || attempt === undefined) return null;
  const { terms } = state;
  return {
    payment: terms.id,
    run: first,
    fingerprint: fingerprintOf(run) ?? '',
    account: attempt.account,
    merchant: request.merchant,
    reference: request.reference,
    openedAtMs: terms.acceptedAtMs,
    result: tombstoneResult(terms, standing),
    closedAtMs: (closeTime ?? startTime).getTime(),
  };
}

type ResultOf<W extends (...args: never[]) => Promise<unknown>> = Awaited<ReturnType<W>>;

function movementsOf(type: string, result: unknown): readonly Movement[] {
  switch (type) {
    case 'payment':
      return chargesOf((result as PaymentReport).state);
    case 'refund':
      return refundsOf((result as ResultOf<typeof refund>).state);
    case 'dispute':
      return disputesOf((result as ResultOf<typeof dispute>).state);
    default:
      return [];
  }
}

/** How long a worker has to answer: a page of a hundred, of which none answers, still ends within its activity's five minutes. */
const QUERY_TIMEOUT_MS = 2_000;

async function movedSoFar(client: Client, handle: WorkflowHandle, type: string): Promise<readonly Movement[]> {
  const query = type === 'refund' ? refundReport : disputeReport;
  try {
    const report = await client.connection.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () =>
      handle.query<unknown, []>(query),
    );
    return movementsOf(type, report);
  } catch {
    // No worker, or one that is busy. What it knows is then the next reconciliation's to book.
    return [];
  }
}

/** Closed workflows looked through at once. */
const WORKFLOWS = 200;

export interface FillParts extends KeptParts {
  readonly client: Client;
  readonly now: () => number;
}

/**
 * Books what the payments, refunds and disputes that closed in the period moved and the ledger has nothing of, and how those
 * payments ended of which the store knows no end.
 */
export async function fillLedger(parts: FillParts, input: FillInput): Promise<FilledPage> {
  const { client, now } = parts;
  const { ledger, tombstones } = booksFor(parts);
  const page = await client.workflowService.listWorkflowExecutions({
    namespace: client.options.namespace,
    query: closedIn(input),
    pageSize: WORKFLOWS,
    ...(input.token === null ? {} : { nextPageToken: Buffer.from(input.token, 'base64') }),
  });
  const runs = (page.executions ?? []).map(({ execution, type }) => ({
    id: execution?.workflowId ?? '',
    isPayment: type?.name === 'payment',
  }));
  const payments = runs.filter(({ isPayment }) => isPayment).map(({ id }) => id);
  const ended = new Set(await tombstones.closed(payments));
  const counts = { payments: payments.length, filled: 0, tombstones: 0 };
  for (const { id, isPayment } of runs) {
    // So that of payments, the many, only those are read of which something may be missing.
    if (isPayment && ended.has(id) && (await ledger.ofPayment(id)).some(({ kind }) => kind === 'charge')) continue;
    const { moved, tombstone } = await recordOf(client, id);
    const ids = moved.map((entry) => entry.id);
    const known = new Set((await ledger.find(input.account, ids)).map((entry) => entry.id));
    const missed = moved.filter((entry) => !known.has(entry.id));
    await ledger.record(missed.map((entry) => ({ ...entry, recordedAtMs: now() })));
    counts.filled += missed.length;
    if (tombstone === null || ended.has(id)) continue;
    await tombstones.record([tombstone]);
    ended.add(id);
    counts.tombstones += 1;
  }
  const token = page.nextPageToken ?? new Uint8Array();
  return {
    next: token.length > 0 ? Buffer.from(token).toString('base64') : null,
    stripeCalls: 0,
    counts,
  };
}

/** Only names from the configuration reach this: nothing in them can end a quotation. */
function closedIn({ account, fromMs, toMs }: FillInput): string {
  const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString());
  return [
    "WorkflowType IN ('payment', 'refund', 'dispute')",
    `${ACCOUNT.name} = '${account}'`,
    "ExecutionStatus = 'Completed'",
    `CloseTime >= '${from}'`,
    `CloseTime < '${to}'`,
  ].join(' AND ');
}
