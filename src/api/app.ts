import type { RequestListener } from 'node:http';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import type { Logger } from '../telemetry/logger.js';
import { requireKey } from './auth.js';
import { type BatchParts, batchRoutes } from './batches.js';
import { problemHandler, unknownRoute } from './errors.js';
import { healthRoutes } from './health.js';
import { bare } from './ingest.js';
import { type JobParts, jobRoutes } from './jobs.js';
import { metricsBeside } from './metrics.js';
import { openApiDocument } from './openapi.js';
import { type PaymentParts, paymentRoutes } from './payments.js';
import { takeWebhooks, type WebhookParts } from './webhooks.js';

export interface AppParts extends PaymentParts, BatchParts, JobParts, WebhookParts {
  readonly logger: Logger;
}

/** The whole HTTP surface, built over what it is given; it reads nothing from outside by itself. */
export function createApp(parts: AppParts): RequestListener {
  const app = bare();
  app.use(helmet());
  app.use(healthRoutes(parts));
  const document = openApiDocument();
  app.get('/openapi.json', (_req, res) => {
    res.json(document);
  });
  app.use(metricsBeside(parts));
  app.get('/', (_req, res) => {
    const beside = parts.config.metrics.port === undefined ? { metrics: '/metrics' } : {};
    res.json({ name: 'penstock', openapi: '/openapi.json', ready: '/health/ready', ...beside });
  });
  app.use(
    '/v1',
    requireKey(parts.config.apiKeyHashes),
    neverStored,
    paymentRoutes(parts),
    batchRoutes(parts),
    jobRoutes(parts),
  );
  app.use(unknownRoute);
  app.use(problemHandler(parts.logger));
  return takeWebhooks(parts, app);
}

/** An answer may hold what a customer goes on with: no cache on the way keeps it. */
const neverStored: RequestHandler = (_req, res, next) => {
  res.set('cache-control', 'no-store');
  next();
};
