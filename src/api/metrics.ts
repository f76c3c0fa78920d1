import { Router } from 'express';
import { METRICS_TYPE, type Metrics } from '../telemetry/metrics.js';

/** `GET /metrics`, for Prometheus. */
export function metricsRoute(metrics: Metrics): Router {
  const router = Router();
  router.get('/metrics', async (_req, res) => {
    res.type(METRICS_TYPE).send(await metrics.render());
  });
  return router;
}
