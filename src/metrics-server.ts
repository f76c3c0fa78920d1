import { bare } from './api/ingest.js';
import { metricsRoute } from './api/metrics.js';
import type { Config } from './config/index.js';
import { type Listening, listen } from './http-server.js';
import { failure, type Running } from './process.js';
import type { Metrics } from './telemetry/metrics.js';

/**
 * Starts what serves, beside a port of its own for its metrics where the configuration names one: then nothing else of the
 * process answers `/metrics`, and whoever reaches its routes from outside does not reach them.
 */
export async function withMetricsPort(
  { host, metrics: { port } }: Pick<Config, 'host' | 'metrics'>,
  metrics: Metrics,
  start: () => Promise<Running>,
): Promise<Running> {
  if (port === undefined) return start();
  // First, so that a port which is taken is known before work is.
  const page = await startMetricsServer(metrics, { host, port });
  const part = await start();
  const { failed, fail } = failure();
  for (const one of [part, page]) one.failed.catch(fail);
  // What is counted while it drains is worth showing.
  return { ...part, failed, stop: () => part.stop().finally(() => page.stop()) };
}

/** `/metrics` and `/health/live` of a process that answers nothing else. */
async function startMetricsServer(metrics: Metrics, at: Pick<Listening, 'host' | 'port'>): Promise<Running> {
  const app = bare();
  app.use(metricsRoute(metrics));
  app.get('/health/live', (_req, res) => {
    res.json({ status: 'live' });
  });
  const { failed, fail } = failure();
  const server = await listen(app, { ...at, what: 'the metrics', variable: 'METRICS_PORT' }, fail);
  // Nothing here is worth waiting for.
  return { failed, stop: () => server.drain(0) };
}
