import { randomInt } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';
import { createBackgroundActivities } from './activities/background.js';
import { createInternalActivities } from './activities/internal.js';
import { createPaymentActivities } from './activities/payments.js';
import { createRecordSinks } from './activities/recording.js';
import type { Config } from './config/index.js';
import { LANE_CLASSES, laneClassOf, laneQueue } from './domain/lanes.js';
import type { PastPayments, Records, Store } from './store/index.js';
import { StripeGateway } from './stripe/gateway.js';
import { StripeLists } from './stripe/lists.js';
import type { StripeMeter } from './stripe/meter.js';
import type { Logger } from './telemetry/logger.js';
import type { Metrics } from './telemetry/metrics.js';
import { metricsSinks } from './temporal/sdk-metrics.js';
import { safeRate, type WorkerBudgets } from './worker-budgets.js';
import { workflowCode } from './workflow-code.js';
import { MAIN_QUEUE } from './workflows/messages.js';

/** Workflows kept in memory between their tasks; beyond it the least used is replayed when it is needed again. */
const CACHED_WORKFLOWS = 1_000;

/**
 * How long a task waits for the worker that has its workflow in memory. The payments of a worker that was killed wait for
 * this long before another one goes on with them (the SDK's default is 10 s); those of one that is only busy are replayed
 * elsewhere after it, some 15 events each.
 */
const CACHED_TASK_WAITS_MS = 3_000;

/** What Temporal gives a task that says nothing of its priority. */
const DEFAULT_PRIORITY = 3;

const DAY_MS = 24 * 60 * 60_000;

/** Stripe calls of one lane under way in this worker at once. */
const CALLS_AT_ONCE = 100;

/** What this process's queues are served with. */
export interface QueueParts {
  readonly config: Config;
  readonly connection: NativeConnection;
  readonly client: Client;
  readonly deployment: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly budgets: WorkerBudgets;
  readonly store: Store;
  readonly records: Records;
  readonly past: PastPayments;
  /** How long calls under way may take to finish, ms, and how long what has not is then given. */
  readonly graceMs: number;
  readonly forceMs: number;
}

/** One worker for workflows, and one for each lane of each account. */
export async function serveQueues(parts: QueueParts): Promise<Worker[]> {
  const { config, connection, client, metrics } = parts;
  const common = {
    connection,
    namespace: config.temporal.namespace,
    shutdownGraceTime: parts.graceMs,
    shutdownForceTime: parts.graceMs + parts.forceMs,
  };
  const { payments, background } = laneActivities(parts);
  return Promise.all([
    Worker.create({
      ...common,
      taskQueue: MAIN_QUEUE,
      ...workflowCode(),
      activities: createInternalActivities({ client, logger: parts.logger }),
      maxCachedWorkflows: CACHED_WORKFLOWS,
      stickyQueueScheduleToStartTimeout: CACHED_TASK_WAITS_MS,
      sinks: { ...createRecordSinks(parts.records), ...metricsSinks(metrics) },
    }),
    ...config.accounts.flatMap((account) =>
      LANE_CLASSES.map((lane) =>
        Worker.create({
          ...common,
          taskQueue: laneQueue(account.name, lane),
          activities: lane === 'background' ? { ...payments, ...background } : payments,
          maxConcurrentActivityTaskExecutions: CALLS_AT_ONCE,
          maxTaskQueueActivitiesPerSecond: safeRate(account, lane),
        }),
      ),
    ),
  ]);
}

/** What the lanes can do: the calls of payments in both, those of jobs in the one that yields. */
function laneActivities({ config, client, deployment, metrics, budgets, store, records, past }: QueueParts) {
  const gateway = new StripeGateway({
    accounts: config.accounts,
    timeoutMs: config.policy.payments.stripe_timeout_ms,
    now: Date.now,
    meter: meterOf(metrics, records),
    admit: budgets.admit,
    place: () => {
      const { priority, taskQueue } = Context.current().info;
      return {
        priority: priority?.priorityKey ?? DEFAULT_PRIORITY,
        merchant: priority?.fairnessKey ?? '',
        lane: laneClassOf(taskQueue) ?? '',
      };
    },
  });
  const exchange = { gateway, past, now: Date.now, random: () => randomInt(2 ** 32) / 2 ** 32 };
  return {
    payments: createPaymentActivities(exchange),
    background: createBackgroundActivities({
      ...exchange,
      lists: new StripeLists(gateway),
      deliver: { client, deployment, policy: config.policy.payments },
      store,
      keptForMs: config.temporal.minRetentionDays * DAY_MS,
    }),
  };
}

/** Each request is shown at once, and kept by the minute once its outcome is known. */
function meterOf(metrics: Metrics, records: Records): StripeMeter {
  return {
    requested: (...request) => metrics.stripe.requested(...request),
    answered: (account, lane, endpoint, outcome, cause, seconds) => {
      metrics.stripe.answered(account, lane, endpoint, outcome, cause, seconds);
      records.request({ account, lane, endpoint, outcome: cause === '' ? outcome : cause });
    },
  };
}
