import { randomInt } from 'node:crypto';
import type { Client } from '@temporalio/client';
import {
  DefaultLogger,
  GracefulShutdownPeriodExpiredError,
  type NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { createBackgroundActivities } from './activities/background.js';
import { createInternalActivities } from './activities/internal.js';
import { createPaymentActivities } from './activities/payments.js';
import { createRecordSinks } from './activities/recording.js';
import { type Account, type Config, loadConfig } from './config/index.js';
import { LANE_CLASSES, type LaneClass, laneQueue } from './domain/lanes.js';
import { CutOffError, failure, isMain, type Running, runAsProcess } from './process.js';
import { type OnMissed, openStore, PastPayments, Records, type Store } from './store/index.js';
import { StripeGateway } from './stripe/gateway.js';
import { StripeLists } from './stripe/lists.js';
import { Counters } from './telemetry/counters.js';
import { createLogger, type Logger } from './telemetry/logger.js';
import { connectClient, connectWorker } from './temporal/connect.js';
import { prepareNamespace } from './temporal/prepare.js';
import { keepSweepSchedule } from './temporal/sweep-schedule.js';
import { workflowCode } from './workflow-code.js';
import { MAIN_QUEUE } from './workflows/messages.js';

/** Time for calls under way to finish after the last poll: above Stripe's own time-out, so that none is cut off. */
const GRACE_OVER_STRIPE_MS = 10_000;

/** What has not ended by itself after that is given this long to take its cancellation, and then left. */
const FORCE_OVER_GRACE_MS = 5_000;

/** For what waits for the store to be written, within the time that connections have to close; closing it takes the rest. */
const STORE_CLOSES_WITHIN_MS = 2_000;

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
  /** Where requests to Stripe are counted. */
  readonly counters: Counters;
  /** Shared with the other parts of this process, one of which closes it; without it this part opens its own. */
  readonly store?: Store;
}

/** Starts the workers of this process: one for workflows, and one for each lane of each account. */
export async function startWorker(
  config: Config,
  options: WorkerOptions = { ownServer: false, counters: new Counters() },
): Promise<Running> {
  const logger = createLogger(config.logLevel, 'worker');
  installRuntime(logger);
  const client = await connectClient(config);
  const { deployment } = await prepareNamespace(client, config, options.ownServer);
  const connection = await connectWorker(config);
  const store = options.store ?? openStore({ config, logger, mayEmbed: false });
  const told = recordsOf(store, deployment, logger, options.counters);
  const { counters } = options;
  const workers = await createWorkers({ config, connection, client, logger, counters, deployment, store, ...told });

  const { failed, fail } = failure();
  const runs = workers.map((worker) => worker.run());
  for (const run of runs) run.catch(fail);
  const stopping = new AbortController();
  const schedule = keepSweepSchedule(client, config, deployment, logger, stopping.signal);
  schedule.catch((error) => stopping.signal.aborted || fail(error));
  logger.info({ queues: workers.map((w) => w.options.taskQueue) }, 'worker ready');
  return {
    failed,
    stopsWithinMs: workerStopsWithinMs(config),
    stop: async () => {
      stopping.abort();
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      const ends = await Promise.allSettled([...runs, schedule]);
      const cutOff = ends.some((end) => end.status === 'rejected' && isCutOff(end.reason));
      const written = told.records.close(STORE_CLOSES_WITHIN_MS);
      const closed = options.store === undefined ? written.then(() => store.close()) : written;
      if (cutOff) await closed;
      // What a worker left behind may still hold on to its connection, and the process ends anyway.
      if (cutOff) throw new CutOffError('work under way did not end in time; Temporal gives it to another worker');
      await connection.close();
      await client.connection.close();
      await closed;
    },
  };
}

function isCutOff(error: unknown): boolean {
  return error instanceof GracefulShutdownPeriodExpiredError;
}

interface Told {
  readonly records: Records;
  readonly past: PastPayments;
}

/** What this worker tells the store, and asks it. */
function recordsOf(store: Store, deployment: string, logger: Logger, counters: Counters): Told {
  const onMissed: OnMissed = (what, count) => counters.add('penstock_store_missed_total', { what }, count);
  const parts = { store, deployment, logger, onMissed, now: Date.now };
  return { records: new Records(parts), past: new PastPayments({ ...parts, now: () => performance.now() }) };
}

interface WorkerParts extends Told {
  readonly config: Config;
  readonly connection: NativeConnection;
  readonly client: Client;
  readonly logger: Logger;
  readonly counters: Counters;
  readonly deployment: string;
  readonly store: Store;
}

async function createWorkers(parts: WorkerParts): Promise<Worker[]> {
  const { config, connection, client, logger, counters, deployment, store, records, past } = parts;
  const { stripe_timeout_ms } = config.policy.payments;
  const gateway = new StripeGateway({
    accounts: config.accounts,
    timeoutMs: stripe_timeout_ms,
    now: Date.now,
    meter: (account, endpoint) => {
      counters.add('penstock_stripe_requests_total', { account, endpoint });
      records.request({ account, endpoint, lane: 'any', outcome: 'sent' });
    },
  });
  const { namespace } = config.temporal;
  const shutdownGraceTime = stripe_timeout_ms + GRACE_OVER_STRIPE_MS;
  const shutdownForceTime = shutdownGraceTime + FORCE_OVER_GRACE_MS;
  const common = { connection, namespace, shutdownGraceTime, shutdownForceTime };

  const random = () => randomInt(2 ** 32) / 2 ** 32;
  const exchange = { gateway, past, now: Date.now, random };
  const payments = createPaymentActivities(exchange);
  const deliver = { client, deployment, policy: config.policy.payments };
  const background = createBackgroundActivities({ ...exchange, lists: new StripeLists(gateway), deliver, store });
  const lanes = config.accounts.flatMap((account) => LANE_CLASSES.map((lane) => ({ account, lane })));
  return Promise.all([
    Worker.create({
      ...common,
      taskQueue: MAIN_QUEUE,
      ...workflowCode(),
      activities: createInternalActivities({ client, logger }),
      sinks: createRecordSinks(records),
      maxCachedWorkflows: CACHED_WORKFLOWS,
      stickyQueueScheduleToStartTimeout: CACHED_TASK_WAITS_MS,
    }),
    ...lanes.map(({ account, lane }) =>
      Worker.create({
        ...common,
        taskQueue: laneQueue(account.name, lane),
        activities: lane === 'background' ? { ...payments, ...background } : payments,
        maxConcurrentActivityTaskExecutions: CALLS_AT_ONCE,
        maxTaskQueueActivitiesPerSecond: rateOf(account, lane),
      }),
    ),
  ]);
}

/** The server takes the last poller's word for a queue's limit, so every worker must say the same. */
function rateOf(account: Account, lane: LaneClass): number {
  return account.laneRates[lane];
}

let runtimeInstalled = false;

/** Signals are this process's own affair: the runtime must not end workers before the API has drained. */
function installRuntime(logger: Logger): void {
  if (runtimeInstalled) return;
  runtimeInstalled = true;
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      // A lane is an activity-only queue by design.
      if (message.startsWith('No workflows registered')) return;
      const { error, ...rest } = (meta ?? {}) as { error?: unknown };
      logger[level === 'ERROR' ? 'error' : 'warn']({ ...rest, ...(error ? { err: error } : {}) }, message);
    }),
  });
}

if (isMain(import.meta.url)) await runAsProcess(() => startWorker(loadConfig()));
