import express, { type Request, type Response, Router } from 'express';
import type { Account, Config } from '../config/index.js';
import { readEvent, SignatureError, type StripeEvent } from '../stripe/signature.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import { handOver } from '../webhooks/deliver.js';
import type { DeliverParts, Delivery } from '../webhooks/delivery.js';
import { route } from '../webhooks/route.js';
import { GoneError, limitsFor, NoRoomError, Turns, weightOf } from '../webhooks/turns.js';
import { notFound, Problem, unavailable } from './errors.js';

export interface WebhookParts extends DeliverParts {
  readonly config: Config;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly now: () => number;
  /** Where events wait to be handed over; by default, what suits the configured accounts. */
  readonly turns?: Turns;
  /** How an event is handed over: to Temporal, but for tests. */
  readonly handOver?: typeof handOver;
}

/** Stripe's events stay far below this. */
const LARGEST_EVENT = '1mb';

/**
 * `POST /webhooks/stripe/:account`: 200 once Temporal has it (or nobody needs it), 400 for a bad signature, 404 for an
 * unknown account, 503 when it could not be handed over, so that Stripe sends it again.
 */
export function webhookRoutes(parts: WebhookParts): Router {
  const { metrics, config } = parts;
  const router = Router();
  const accounts = new Map(config.accounts.map((account) => [account.name, account]));
  const show = (account: string, waiting: number) => metrics.webhooksWait(account, waiting);
  const turns = parts.turns ?? new Turns(limitsFor(accounts.size), show);
  for (const name of accounts.keys()) show(name, 0);
  const raw = express.raw({ type: () => true, limit: LARGEST_EVENT });
  router.post('/webhooks/stripe/:account', raw, async (req, res) => {
    res.set('x-content-type-options', 'nosniff');
    const account = accounts.get(String(req.params['account'] ?? ''));
    if (account === undefined) throw notFound('account');
    const outcome = await take(parts, turns, account, req, res);
    res.json({ received: true, outcome });
  });
  return router;
}

async function take(parts: WebhookParts, turns: Turns, account: Account, req: Request, res: Response) {
  const { metrics, logger } = parts;
  const count = (outcome: string) => metrics.webhookTaken(account.name, outcome);
  try {
    const body = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
    const event = readEvent(account, body, req.header('stripe-signature'), account.webhookSecrets, parts.now());
    // What waits is what was read of it.
    req.body = undefined;
    const outcome = await inTurn(parts, turns, account.name, event, body.length, res);
    count(outcome);
    if (outcome === 'incident') logger.warn({ event: event.id, type: event.type }, 'an event started an incident');
    return outcome;
  } catch (error) {
    if (error instanceof SignatureError) {
      count('bad_signature');
      throw new Problem(400, 'bad_signature', 'The delivery cannot be trusted', `${error.message}.`);
    }
    count(error instanceof GoneError ? 'sender_gone' : error instanceof NoRoomError ? 'no_room' : 'not_taken');
    if (!(error instanceof GoneError)) {
      logger.warn({ err: error, account: account.name }, 'a webhook could not be handed over');
    }
    throw unavailable('The event could not be handed to Temporal: send it again.');
  }
}

/** Only what was signed and concerns somebody waits for a turn: neither forgeries nor the rest can keep others waiting. */
async function inTurn(
  parts: WebhookParts,
  turns: Turns,
  account: string,
  event: StripeEvent,
  bodyBytes: number,
  res: Response,
): Promise<Delivery> {
  const routing = route(event, parts.deployment);
  if (routing.to === 'nobody') return routing.why;
  const hand = parts.handOver ?? handOver;
  const outcome = await turns.take(account, weightOf(bodyBytes), whenGone(res), () =>
    hand(parts, account, event, routing),
  );
  parts.metrics.webhookHandedOver(Math.max(0, parts.now() - event.createdMs) / 1000);
  return outcome;
}

/** Aborted when the connection has closed. While this process drains, `close` is heard too, and the sender still there. */
function whenGone(res: Response): AbortSignal {
  const gone = new AbortController();
  const { socket } = res;
  const look = () => {
    if (socket === null || socket.destroyed) gone.abort();
  };
  look();
  res.on('close', look);
  return gone.signal;
}
