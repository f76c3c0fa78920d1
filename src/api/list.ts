import { createHash } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { parsePaymentId } from '../domain/ids.js';
import type { PaymentStatus } from '../domain/payment/index.js';
import { WorkflowExecutionStatus } from '../temporal/proto.js';
import { invalid } from './errors.js';
import { asUnavailable } from './temporal-errors.js';

export interface ListQuery {
  readonly merchant?: string | undefined;
  readonly status?: PaymentStatus | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Only checked names reach this: nothing in it can end a quotation. */
function toVisibilityQuery({ merchant, status }: ListQuery): string {
  const clauses = ["WorkflowType = 'payment'"];
  if (merchant !== undefined) clauses.push(`merchant = '${merchant}'`);
  if (status === 'succeeded') {
    // A run that completed and never showed another end succeeded; its attribute still says what it last waited for.
    clauses.push("ExecutionStatus = 'Completed'", "status != 'failed'", "status != 'canceled'");
  } else if (status === 'failed' || status === 'canceled') {
    clauses.push(`status = '${status}'`);
  } else if (status !== undefined) {
    clauses.push("ExecutionStatus = 'Running'", `status = '${status}'`);
  }
  return clauses.join(' AND ');
}

/** Payments from Temporal's visibility, newest first; it trails the payments themselves by a moment. */
export async function listPayments(client: Client, query: ListQuery) {
  const page = await fetchPage(client, query);
  const data = (page.executions ?? []).map(toRow);
  const next = page.nextPageToken ?? new Uint8Array();
  return {
    object: 'list' as const,
    data,
    next_cursor: next.length > 0 ? toCursor(next) : null,
  };
}

/** How long Temporal has to list. */
const LIST_TIMEOUT_MS = 5_000;

async function fetchPage(client: Client, query: ListQuery) {
  const nextPageToken = query.cursor === undefined ? undefined : fromCursor(query.cursor);
  try {
    return await client.connection.withDeadline(Date.now() + LIST_TIMEOUT_MS, () =>
      client.workflowService.listWorkflowExecutions({
        namespace: client.options.namespace,
        query: toVisibilityQuery(query),
        pageSize: query.limit,
        ...(nextPageToken === undefined ? {} : { nextPageToken }),
      }),
    );
  } catch (error) {
    throw asUnavailable(error, 'Temporal did not answer. Ask again.');
  }
}

/**
 * A cursor is the server's page token with a checksum before it: the server answers a token that is not its own with an
 * internal error, which nobody could tell from an outage.
 */
const CHECKSUM_BYTES = 6;

function toCursor(token: Uint8Array): string {
  return Buffer.concat([checksum(token), token]).toString('base64url');
}

function fromCursor(cursor: string): Buffer {
  const bytes = Buffer.from(cursor, 'base64url');
  const token = bytes.subarray(CHECKSUM_BYTES);
  if (token.length > 0 && checksum(token).equals(bytes.subarray(0, CHECKSUM_BYTES))) return token;
  throw invalid([{ path: 'cursor', message: 'not a next_cursor of this list' }]);
}

function checksum(token: Uint8Array): Buffer {
  return createHash('sha256').update(token).digest().subarray(0, CHECKSUM_BYTES);
}

function toRow(run: temporal.api.workflow.v1.IWorkflowExecutionInfo) {
  const id = run.execution?.workflowId ?? '';
  const completed = run.status === WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED;
  const shown = String(attribute(run, 'status') ?? 'processing') as PaymentStatus;
  const succeeded = completed && shown !== 'failed' && shown !== 'canceled';
  return {
    object: 'payment' as const,
    id,
    merchant: parsePaymentId(id)?.merchant ?? '',
    reference: parsePaymentId(id)?.reference ?? '',
    status: succeeded ? ('succeeded' as const) : shown,
    amount: Number(attribute(run, 'amount') ?? 0),
    currency: String(attribute(run, 'currency') ?? ''),
    account: String(attribute(run, 'account') ?? ''),
    created_at: new Date(Number(run.startTime?.seconds ?? 0) * 1000).toISOString(),
  };
}

function attribute(run: temporal.api.workflow.v1.IWorkflowExecutionInfo, name: string): unknown {
  const data = run.searchAttributes?.indexedFields?.[name]?.data;
  return data ? JSON.parse(Buffer.from(data).toString()) : undefined;
}
