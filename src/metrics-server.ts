import { bare } from './api/ingest.js';
import { metricsRoute } from './api/metrics.js';
import { type Listening, listen } from './http-server.js';
import { failure, type Running } from './process.js';
import type { Metrics } from './telemetry/metrics.js';

/** `/metrics` and `/health/live` of a process that answers nothing else. */
export async function startMetricsServer(metrics: Metrics, at: Pick<Listening, 'host' | 'port'>): Promise<Running> {
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
