import { randomInt } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import {
  DefaultLogger,
  GracefulShutdownPeriodExpiredError,
  type NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { createInternalActivities } from './activities/internal.js';
import { createPaymentActivities } from './activities/payments.js';
import { type Account, type Config, loadConfig } from './config/index.js';
import { LANE_CLASSES, type LaneClass, laneClassOf, laneQueue } from './domain/lanes.js';
import { startMetricsServer } from './metrics-server.js';
import { CutOffError, failure, isMain, type Running, runAsProcess } from './process.js';
import { StripeGateway } from './stripe/gateway.js';
import { createLogger, type Logger } from './telemetry/logger.js';
import { Metrics } from './telemetry/metrics.js';
import { connectClient, connectWorker } from './temporal/connect.js';
import { keepLaneStats } from './temporal/lane-stats.js';
import { prepareNamespace } from './temporal/prepare.js';
import { metricsSinks, showSdkMetrics } from './temporal/sdk-metrics.js';
import { keepSweepSchedule } from './temporal/sweep-schedule.js';
import { workflowCode } from './workflow-code.js';
import { MAIN_QUEUE } from './workflows/messages.js';

/** Time for calls under way to finish after the last poll: above Stripe's own time-out, so that none is cut off. */
const GRACE_OVER_STRIPE_MS = 10_000;

/** What has not ended by itself after that is given this long to take its cancellation, and then left. */
const FORCE_OVER_GRACE_MS = 5_000;

/** For the connections to close, and for a Temporal server that does not answer the goodbye. */
const CLOSE_OVER_FORCE_MS = 5_000;

/** How long a worker takes to stop at the very most, ms: Stripe's time-out and 20 s, so 50 s by default, 100 s at most. */
export function workerStopsWithinMs({ policy }: Pick<Config, 'policy'>): number {
  return policy.payments.stripe_timeout_ms + GRACE_OVER_STRIPE_MS + FORCE_OVER_GRACE_MS + CLOSE_OVER_FORCE_MS;
}

/** Workflows kept in memory between their tasks; beyond it the least used is replayed when it is needed again. */
const CACHED_WORKFLOWS = 1_000;

/**
 * How long a task waits for the worker that has its workflow in memory. The payments of a worker that was killed wait for
 * this long before another one goes on with them (the SDK's default is 10 s); those of one that is only busy are replayed
 * elsewhere after it, some 15 events each.
 */
const CACHED_TASK_WAITS_MS = 3_000;

/** Stripe calls of one lane under way in this worker at once. */
const CALLS_AT_ONCE = 100;

export interface WorkerOptions {
  /** The server is this installation's own, and its namespace may be set up. */
  readonly ownServer: boolean;
  readonly metrics: Metrics;
  /** Somebody can read the metrics: what has to be asked for elsewhere, is. */
  readonly shown: boolean;
}

/** Starts the workers of this process: one for workflows, and one for each lane of each account. */
export async function startWorker(config: Config, options: WorkerOptions): Promise<Running> {
  const logger = createLogger(config.logLevel, 'worker');
  const { metrics, shown } = options;
  await installRuntime(logger, shown ? metrics : null);
  const client = await connectClient(config);
  const { deployment } = await prepareNamespace(client, config, options.ownServer);
  const connection = await connectWorker(config);
  const workers = await createWorkers(config, connection, client, logger, metrics);

  const { failed, fail } = failure();
  const runs = workers.map((worker) => worker.run());
  for (const run of runs) run.catch(fail);
  const stopping = new AbortController();
  const schedule = keepSweepSchedule(client, config, deployment, logger, stopping.signal);
  schedule.catch((error) => stopping.signal.aborted || fail(error));
  const stats = shown ? keepLaneStats(client, lanesOf(config), metrics, logger, stopping.signal) : null;
  stats?.catch((error) => stopping.signal.aborted || fail(error));
  logger.info({ queues: workers.map((w) => w.options.taskQueue) }, 'worker ready');
  return {
    failed,
    stopsWithinMs: workerStopsWithinMs(config),
    stop: async () => {
      stopping.abort();
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      const ends = await Promise.allSettled([...runs, schedule, stats]);
      const cutOff = ends.some((end) => end.status === 'rejected' && isCutOff(end.reason));
      // What a worker left behind may still hold on to its connection, and the process ends anyway.
      if (cutOff) throw new CutOffError('work under way did not end in time; Temporal gives it to another worker');
      await connection.close();
      await client.connection.close();
    },
  };
}

function isCutOff(error: unknown): boolean {
  return error instanceof GracefulShutdownPeriodExpiredError;
}

async function createWorkers(
  config: Config,
  connection: NativeConnection,
  client: Client,
  logger: Logger,
  metrics: Metrics,
): Promise<Worker[]> {
  const { stripe_timeout_ms } = config.policy.payments;
  const gateway = new StripeGateway({
    accounts: config.accounts,
    timeoutMs: stripe_timeout_ms,
    now: Date.now,
    meter: metrics.stripe,
    lane: () => laneClassOf(Context.current().info.taskQueue) ?? '',
  });
  const { namespace } = config.temporal;
  const shutdownGraceTime = stripe_timeout_ms + GRACE_OVER_STRIPE_MS;
  const shutdownForceTime = shutdownGraceTime + FORCE_OVER_GRACE_MS;
  const common = { connection, namespace, shutdownGraceTime, shutdownForceTime };

  const activities = createPaymentActivities({ gateway, now: Date.now, random: () => randomInt(2 ** 32) / 2 ** 32 });
  return Promise.all([
    Worker.create({
      ...common,
      taskQueue: MAIN_QUEUE,
      ...workflowCode(),
      activities: createInternalActivities({ client, logger }),
      maxCachedWorkflows: CACHED_WORKFLOWS,
      stickyQueueScheduleToStartTimeout: CACHED_TASK_WAITS_MS,
      sinks: { ...metricsSinks(metrics) },
    }),
    ...config.accounts.flatMap((account) =>
      LANE_CLASSES.map((lane) =>
        Worker.create({
          ...common,
          taskQueue: laneQueue(account.name, lane),
          activities,
          maxConcurrentActivityTaskExecutions: CALLS_AT_ONCE,
          maxTaskQueueActivitiesPerSecond: rateOf(account, lane),
        }),
      ),
    ),
  ]);
}

/** The server takes the last poller's word for a queue's limit, so every worker must say the same. */
function rateOf(account: Account, lane: LaneClass): number {
  return account.laneRates[lane];
}

function lanesOf({ accounts }: Config) {
  return accounts.flatMap(({ name }) => LANE_CLASSES.map((lane) => ({ account: name, lane })));
}

let runtimeInstalled = false;

/** Signals are this process's own affair: the runtime must not end workers before the API has drained. */
async function installRuntime(logger: Logger, metrics: Metrics | null): Promise<void> {
  if (runtimeInstalled) return;
  runtimeInstalled = true;
  const telemetryOptions = metrics === null ? {} : await showSdkMetrics(metrics);
  Runtime.install({
    shutdownSignals: [],
    telemetryOptions,
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      // A lane is an activity-only queue by design.
      if (message.startsWith('No workflows registered')) return;
      const { error, ...rest } = (meta ?? {}) as { error?: unknown };
      logger[level === 'ERROR' ? 'error' : 'warn']({ ...rest, ...(error ? { err: error } : {}) }, message);
    }),
  });
}

/** A worker as a process of its own, with a port for its metrics where one is configured. */
async function startWorkerProcess(config: Config): Promise<Running> {
  const { host } = config;
  const { port } = config.metrics;
  const metrics = Metrics.ofProcess(config.metrics);
  // First, so that a port which is taken is known before work is.
  const page = port === undefined ? null : await startMetricsServer(metrics, { host, port });
  const worker = await startWorker(config, { ownServer: false, metrics, shown: page !== null });
  if (page === null) return worker;
  const { failed, fail } = failure();
  for (const part of [worker, page]) part.failed.catch(fail);
  const stop = async () => {
    // What a worker counts while it drains is worth showing.
    await worker.stop().finally(() => page.stop());
  };
  return { ...worker, failed, stop };
}

if (isMain(import.meta.url)) await runAsProcess(() => startWorkerProcess(loadConfig()));
