import type { RequestListener } from 'node:http';
import express, { type Express } from 'express';
import helmet from 'helmet';
import { problemHandler, unknownRoute } from './errors.js';
import { healthRoutes } from './health.js';
import { metricsBeside } from './metrics.js';
import { takeWebhooks, type WebhookParts } from './webhooks.js';

/** What the ingest process answers: Stripe's events, and what operations asks. */
export function createIngest(parts: WebhookParts): RequestListener {
  const app = bare();
  app.use(helmet());
  app.use(healthRoutes(parts));
  app.use(metricsBeside(parts));
  app.use(unknownRoute);
  app.use(problemHandler(parts.logger));
  return takeWebhooks(parts, app);
}

/** An app that tells nobody what it is made of. */
export function bare(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  return app;
}
