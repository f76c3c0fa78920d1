import type { Client } from '@temporalio/client';
import { type Request, type RequestHandler, Router } from 'express';
import { type BackgroundKind, control, isControl } from './background.js';
import { notFound } from './errors.js';

/**
 * What batches and jobs have in common: `GET /:id`, and `POST /:id/pause`, `/resume` and `/cancel`.
 *
 * @param body reads what is sent, within its bound.
 * @param show one, as a caller sees it.
 */
export function shownAndControlled(
  client: Client,
  kind: BackgroundKind,
  body: RequestHandler,
  show: (id: string) => Promise<unknown>,
): Router {
  const router = Router();
  router.get('/:id', async (req, res) => {
    res.json(await show(idOf(req)));
  });
  router.post('/:id/:control', body, async (req, res) => {
    const word = req.params['control'];
    if (!isControl(word)) throw notFound('route');
    await control(client, kind, idOf(req), word);
    res.status(202).json(await show(idOf(req)));
  });
  return router;
}

function idOf(req: Request): string {
  return String(req.params['id']);
}
