import type { WorkflowHandle } from '@temporalio/client';
import type { JobView } from '../../../src/api/background-schemas.js';
import { SIMULATOR_KEY } from '../../../src/config/accounts.js';
import { budgetId } from '../../../src/domain/ids.js';
import { booksOf, type LedgerEntry } from '../../../src/store/index.js';
import { openPostgres } from '../../../src/store/postgres.js';
import { BudgetIssuer } from '../../../src/temporal/budget-issuer.js';
import { SWEEP_SCHEDULE } from '../../../src/temporal/sweep-schedule.js';
import type { SweepResult } from '../../../src/workflows/messages.js';
import { aPayment } from '../../support/api-client.js';
import { BudgetAskers } from '../../support/budget-askers.js';
import type { Stack } from '../../support/stack.js';
import { until } from '../../support/until.js';
import { contentsOf, toPlain } from '../histories.js';
import { DROPPED, type Paths, SWEPT } from './path.js';

const nowSeconds = () => Math.floor(Date.now() / 1000);

/** Asks for a job of all that has happened since `from` (Unix seconds), and waits for its end. */
async function job(stack: Stack, from: number, asked: object): Promise<string[]> {
  const to = nowSeconds() + 1;
  await until(() => nowSeconds() >= to);
  const { body } = await stack.api.call<JobView>('POST', '/v1/jobs', { account: 'default', from, to, ...asked });
  await stack.temporal.workflow.getHandle(body.id).result();
  return [body.id];
}

/** A recovery of lost webhooks that has begun. */
async function recovery(stack: Stack): Promise<WorkflowHandle> {
  const asked = { type: 'webhook_recovery', account: 'default' };
  const { body } = await stack.api.call<JobView>('POST', '/v1/jobs', asked);
  return stack.temporal.workflow.getHandle(body.id);
}

/** Which try of its step is next, or under way. */
async function triesOf(handle: WorkflowHandle): Promise<number> {
  const [pending] = (await handle.describe()).raw.pendingActivities ?? [];
  return pending?.attempt ?? 0;
}

async function callOff(stack: Stack, { workflowId }: WorkflowHandle): Promise<void> {
  await stack.api.call('POST', `/v1/jobs/${workflowId}/cancel`);
}

/** A charge that is booked and that Stripe has never heard of. */
async function bookNobodys(stack: Stack): Promise<void> {
  const [occurredAtMs, recordedAtMs] = [Date.now(), Date.now()];
  const money = { amount: 700, currency: 'eur', status: 'succeeded', occurredAtMs, recordedAtMs };
  const whose = { account: 'default', payment: 'pay.acme.nobody', intent: 'pi_of_nobody' };
  await book(stack, [{ ...money, ...whose, id: 'ch_of_nobody', kind: 'charge' }]);
}

async function book(stack: Stack, entries: readonly LedgerEntry[]): Promise<void> {
  const database = openPostgres(stack.config.databaseUrl ?? '');
  await booksOf(database, await stack.deployment()).ledger.record(entries);
  await database.close();
}

/** The server suggests to go on as new after so many events: a run of two thousand would be a long read. */
const runsOf = (events: number) => ['--dynamic-config-value', `limit.historyCount.suggestContinueAsNew=${events}`];
const SHORT_RUNS = runsOf(40);
/** Of some two steps of a job. */
const SHORTER_RUNS = runsOf(15);

/** An issuer's run that went on in another, and that one, which is asked by those who had asked before. */
async function continued(stack: Stack) {
  const id = budgetId('continues');
  const askers = new BudgetAskers(new BudgetIssuer(stack.temporal, 'continues'));
  const runOf = async () => (await stack.temporal.workflow.getHandle(id).describe()).runId;
  await askers.ask('a', { reads: 2 });
  const run = await runOf();
  let next = run;
  await until(async () => {
    await askers.ask('a', { reads: 1 });
    await askers.ask('b');
    next = await runOf();
    return next !== run;
  });
  for (const worker of ['a', 'b', 'c']) await askers.ask(worker);
  return [
    { id, run },
    { id, run: next },
  ] as const;
}

