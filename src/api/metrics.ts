import { Router } from 'express';
import type { Config } from '../config/index.js';
import { METRICS_TYPE, type Metrics } from '../telemetry/metrics.js';

/** `GET /metrics` beside a process's other routes, unless its metrics have a port of their own. */
export function metricsBeside({ config, metrics }: { config: Pick<Config, 'metrics'>; metrics: Metrics }): Router {
  return config.metrics.port === undefined ? metricsRoute(metrics) : Router();
}

/** `GET /metrics`, for Prometheus. */
export function metricsRoute(metrics: Metrics): Router {
  const router = Router();
  router.get('/metrics', async (_req, res) => {
    res.type(METRICS_TYPE).send(await metrics.render());
  });
  return router;
}
