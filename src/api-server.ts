import { createApp } from './api/app.js';
import { type Config, loadConfig } from './config/index.js';
import { DRAIN_MS, listen } from './http-server.js';
import { withMetricsPort } from './metrics-server.js';
import { failure, isMain, type Running, runAsProcess } from './process.js';
import { installRuntime } from './runtime.js';
import { openStore, type Store } from './store/index.js';
import { createLogger } from './telemetry/logger.js';
import { Metrics } from './telemetry/metrics.js';
import { connectClient, connectForEvents } from './temporal/connect.js';
import { prepareNamespace } from './temporal/prepare.js';

/** For the connection to Temporal to close. */
const CLOSE_OVER_DRAIN_MS = 5_000;

/** How long the API takes to stop at the very most, ms. */
export const API_STOPS_WITHIN_MS = DRAIN_MS + CLOSE_OVER_DRAIN_MS;

export interface ApiOptions {
  /** The server is this installation's own, and its namespace may be set up. */
  readonly ownServer: boolean;
  /** Shared with the other parts of this process, one of which closes it; without it this part opens its own. */
  readonly store?: Store;
  /** What `/metrics` shows. */
  readonly metrics: Metrics;
}

/** Starts the HTTP API. It reports ready once the namespace is fit to take payments. */
export async function startApi(config: Config, options: ApiOptions): Promise<Running> {
  const logger = createLogger(config.logLevel, 'api');
  const client = await connectClient(config);
  await installRuntime(logger, options.metrics);
  const events = await connectForEvents(config);
  const { deployment } = await prepareNamespace(client, config, options.ownServer);
  const store = options.store ?? openStore({ config, logger, mayEmbed: false });
  const { namespace, address, uiPort } = config.temporal;
  const workflowUrl = (id: string, run: string) =>
    address === undefined
      ? `http://127.0.0.1:${uiPort}/namespaces/${namespace}/workflows/${encodeURIComponent(id)}/${run}/history`
      : null;
  const app = createApp({
    client,
    events,
    config,
    deployment,
    store,
    policy: config.policy.payments,
    metrics: options.metrics,
    logger,
    now: Date.now,
    workflowUrl,
  });
  const { failed, fail } = failure();
  const { host, port } = config;
  const server = await listen(app, { host, port, what: 'the API', variable: 'PORT' }, fail);
  logger.info({ host, port }, 'api ready');
  return {
    failed,
    stopsWithinMs: API_STOPS_WITHIN_MS,
    stop: async () => {
      await server.drain();
      if (options.store === undefined) await store.close();
      await events.connection.close();
      await client.connection.close();
    },
  };
}

async function startApiProcess(config: Config): Promise<Running> {
  const metrics = Metrics.ofProcess(config.metrics);
  return withMetricsPort(config, metrics, () => startApi(config, { ownServer: false, metrics }));
}

if (isMain(import.meta.url)) await runAsProcess(() => startApiProcess(loadConfig()));
