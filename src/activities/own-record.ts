import { type Client, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import { chargesOf, disputesOf, type Movement, refundsOf } from '../domain/ledger.js';
import type { dispute, payment, refund } from '../workflows/index.js';
import { disputeReport, refundReport } from '../workflows/messages.js';
import { ACCOUNT } from '../workflows/search-attributes.js';
import type { FilledPage, FillInput } from './background-types.js';
import { booksFor, type KeptParts } from './kept-page.js';

/** A movement of money as the workflow that it belongs to has it. */
export type OwnRecord = Movement & { readonly occurredAtMs: number };

/**
 * What a payment collected, a refund gave back or a dispute took, by Temporal's record: nothing of a payment that is open,
 * which takes minutes; of a refund or a dispute, which take weeks, what it knows by now.
 */
export async function recordOf(client: Client, id: string): Promise<readonly OwnRecord[]> {
  const handle = client.workflow.getHandle(id);
  try {
    const { status, type, memo, startTime, closeTime } = await handle.describe();
    let moved: readonly Movement[] = [];
    if (status.name === 'COMPLETED') moved = movementsOf(type, await handle.result());
    if (status.name === 'RUNNING' && type !== 'payment') moved = await movedSoFar(client, handle, type);
    // By which whoever asks for a refund again gets the one that was made.
    const print = memo?.['fingerprint'];
    const asked = { workflow: id, fingerprint: typeof print === 'string' ? print : null };
    return moved.map((movement) => ({
      ...movement,
      ...(movement.kind === 'refund' ? asked : {}),
      // When exactly it was captured Stripe has not shown; the ledger takes the time at which it was learned.
      occurredAtMs: movement.occurredAtMs ?? (closeTime ?? startTime).getTime(),
    }));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  }
}

type ResultOf<W extends (...args: never[]) => Promise<unknown>> = Awaited<ReturnType<W>>;

function movementsOf(type: string, result: unknown): readonly Movement[] {
  switch (type) {
    case 'payment':
      return chargesOf((result as ResultOf<typeof payment>).state);
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

/** Books what the payments, refunds and disputes that closed in the period moved and the ledger has nothing of. */
export async function fillLedger(parts: FillParts, input: FillInput): Promise<FilledPage> {
  const { client, now } = parts;
  const { ledger } = booksFor(parts);
  const page = await client.workflowService.listWorkflowExecutions({
    namespace: client.options.namespace,
    query: closedIn(input),
    pageSize: WORKFLOWS,
    ...(input.token === null ? {} : { nextPageToken: Buffer.from(input.token, 'base64') }),
  });
  let filled = 0;
  let payments = 0;
  for (const { execution, type } of page.executions ?? []) {
    const id = execution?.workflowId ?? '';
    if (type?.name === 'payment') {
      payments += 1;
      // So that of payments, the many, only those are read that may be missing.
      if ((await ledger.ofPayment(id)).some(({ kind }) => kind === 'charge')) continue;
    }
    const own = await recordOf(client, id);
    const ids = own.map((entry) => entry.id);
    const known = new Set((await ledger.find(input.account, ids)).map((entry) => entry.id));
    const missed = own.filter((entry) => !known.has(entry.id));
    await ledger.record(missed.map((entry) => ({ ...entry, recordedAtMs: now() })));
    filled += missed.length;
  }
  const token = page.nextPageToken ?? new Uint8Array();
  return {
    next: token.length > 0 ? Buffer.from(token).toString('base64') : null,
    stripeCalls: 0,
    counts: { payments, filled },
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