/** The last run of a workflow that went on as new, and the one before it. */
async function lastRuns(stack: Stack, id: string) {
  const { runId } = await stack.temporal.workflow.getHandle(id).describe();
  const { events } = await stack.temporal.workflow.getHandle(id, runId).fetchHistory();
  const before = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? '';
  return [
    { id, run: before },
    { id, run: runId },
  ] as const;
}

/** A sync that goes on in another run: each of its kinds is a step, though there is nothing of it. */
async function continuedSync(stack: Stack) {
  const [id = ''] = await job(stack, nowSeconds(), { type: 'sync' });
  return lastRuns(stack, id);
}

/** Batches, jobs, and what the sweep does of them. */
export const BACKGROUND: Paths = {
  batch: {
    async go(stack) {
      const [same, other, fresh] = [1, 2, 3].map(() => aPayment({ priority: 'renewal' }));
      await stack.api.create({ ...same });
      await stack.api.create({ ...other, amount: 4_711 });
      const asked = { payments: [same, other, fresh] };
      const { body } = await stack.api.call<{ id: string }>('POST', '/v1/batches', asked);
      await stack.temporal.workflow.getHandle(body.id).result();
      return [body.id];
    },
    holds: ['payment', 'comparePayments'],
  },
  'batch-goes-on': {
    async go(stack) {
      // A run starts 250 of them, and is too long to be kept here.
      const payments = Array.from({ length: 255 }, () => aPayment({ priority: 'renewal' }));
      const { body } = await stack.api.call<{ id: string }>('POST', '/v1/batches', { payments });
      await stack.temporal.workflow.getHandle(body.id).result();
      const [, next] = await lastRuns(stack, body.id);
      return [next];
    },
    holds: ['payment'],
  },
  'lost-webhooks': {
    async go(stack) {
      const from = nowSeconds();
      await stack.simulator.faults({ webhooks: DROPPED });
      const { id } = await stack.api.pay(aPayment());
      const ids = await job(stack, from, { type: 'webhook_recovery' });
      await stack.closed(id);
      return [...ids, id];
    },
    holds: ['recoverWebhooks'],
  },
  'called-off-between-tries': {
    async go(stack) {
      const limited = { kind: 'reject' as const, endpoint: 'events.list', status: 429 as const };
      await stack.simulator.faults({ requests: [{ ...limited, reason: 'resource-specific' }] });
      const handle = await recovery(stack);
      await until(async () => (await triesOf(handle)) > 1);
      await callOff(stack, handle);
      await handle.result().catch(() => undefined);
      return [handle.workflowId];
    },
    holds: ['recoverWebhooks', 'callsUnderWay', 'ACTIVITY_TASK_CANCELED'],
  },
  'called-off-amid-a-call': {
    async go(stack) {
      await stack.simulator.faults({ requests: [{ kind: 'hold_before', endpoint: 'events.list', times: 1 }] });
      const handle = await recovery(stack);
      await stack.simulator.untilHeld();
      await callOff(stack, handle);
      await until(async () => contentsOf(toPlain(await handle.fetchHistory())).includes('callsUnderWay'));
      await stack.simulator.release();
      // Its last page was read to the end.
      await handle.result();
      return [handle.workflowId];
    },
    holds: ['recoverWebhooks', 'callsUnderWay'],
  },
  'recovered-by-the-sweep': {
    async go(stack) {
      await stack.simulator.faults({ webhooks: DROPPED });
      const { id } = await stack.api.pay(aPayment());
      await stack.closed(id);
      let sweeps: string[] = [];
      await until(async () => {
        const found = [];
        for await (const run of stack.temporal.workflow.list({ query: "WorkflowType = 'sweep'" })) {
          if (run.status.name !== 'COMPLETED') continue;
          const result = await stack.temporal.workflow.getHandle(run.workflowId, run.runId).result();
          const { overdue, stripeCalls } = result as SweepResult;
          if (overdue > 0 && stripeCalls > 0) found.push(run.workflowId);
        }
        sweeps = found.slice(-1);
        return sweeps.length > 0;
      });
      return sweeps;
    },
    policy: SWEPT,
    holds: ['recoverWebhooks'],
  },
  'recovered-at-the-hour': {
    async go(stack) {
      // The first of an hour asks for every account, though nothing is overdue.
      await stack.temporal.schedule.getHandle(SWEEP_SCHEDULE).trigger();
      let swept: string | undefined;
      await until(async () => {
        const query = "WorkflowType = 'sweep' AND ExecutionStatus = 'Completed'";
        for await (const { workflowId } of stack.temporal.workflow.list({ query })) swept = workflowId;
        return swept !== undefined;
      });
      return swept === undefined ? [] : [swept];
    },
    holds: ['listOverdue', 'recoverWebhooks', 'forgetSweeps'],
  },
  budget: {
    async go(stack) {
      const issuer = stack.temporal.workflow.getHandle(budgetId('default'));
      const counted = async (kind: string) => {
        const { events } = toPlain(await issuer.fetchHistory());
        return events.filter(({ eventType }) => eventType === `EVENT_TYPE_WORKFLOW_EXECUTION_${kind}`).length;
      };
      // Two workers ask, and one of them leaves.
      const other = stack.anotherWorker();
      await other.start();
      await stack.paid();
      await until(async () => (await counted('UPDATE_COMPLETED')) >= 4);
      await other.stop();
      await until(async () => (await counted('SIGNALED')) >= 1);
      const before = await counted('UPDATE_COMPLETED');
      await until(async () => (await counted('UPDATE_COMPLETED')) > before);
      return [issuer.workflowId];
    },
    holds: [],
  },
  'budget-ends-a-run': {
    go: async (stack) => {
      const [ended] = await continued(stack);
      return [ended];
    },
    serverFlags: SHORT_RUNS,
    holds: ['WORKFLOW_EXECUTION_CONTINUED_AS_NEW'],
  },
  'budget-goes-on': {
    go: async (stack) => {
      const [, next] = await continued(stack);
      return [next];
    },
    serverFlags: SHORT_RUNS,
    holds: [],
  },
  sync: {
    async go(stack) {
      const from = nowSeconds();
      await stack.stripe.customers.create({});
      return job(stack, from, { type: 'sync', objects: ['customers', 'disputes'] });
    },
    store: true,
    holds: ['syncObjects', 'syncObjects', 'recordEnd'],
  },
  'sync-ends-a-run': {
    go: async (stack) => {
      const [ended] = await continuedSync(stack);
      return [ended];
    },
    store: true,
    serverFlags: SHORTER_RUNS,
    holds: ['syncObjects', 'WORKFLOW_EXECUTION_CONTINUED_AS_NEW'],
  },
  'sync-goes-on': {
    go: async (stack) => {
      const [, next] = await continuedSync(stack);
      return [next];
    },
    store: true,
    serverFlags: SHORTER_RUNS,
    holds: ['syncObjects', 'recordEnd'],
  },
  reconciliation: {
    async go(stack) {
      const from = nowSeconds();
      await stack.paid();
      await bookNobodys(stack);
      return job(stack, from, { type: 'reconciliation' });
    },
    store: true,
    holds: ['fillLedger', 'chooseReading', 'comparePage', 'listUnseen', 'compareUnseen', 'recordEnd'],
  },
  'reconciled-by-report': {
    async go(stack) {
      await stack.simulator.account(SIMULATOR_KEY, { report_takes_ms: 500 });
      const to = nowSeconds() - 3 * 86_400;
      // So many that lists would be more calls, and none of them expected at Stripe.
      const entry = { account: 'default', kind: 'refund' as const, status: 'failed', amount: 1, currency: 'eur' };
      const occurredAtMs = (to - 60) * 1_000;
      await book(
        stack,
        Array.from({ length: 1_300 }, (_, at) => ({
          ...entry,
          id: `re_${at}`,
          payment: null,
          intent: null,
          occurredAtMs,
          recordedAtMs: occurredAtMs,
        })),
      );
      const asked = { type: 'reconciliation', account: 'default', from: to - 86_400, to };
      const { body } = await stack.api.call<JobView>('POST', '/v1/jobs', asked);
      await stack.temporal.workflow.getHandle(body.id).result();
      return [body.id];
    },
    store: true,
    holds: ['chooseReading', 'askReport', 'lookAtReport', 'compareReport', 'listUnseen', 'recordEnd'],
  },
};
