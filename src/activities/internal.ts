import { Context } from '@temporalio/activity';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { isDue } from '../domain/overdue.js';
import type { Logger } from '../telemetry/logger.js';
import { tellWorkflow } from '../temporal/tell-workflow.js';
import { intentTold, lookYourself } from '../workflows/messages.js';
import { FINGERPRINT } from '../workflows/payment-start.js';
import { ACCOUNT, STATUS } from '../workflows/search-attributes.js';
import type { InternalActivities, ListOverdueInput, OverdueBatch, OverduePayment } from './types.js';

export interface InternalActivityParts {
  readonly client: Client;
  readonly logger: Logger;
}

/** How many overdue payments are told of at once: their ids fit well into one activity's result. */
const BATCH = 500;
/** How many open payments are gone through for them: many may wait without being due. */
const MOST_SCANNED = 5_000;

/** The activities of the main queue: they speak to Temporal and to people, never to Stripe. */
export function createInternalActivities(parts: InternalActivityParts): InternalActivities {
  const { client, logger } = parts;
  return {
    listOverdue: (input) => listOverdue(parts, input),

    async forgetSweeps({ endedBeforeMs }) {
      try {
        await forgetSweeps(client, endedBeforeMs);
      } catch (error) {
        // Housekeeping: where deleting is not allowed, sweeping goes on all the same.
        logger.warn({ err: error }, 'old sweeps could not be deleted');
      }
    },

    async tellPayments({ told, lookYourself: alone }) {
      // One id for each payment and sweep: a second try tells nobody twice.
      const sweepRun = Context.current().info.workflowExecution?.runId ?? '';
      let reached = 0;
      for (const { id, intent } of told) {
        if (await tellWorkflow(client, id, intentTold.name, intent, `${sweepRun}/${id}`)) reached += 1;
      }
      for (const id of alone) await tellWorkflow(client, id, lookYourself.name, undefined, `${sweepRun}/${id}`);
      return { told: reached };
    },

    async comparePayments({ payments }) {
      const same: boolean[] = [];
      for (const { id, fingerprint } of payments) same.push((await fingerprintOf(client, id)) === fingerprint);
      return same;
    },

    async alert({ text, ...fields }) {
      logger.error({ incident: fields }, text);
    },
  };
}

async function fingerprintOf(client: Client, payment: string): Promise<unknown> {
  try {
    return (await client.workflow.getHandle(payment).describe()).memo?.[FINGERPRINT];
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** How many old runs of sweeps and budgets one call deletes; what is left over goes with the next. */
const SWEEPS_AT_ONCE = 500;

async function forgetSweeps(client: Client, endedBeforeMs: number): Promise<void> {
  const before = new Date(endedBeforeMs).toISOString();
  const query = `WorkflowType IN ('sweep', 'budget') AND ExecutionStatus != 'Running' AND CloseTime < '${before}'`;
  let count = 0;
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    await client.workflowService.deleteWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: { workflowId, runId },
    });
    count += 1;
    if (count >= SWEEPS_AT_ONCE) return;
  }
}

async function listOverdue(
  { client }: InternalActivityParts,
  { sweptAtMs, overdueMs, nowMs, startedUpToMs }: ListOverdueInput,
): Promise<OverdueBatch> {
  const upTo = new Date(startedUpToMs).toISOString();
  const query = `WorkflowType = 'payment' AND ExecutionStatus = 'Running' AND StartTime <= '${upTo}'`;
  const payments: OverduePayment[] = [];
  let scanned = 0;
  let previousMs = Number.POSITIVE_INFINITY;
  for await (const run of client.workflow.list({ query, pageSize: 1_000 })) {
    const startedAtMs = run.startTime.getTime();
    scanned += 1;
    // A batch ends between two start times, so that the next one, going on from there, leaves none out. The server's
    // times have microseconds: rounded up, so that this one is in the next batch.
    const full = payments.length >= BATCH || scanned > MOST_SCANNED;
    if (full && startedAtMs < previousMs) return { payments, goOnFromMs: startedAtMs + 1 };
    previousMs = startedAtMs;
    const attributes = run.typedSearchAttributes;
    const account = attributes.get(ACCOUNT) ?? '';
    if (!isDue(startedAtMs, sweptAtMs[account] ?? 0, nowMs, overdueMs)) continue;
    payments.push({
      id: run.workflowId,
      account,
      status: attributes.get(STATUS) ?? '',
      startedAtMs,
    });
  }
  return { payments, goOnFromMs: null };
}
