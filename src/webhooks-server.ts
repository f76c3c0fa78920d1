import { createIngest } from './api/ingest.js';
import { type Config, loadConfig } from './config/index.js';
import { DRAIN_MS, listen } from './http-server.js';
import { withMetricsPort } from './metrics-server.js';
import { failure, isMain, type Running, runAsProcess } from './process.js';
import { installRuntime } from './runtime.js';
import { createLogger } from './telemetry/logger.js';
import { Metrics } from './telemetry/metrics.js';
import { connectClient, connectForEvents } from './temporal/connect.js';
import { prepareNamespace } from './temporal/prepare.js';

/** For the connection to Temporal to close. */
const CLOSE_OVER_DRAIN_MS = 5_000;

/** How long the ingest process takes to stop at the very most, ms. */
export const WEBHOOKS_STOP_WITHIN_MS = DRAIN_MS + CLOSE_OVER_DRAIN_MS;

/**
 * Starts what takes Stripe's events, and nothing else: a burst of them then costs no caller of the API a moment, and the
 * two are made larger each by itself. The API answers the same route, for those who run one process fewer.
 */
async function startWebhooks(config: Config, metrics: Metrics): Promise<Running> {
  const logger = createLogger(config.logLevel, 'webhooks');
  const client = await connectClient(config);
  await installRuntime(logger, metrics);
  const events = await connectForEvents(config);
  const { deployment } = await prepareNamespace(client, config, false);
  const app = createIngest({
    client,
    events,
    config,
    deployment,
    policy: config.policy.payments,
    metrics,
    logger,
    now: Date.now,
  });
  const { failed, fail } = failure();
  const at = { host: config.host, port: config.webhooks.port };
  const server = await listen(app, { ...at, what: 'the webhooks', variable: 'WEBHOOKS_PORT' }, fail);
  logger.info(at, 'webhooks ready');
  return {
    failed,
    stopsWithinMs: WEBHOOKS_STOP_WITHIN_MS,
    stop: async () => {
      await server.drain();
      await events.connection.close();
      await client.connection.close();
    },
  };
}

async function startWebhooksProcess(config: Config): Promise<Running> {
  const metrics = Metrics.ofProcess(config.metrics);
  return withMetricsPort(config, metrics, () => startWebhooks(config, metrics));
}

if (isMain(import.meta.url)) await runAsProcess(() => startWebhooksProcess(loadConfig()));
