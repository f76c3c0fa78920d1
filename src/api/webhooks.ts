import express, { Router } from 'express';
import type { Account, Config } from '../config/index.js';
import { readEvent, SignatureError } from '../stripe/signature.js';
import type { Counters } from '../telemetry/counters.js';
import type { Logger } from '../telemetry/logger.js';
import { deliver } from '../webhooks/deliver.js';
import type { DeliverParts } from '../webhooks/delivery.js';
import { notFound, Problem, unavailable } from './errors.js';

export interface WebhookParts extends DeliverParts {
  readonly config: Config;
  readonly counters: Counters;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Stripe's events stay far below this. */
const LARGEST_EVENT = '1mb';

/**
 * `POST /webhooks/stripe/:account`: 200 once Temporal has it (or nobody needs it), 400 for a bad signature, 404 for an
 * unknown account, 503 when it could not be handed over, so that Stripe sends it again.
 */
export function webhookRoutes(parts: WebhookParts): Router {
  const router = Router();
  const accounts = new Map(parts.config.accounts.map((account) => [account.name, account]));
  const raw = express.raw({ type: () => true, limit: LARGEST_EVENT });
  router.post('/webhooks/stripe/:account', raw, async (req, res) => {
    const account = accounts.get(req.params['account'] ?? '');
    if (account === undefined) throw notFound('account');
    const outcome = await take(parts, account, req.body, req.header('stripe-signature'));
    res.json({ received: true, outcome });
  });
  return router;
}

async function take(parts: WebhookParts, account: Account, body: unknown, signature: string | undefined) {
  const { counters, logger } = parts;
  const count = (outcome: string) => counters.add('penstock_webhooks_total', { account: account.name, outcome });
  try {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    const event = readEvent(account, bytes, signature, account.webhookSecrets, parts.now());
    const outcome = await deliver(parts, account.name, event);
    count(outcome);
    if (outcome === 'incident') logger.warn({ event: event.id, type: event.type }, 'an event started an incident');
    return outcome;
  } catch (error) {
    if (error instanceof SignatureError) {
      count('bad_signature');
      throw new Problem(400, 'bad_signature', 'The delivery cannot be trusted', `${error.message}.`);
    }
    count('not_taken');
    logger.warn({ err: error, account: account.name }, 'a webhook could not be handed over');
    throw unavailable('The event could not be handed to Temporal: send it again.');
  }
}
