import { type Client, isGrpcServiceError } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { parsePaymentId } from '../domain/ids.js';
import type { PaymentStatus } from '../domain/payment/index.js';
import { WorkflowExecutionStatus } from '../temporal/proto.js';
import { invalid } from './errors.js';
import { asUnavailable } from './temporal-errors.js';

/** gRPC's INVALID_ARGUMENT. */
const INVALID_ARGUMENT = 3;

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
    next_cursor: next.length > 0 ? Buffer.from(next).toString('base64url') : null,
  };
}

async function fetchPage(client: Client, query: ListQuery) {
  try {
    return await client.workflowService.listWorkflowExecutions({
      namespace: client.options.namespace,
      query: toVisibilityQuery(query),
      pageSize: query.limit,
      ...(query.cursor === undefined ? {} : { nextPageToken: Buffer.from(query.cursor, 'base64url') }),
    });
  } catch (error) {
    if (query.cursor !== undefined && isGrpcServiceError(error) && error.code === INVALID_ARGUMENT) {
      throw invalid([{ path: 'cursor', message: 'not a next_cursor of this list' }]);
    }
    throw asUnavailable(error, 'Temporal did not answer. Ask again.');
  }
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
