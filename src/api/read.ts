import {
  type Client,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { payment } from '../workflows/index.js';
import { type PaymentReport, report } from '../workflows/messages.js';
import { notFound } from './errors.js';
import { asUnavailable } from './temporal-errors.js';

/** A payment as Temporal has it. `report` is missing when no worker answered and the run is still open. */
export interface FoundPayment {
  readonly description: WorkflowExecutionDescription;
  readonly report: PaymentReport | undefined;
}

/** How long Temporal itself has to say what it knows. */
const DESCRIBE_TIMEOUT_MS = 5_000;

/** How long a worker has to answer a query; the API answers from what Temporal itself knows after that. */
const QUERY_TIMEOUT_MS = 5_000;

/**
 * Reads a payment: a closed one from its result, without any worker; an open one by a query.
 *
 * @throws Problem 404, or 503 when Temporal does not answer.
 */
export async function readPayment(client: Client, id: string): Promise<FoundPayment> {
  const handle: WorkflowHandle<typeof payment> = client.workflow.getHandle(id);
  const description = await describe(client, handle);
  if (description.status.name === 'COMPLETED') return { description, report: await handle.result() };
  try {
    const found = await client.connection.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () => handle.query(report));
    return { description, report: found };
  } catch {
    // No worker, or one that is busy: what Temporal knows by itself is still true.
    return { description, report: undefined };
  }
}

async function describe(client: Client, handle: WorkflowHandle<typeof payment>): Promise<WorkflowExecutionDescription> {
  try {
    const description = await client.connection.withDeadline(Date.now() + DESCRIBE_TIMEOUT_MS, () => handle.describe());
    if (description.type !== 'payment') throw notFound('payment');
    return description;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw notFound('payment');
    throw asUnavailable(error, 'Temporal did not answer. Ask again.');
  }
}
