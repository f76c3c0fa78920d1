import { Context } from '@temporalio/activity';
import { type Client, isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { isDue } from '../domain/overdue.js';
import type { Logger } from '../telemetry/logger.js';
import { tellWorkflow } from '../temporal/tell-workflow.js';
import { intentTold, lookYourself } from '../workflows/messages.js';
import { FINGERPRINT } from '../workflows/payment-start.js';
import { ACCOUNT, STATUS } from '../workflows/search-attributes.js';
import { callsUnderWay } from './calls-under-way.js';
import type { ForgetInput, InternalActivities, ListOverdueInput, OverdueBatch, OverduePayment } from './types.js';

export interface InternalActivityParts {
  readonly client: Client;
  readonly logger: Logger;
  /** Unix ms. */
  readonly now?: () => number;
}

/** How many overdue payments are told of at once: their ids fit well into one activity's result. */
const BATCH = 500;
/** How many open payments are gone through for them: many may wait without being due. */
const MOST_SCANNED = 5_000;

/** The activities of the main queue: they speak to Temporal and to people, never to Stripe. */
export function createInternalActivities(parts: InternalActivityParts): InternalActivities {
  const { client, logger, now = Date.now } = parts;
  return {
    listOverdue: (input) => listOverdue(parts, input),

    async forgetSweeps(input) {
      try {
        await forgetRuns(client, input, now);
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

    callsUnderWay: () => callsUnderWay(client),

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

/** gRPC's NOT_FOUND. */
const NOT_FOUND = 5;

/** How many old runs one call deletes: an hour's of some thirty busy accounts. What is left over goes with the next. */
const RUNS_AT_ONCE = 5_000;
/** Deleted side by side. */
const DELETES_AT_ONCE = 20;
/** Well within the activity's time. */
const FORGETTING_MS = 40_000;

/** Deletes the runs of sweeps and budgets that ended so long ago: there is one every minute, and many an hour of a budget. */
async function forgetRuns(client: Client, input: ForgetInput, now: () => number): Promise<void> {
  const { endedBeforeMs, budgetsEndedBeforeMs = endedBeforeMs } = input;
  const endsAtMs = now() + FORGETTING_MS;
  const [sweeps, budgets] = [endedBeforeMs, budgetsEndedBeforeMs].map((ms) => new Date(ms).toISOString());
  const query =
    `ExecutionStatus != 'Running' AND (WorkflowType = 'sweep' AND CloseTime < '${sweeps}' ` +
    `OR WorkflowType = 'budget' AND CloseTime < '${budgets}')`;
  const runs = client.workflow.list({ query, pageSize: 1_000 })[Symbol.asyncIterator]();
  let left = RUNS_AT_ONCE;
  const take = async (): Promise<void> => {
    while (left > 0 && now() < endsAtMs) {
      left -= 1;
      const { done, value } = await runs.next();
      if (done) return;
      await forgetRun(client, value);
    }
  };
  // Where one is not allowed, none is.
  const stop = (error: unknown) => {
    left = 0;
    throw error;
  };
  await Promise.all(Array.from({ length: DELETES_AT_ONCE }, () => take().catch(stop)));
}

async function forgetRun(client: Client, { workflowId, runId }: { workflowId: string; runId: string }): Promise<void> {
  const { namespace } = client.options;
  try {
    await client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId, runId } });
  } catch (error) {
    // Visibility trails: it is gone already.
    if (!isGrpcServiceError(error) || error.code !== NOT_FOUND) throw error;
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
