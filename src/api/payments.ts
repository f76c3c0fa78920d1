import express, { type Request, type Response, Router } from 'express';
import { type AcceptParts, accept } from './accept.js';
import { type Change, change } from './changes.js';
import { notFound } from './errors.js';
import { listPayments } from './list.js';
import { present, presentAccepted, type WorkflowUrl } from './present.js';
import { readPayment } from './read.js';
import {
  cancelSchema,
  captureSchema,
  confirmSchema,
  getQuerySchema,
  listQuerySchema,
  parse,
  parsePaymentRequest,
  paymentIdSchema,
} from './schemas.js';
import { waitForPayment } from './wait.js';

export interface PaymentParts extends AcceptParts {
  readonly workflowUrl: WorkflowUrl;
}

/** A payment's request fits in a small part of this. */
const LARGEST_REQUEST = '64kb';

export function paymentRoutes(parts: PaymentParts): Router {
  const { client, workflowUrl } = parts;
  const router = Router();
  const json = express.json({ limit: LARGEST_REQUEST, type: () => true, strict: false });

  router.post('/payments', json, async (req, res) => {
    const request = parsePaymentRequest(req.body);
    const accepted = await accept(parts, request);
    res.location(`/v1/payments/${accepted.id}`);
    if (accepted.created) {
      res.status(202).json(presentAccepted(accepted.input, accepted.runId ?? '', workflowUrl));
    } else {
      res.status(200).json(present(await readPayment(client, accepted.id), workflowUrl));
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
    const found =
      wait === 0
        ? await readPayment(client, id)
        : await waitForPayment(client, id, parts.now() + wait * 1000, parts.now, gone.signal);
    res.json(present(found, workflowUrl));
  });

  router.post('/payments/:id/cancel', json, async (req, res) => {
    const id = idOf(req);
    parse(cancelSchema, req.body ?? {});
    await answerChange(req, res, id, { do: 'cancel' });
  });

  router.post('/payments/:id/confirm', json, async (req, res) => {
    await answerChange(req, res, idOf(req), { do: 'confirm', ...parse(confirmSchema, req.body) });
  });

  router.post('/payments/:id/capture', json, async (req, res) => {
    await answerChange(req, res, idOf(req), { do: 'capture', ...parse(captureSchema, req.body ?? {}) });
  });

  async function answerChange(req: Request, res: Response, id: string, asked: Change): Promise<void> {
    const { accepted, found } = await change(client, id, req.header('idempotency-key'), asked);
    res.status(accepted ? 202 : 200).json(present(found, workflowUrl));
  }

  return router;
}

/** An id that cannot be one is a payment that does not exist. */
function idOf(req: Request): string {
  const parsed = paymentIdSchema.safeParse(req.params['id']);
  if (!parsed.success) throw notFound('payment');
  return parsed.data;
}
