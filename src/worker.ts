import { GracefulShutdownPeriodExpiredError } from '@temporalio/worker';
import { now, setTimer } from './clock.js';
import { type Config, loadConfig } from './config/index.js';
import { LANE_CLASSES } from './domain/lanes.js';
import { withMetricsPort } from './metrics-server.js';
import { CutOffError, failure, isMain, type Running, runAsProcess } from './process.js';
import { installRuntime } from './runtime.js';
import { openStore, PastPayments, Records, type Store } from './store/index.js';
import { createLogger } from './telemetry/logger.js';
import { Metrics } from './telemetry/metrics.js';
import { connectClient, connectWorker } from './temporal/connect.js';
import { keepLaneStats } from './temporal/lane-stats.js';
import { prepareNamespace } from './temporal/prepare.js';
import { keepSweepSchedule } from './temporal/sweep-schedule.js';
import { openBudgets } from './worker-budgets.js';
import { serveQueues } from './worker-queues.js';

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

/** For what waits for the store to be written, within the time that connections have to close; closing it takes the rest. */
const STORE_CLOSES_WITHIN_MS = 2_000;

export interface WorkerOptions {
  /** The server is this installation's own, and its namespace may be set up. */
  readonly ownServer: boolean;
  readonly metrics: Metrics;
  /** Somebody can read the metrics: what has to be asked for elsewhere, is. */
  readonly shown: boolean;
  /** Shared with the other parts of this process, one of which closes it; without it this part opens its own. */
  readonly store?: Store;
}

/** Starts the workers of this process: one for workflows, and one for each lane of each account. */
export async function startWorker(config: Config, options: WorkerOptions): Promise<Running> {
  const logger = createLogger(config.logLevel, 'worker');
  const { metrics, shown } = options;
  await installRuntime(logger, shown ? metrics : null);
  const client = await connectClient(config);
  const { deployment } = await prepareNamespace(client, config, options.ownServer);
  const connection = await connectWorker(config);
  const budgets = openBudgets(client, config.accounts, logger, metrics);
  const store = options.store ?? openStore({ config, logger, mayEmbed: false });
  const tell = { store, deployment, logger, onMissed: metrics.storeMissed, now: Date.now };
  const records = new Records(tell);
  const workers = await serveQueues({
    ...{ config, connection, client, deployment, logger, metrics, budgets, store, records },
    past: new PastPayments({ ...tell, now, setTimer, patienceMs: config.policy.payments.store_patience_ms }),
    graceMs: config.policy.payments.stripe_timeout_ms + GRACE_OVER_STRIPE_MS,
    forceMs: FORCE_OVER_GRACE_MS,
  });

  const { failed, fail } = failure();
  const runs = workers.map((worker) => worker.run());
  for (const run of runs) run.catch(fail);
  const stopping = new AbortController();
  const failing = (error: unknown) => stopping.signal.aborted || fail(error);
  const schedule = keepSweepSchedule(client, config, deployment, logger, stopping.signal);
  schedule.catch(failing);
  const stats = shown ? keepLaneStats(client, lanesOf(config), metrics, logger, stopping.signal) : null;
  stats?.catch(failing);
  await budgets.begin();
  void budgets.run();
  logger.info({ queues: workers.map((w) => w.options.taskQueue) }, 'worker ready');
  return {
    failed,
    stopsWithinMs: workerStopsWithinMs(config),
    stop: async () => {
      stopping.abort();
      budgets.drain();
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      const ends = await Promise.allSettled([...runs, schedule, stats]);
      const cutOff = ends.some((end) => end.status === 'rejected' && isCutOff(end.reason));
      const written = records.close(STORE_CLOSES_WITHIN_MS);
      // What was under way needed its share to the end.
      await budgets.stop();
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

function lanesOf({ accounts }: Config) {
  return accounts.flatMap(({ name }) => LANE_CLASSES.map((lane) => ({ account: name, lane })));
}

/** A worker as a process of its own: it listens nowhere but where its metrics have a port. */
async function startWorkerProcess(config: Config): Promise<Running> {
  const metrics = Metrics.ofProcess(config.metrics);
  const shown = config.metrics.port !== undefined;
  return withMetricsPort(config, metrics, () => startWorker(config, { ownServer: false, metrics, shown }));
}

if (isMain(import.meta.url)) await runAsProcess(() => startWorkerProcess(loadConfig()));
