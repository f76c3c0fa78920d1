import type { Client } from '@temporalio/client';
import { isDue } from '../domain/overdue.js';
import type { Logger } from '../telemetry/logger.js';
import { tellPayment } from '../temporal/tell-payment.js';
import { intentTold, lookYourself } from '../workflows/messages.js';
import { ACCOUNT, STATUS } from '../workflows/search-attributes.js';
import type { InternalActivities, ListOverdueInput, OverdueBatch, OverduePayment } from './types.js';

export interface InternalActivityParts {
  readonly client: Client;
  readonly logger: Logger;
}

/** How many overdue payments are looked for at once: their ids fit well into one activity's result. */
const BATCH = 500;

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
      let reached = 0;
      for (const { id, intent } of told) {
        if (await tellPayment(client, id, intentTold.name, intent, undefined)) reached += 1;
      }
      for (const id of alone) await tellPayment(client, id, lookYourself.name, undefined, undefined);
      return { told: reached };
    },

    async alert({ text, ...fields }) {
      logger.error({ incident: fields }, text);
    },
  };
}

/** How many old sweeps one call deletes; what is left over goes with the next. */
const SWEEPS_AT_ONCE = 500;

async function forgetSweeps(client: Client, endedBeforeMs: number): Promise<void> {
  const before = new Date(endedBeforeMs).toISOString();
  const query = `WorkflowType = 'sweep' AND ExecutionStatus != 'Running' AND CloseTime < '${before}'`;
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
  for await (const run of client.workflow.list({ query })) {
    const startedAtMs = run.startTime.getTime();
    // A batch ends between two start times, so that the next one, going on from there, leaves none out.
    const last = payments.at(-1);
    if (payments.length >= BATCH && last !== undefined && startedAtMs < last.startedAtMs) {
      // The server's times have microseconds: rounded up, so that this one is in the next batch.
      return { payments, goOnFromMs: startedAtMs + 1 };
    }
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
