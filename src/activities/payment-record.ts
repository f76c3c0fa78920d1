import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { chargesOf, type Movement } from '../domain/ledger.js';
import type { payment } from '../workflows/index.js';
import { ACCOUNT } from '../workflows/search-attributes.js';
import type { FilledPage, FillInput } from './background-types.js';
import { booksFor, type KeptParts } from './kept-page.js';

/** A charge as a payment's own record has it. */
export type OwnRecord = Movement & { readonly occurredAtMs: number };

/** What a payment that has closed collected, by Temporal's record; nothing of any other. */
export async function recordOfPayment(client: Client, id: string): Promise<readonly OwnRecord[]> {
  const handle = client.workflow.getHandle<typeof payment>(id);
  try {
    const { status, closeTime } = await handle.describe();
    if (status.name !== 'COMPLETED' || closeTime === undefined) return [];
    const { state } = await handle.result();
    // When exactly it was captured Stripe has not shown; the ledger takes the time at which it was learned.
    return chargesOf(state).map((charge) => ({ ...charge, occurredAtMs: charge.occurredAtMs ?? closeTime.getTime() }));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  }
}

/** Closed payments looked through at once. */
const PAYMENTS = 200;

export interface FillParts extends KeptParts {
  readonly client: Client;
  readonly now: () => number;
}

/** Books what the payments that closed in the period collected and the ledger has nothing of. */
export async function fillLedger(parts: FillParts, input: FillInput): Promise<FilledPage> {
  const { client, now } = parts;
  const books = booksFor(parts);
  const page = await client.workflowService.listWorkflowExecutions({
    namespace: client.options.namespace,
    query: closedIn(input),
    pageSize: PAYMENTS,
    ...(input.token === null ? {} : { nextPageToken: Buffer.from(input.token, 'base64') }),
  });
  let filled = 0;
  let payments = 0;
  for (const { execution } of page.executions ?? []) {
    const id = execution?.workflowId ?? '';
    payments += 1;
    if ((await books.ledger.ofPayment(id)).length > 0) continue;
    const own = await recordOfPayment(client, id);
    await books.ledger.record(own.map((entry) => ({ ...entry, recordedAtMs: now() })));
    filled += own.length;
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
    "WorkflowType = 'payment'",
    `${ACCOUNT.name} = '${account}'`,
    "ExecutionStatus = 'Completed'",
    `CloseTime >= '${from}'`,
    `CloseTime < '${to}'`,
  ].join(' AND ');
}
