import type { Client } from '@temporalio/client';
import { Router } from 'express';

/** How long Temporal has to answer before this process says that it is not ready. */
const READY_TIMEOUT_MS = 2_000;

/** `/health/live`: the process runs. `/health/ready`: it can hand payments to Temporal. */
export function healthRoutes({ client }: { readonly client: Client }): Router {
  const router = Router();
  router.get('/health/live', (_req, res) => {
    res.json({ status: 'live' });
  });
  router.get('/health/ready', async (_req, res) => {
    try {
      await client.connection.withDeadline(Date.now() + READY_TIMEOUT_MS, () =>
        client.workflowService.describeNamespace({ namespace: client.options.namespace }),
      );
      res.json({ status: 'ready', temporal: 'up' });
    } catch {
      res.status(503).json({ status: 'not ready', temporal: 'down' });
    }
  });
  return router;
}
