import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Client } from '@temporalio/client';
import type { Account, Config } from '../config/index.js';
import { readEvent, SignatureError, type StripeEvent, UnreadableEventError } from '../stripe/signature.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import { handOver } from '../webhooks/deliver.js';
import type { DeliverParts, Delivery } from '../webhooks/delivery.js';
import { route } from '../webhooks/route.js';
import { GoneError, limitsFor, NoRoomError, Turns, weightOf } from '../webhooks/turns.js';
import { Bodies, type BodyLimits } from './body.js';
import { answerError, notFound, Problem, unavailable } from './errors.js';

export interface WebhookParts extends DeliverParts {
  /** By which events are handed over; `client` answers how the process is. */
  readonly events: Client;
  readonly config: Config;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly now: () => number;
  /** Where events wait to be handed over; by default, what suits the configured accounts. */
  readonly turns?: Turns;
  /** What the bodies of one account's events may take while they are read; by default, what suits the configured accounts. */
  readonly bodies?: BodyLimits;
  /** How an event is handed over: to Temporal, but for tests. */
  readonly handOver?: typeof handOver;
}

/** Bytes. Stripe's events stay far below this. */
const LARGEST_EVENT = 1024 * 1024;

/**
 * Bytes of bodies that are being read, of all accounts, and at least of one. Nobody knows yet whether they are Stripe's: one
 * account's endpoint, filled by somebody, leaves the others'. Each has half a minute (`http-server.ts`).
 */
const READING_BYTES = 64 * LARGEST_EVENT;
const LEAST_READING_BYTES = 8 * LARGEST_EVENT;

const PATH = /^\/webhooks\/stripe\/([^/?]+)\/?(?:\?|$)/;

/**
 * `POST /webhooks/stripe/:account`: 200 once Temporal has it (or nobody needs it), 400 for a bad signature, 404 for an
 * unknown account, 503 when it could not be handed over, so that Stripe sends it again.
 *
 * Of all routes this one alone is asked thousands of times a second, and it needs nothing that a framework does for the
 * others: it stands before theirs, on Node's own server.
 *
 * @param others answers whatever is no event.
 */
export function takeWebhooks(parts: WebhookParts, others: RequestListener): RequestListener {
  const { metrics, config } = parts;
  const together = Math.max(LEAST_READING_BYTES, Math.floor(READING_BYTES / config.accounts.length));
  const limits = parts.bodies ?? { each: LARGEST_EVENT, together };
  const endpoints = new Map(
    config.accounts.map((account) => [account.name, { account, bodies: new Bodies(limits) } satisfies Endpoint]),
  );
  const show = (account: string, waiting: number) => metrics.webhooksWait(account, waiting);
  const turns = parts.turns ?? new Turns(limitsFor(endpoints.size), show);
  for (const name of endpoints.keys()) show(name, 0);
  const handing = { ...parts, client: parts.events };
  return (req, res) => {
    const name = req.method === 'POST' ? PATH.exec(req.url ?? '')?.[1] : undefined;
    if (name === undefined) others(req, res);
    else void answer(handing, turns, endpoints.get(name), req, res);
  };
}

/** Where one account's events come. */
interface Endpoint {
  readonly account: Account;
  readonly bodies: Bodies;
}

async function answer(
  parts: WebhookParts,
  turns: Turns,
  endpoint: Endpoint | undefined,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  res.setHeader('x-content-type-options', 'nosniff');
  try {
    if (endpoint === undefined) throw notFound('account');
    const outcome = await take(parts, turns, endpoint, req, res);
    const body = JSON.stringify({ received: true, outcome });
    res.setHeader('content-type', 'application/json; charset=utf-8');
    res.setHeader('content-length', Buffer.byteLength(body));
    res.end(body);
  } catch (error) {
    answerError(parts.logger, error, { method: req.method, route: '/webhooks/stripe/:account' }, res);
  }
}

async function take(
  parts: WebhookParts,
  turns: Turns,
  { account, bodies }: Endpoint,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<Delivery> {
  const { metrics, logger } = parts;
  const count = (outcome: string) => metrics.webhookTaken(account.name, outcome);
  const signature = req.headers['stripe-signature'];
  try {
    // What waits is what was read of the body: nothing here holds on to its bytes.
    const { event, bytes } = await bodies.read(req).then((body) => ({
      event: readEvent(account, body, signature?.toString(), account.webhookSecrets, parts.now()),
      bytes: body.length,
    }));
    const outcome = await inTurn(parts, turns, account.name, event, bytes, req, res);
    count(outcome);
    if (outcome === 'incident') logger.warn({ event: event.id, type: event.type }, 'an event started an incident');
    return outcome;
  } catch (error) {
    if (error instanceof Problem) {
      count(error.status === 413 ? 'too_large' : 'broken_off');
      throw error;
    }
    if (error instanceof SignatureError) {
      count('bad_signature');
      throw new Problem(400, 'bad_signature', 'The delivery cannot be trusted', `${error.message}.`);
    }
    if (error instanceof UnreadableEventError) {
      count('unreadable');
      const { id, type } = error;
      logger.error({ account: account.name, event: id, type }, 'an event of Stripe has a shape that is not known here');
      throw new Problem(422, 'unreadable_event', 'The event cannot be read', UNREADABLE);
    }
    count(error instanceof GoneError ? 'sender_gone' : error instanceof NoRoomError ? 'no_room' : 'not_taken');
    if (!(error instanceof GoneError)) {
      logger.warn({ err: error, account: account.name }, 'a webhook could not be handed over');
    }
    throw unavailable('The event could not be handed to Temporal: send it again.');
  }
}

const UNREADABLE =
  'Its signature is right, and what it tells of has a shape that is not known here. See that the endpoint at Stripe has the ' +
  'API version that this deployment asks for.';

/** Only what was signed and concerns somebody waits for a turn: neither forgeries nor the rest can keep others waiting. */
async function inTurn(
  parts: WebhookParts,
  turns: Turns,
  account: string,
  event: StripeEvent,
  bodyBytes: number,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<Delivery> {
  const routing = route(event, parts.deployment);
  if (routing.to === 'nobody') return routing.why;
  const hand = parts.handOver ?? handOver;
  const outcome = await turns.take(account, weightOf(bodyBytes), whenGone(req, res), () =>
    hand(parts, account, event, routing),
  );
  parts.metrics.webhookHandedOver(Math.max(0, parts.now() - event.createdMs) / 1000);
  return outcome;
}

/** Aborted when the connection has closed. While this process drains, `close` is heard too, and the sender still there. */
function whenGone({ socket }: IncomingMessage, res: ServerResponse): AbortSignal {
  const gone = new AbortController();
  const look = () => {
    if (socket.destroyed) gone.abort();
  };
  look();
  res.on('close', look);
  return gone.signal;
}
