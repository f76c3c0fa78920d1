import express, { type Request, type Response, Router } from 'express';
import type { Config } from '../config/index.js';
import { tellWorkflow } from '../temporal/tell-workflow.js';
import { lookYourself } from '../workflows/messages.js';
import { type AcceptParts, accept } from './accept.js';
import { type Change, change } from './changes.js';
import { notFound, Problem } from './errors.js';
import { type Followed, FollowedReader } from './followed.js';
import { listPayments } from './list.js';
import { isPast, orPast, type PastParts, type PastPayment } from './past.js';
import { type PresentParts, present, presentAccepted, presentPast, presentRefund } from './present.js';
import { type FoundPayment, readPayment } from './read.js';
import { requestRefund } from './refunds.js';
import {
  cancelSchema,
  captureSchema,
  confirmSchema,
  getQuerySchema,
  listQuerySchema,
  type PaymentView,
  parse,
  parsePaymentRequest,
  parseSafely,
  paymentIdSchema,
  refundRequestSchema,
} from './schemas.js';
import { waitForPayment } from './wait.js';

export interface PaymentParts extends AcceptParts, PresentParts, PastParts {
  readonly config: Config;
}

const NOTHING_FOLLOWED: Followed = { refunds: [], disputes: [] };

/** A payment's request fits in a small part of this. */
const LARGEST_REQUEST = '64kb';

export function paymentRoutes(parts: PaymentParts): Router {
  const { client } = parts;
  const followed = new FollowedReader(client, parts.config.temporal.listsPerSecond);
  const router = Router();
  const json = express.json({ limit: LARGEST_REQUEST, type: () => true, strict: false });

  router.post('/payments', json, async (req, res) => {
    const request = parsePaymentRequest(req.body);
    const accepted = await accept(parts, request);
    res.location(`/v1/payments/${accepted.id}`);
    if (accepted.created) {
      res.status(202).json(presentAccepted(accepted.input, accepted.runId ?? '', parts));
    } else {
      res.status(200).json(await show(await readPayment(client, accepted.id)));
    }
  });

  router.get('/payments', async (req, res) => {
    res.json(await listPayments(client, parse(listQuerySchema, req.query)));
  });

  router.get('/payments/:id', async (req, res) => {
    const id = idOf(req);
    const { wait } = parse(getQuerySchema, req.query);
    const gone = new AbortController();
    res.on('close', () => gone.abort());
    const found = await orPast(parts, id, () =>
      wait === 0
        ? readPayment(client, id)
        : waitForPayment(client, id, parts.now() + wait * 1000, parts.now, gone.signal),
    );
    res.json(isPast(found) ? await showPast(found) : await show(found));
  });

  router.post('/payments/:id/cancel', json, async (req, res) => {
    const id = idOf(req);
    parse(cancelSchema, req.body ?? {});
    await answerChange(req, res, id, { do: 'cancel' });
  });

  router.post('/payments/:id/confirm', json, async (req, res) => {
    await answerChange(req, res, idOf(req), { do: 'confirm', ...parseSafely(confirmSchema, req.body) });
  });

  router.post('/payments/:id/capture', json, async (req, res) => {
    await answerChange(req, res, idOf(req), { do: 'capture', ...parseSafely(captureSchema, req.body ?? {}) });
  });

  async function answerChange(req: Request, res: Response, id: string, asked: Change): Promise<void> {
    const { accepted, found } = await change(client, id, req.header('idempotency-key'), asked);
    res.status(accepted ? 202 : 200).json(await show(found));
  }

  /** With what follows it, which can only be once there is an end. */
  async function show(found: FoundPayment): Promise<PaymentView> {
    const { workflowId } = found.description;
    if (found.report?.standing.final !== true) {
      const view = present(found, NOTHING_FOLLOWED, parts);
      if (hasLostItsSecret(view)) await readAgain(workflowId);
      return view;
    }
    return withFollowed(workflowId, (all) => present(found, all, parts));
  }

  /** Its refunds and disputes may be there still: they are workflows of their own, and close later. */
  function showPast(past: PastPayment): Promise<PaymentView> {
    return withFollowed(past.tombstone.payment, (all) => presentPast(past, all, parts));
  }

  async function withFollowed(id: string, shown: (all: Followed) => PaymentView): Promise<PaymentView> {
    try {
      return shown(await followed.of(id));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // The payment itself is known, only what follows it is not.
      return { ...shown(NOTHING_FOLLOWED), stale: true };
    }
  }

  /** The account's key was replaced since the next action was sealed: a read of the intent seals it anew. */
  async function readAgain(workflowId: string): Promise<void> {
    const minute = Math.floor(parts.now() / 60_000);
    await tellWorkflow(client, workflowId, lookYourself.name, undefined, `seal-again/${minute}`).catch(() => false);
  }

  router.post('/payments/:id/refunds', json, async (req, res) => {
    const id = idOf(req);
    const { created, refund } = await requestRefund(
      { ...parts, followed },
      id,
      parseSafely(refundRequestSchema, req.body),
    );
    res.status(created ? 202 : 200).json(presentRefund(refund, id, parts));
  });

  return router;
}

function hasLostItsSecret({ next_action }: PaymentView): boolean {
  return next_action !== null && next_action.client_secret === null && next_action.redirect_to_url === null;
}

/** An id that cannot be one is a payment that does not exist. */
function idOf(req: Request): string {
  const parsed = paymentIdSchema.safeParse(req.params['id']);
  if (!parsed.success) throw notFound('payment');
  return parsed.data;
}
