import { createHash } from 'node:crypto';
import { type Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { cancelPayment, STATE_FORBIDS } from '../workflows/messages.js';
import { isCardData } from './card-data.js';
import { invalid, notFound, Problem, stateForbids, unavailable } from './errors.js';
import { type FoundPayment, readPayment } from './read.js';

/** How long a worker has to take a change; its operation id makes asking again safe. */
const TAKE_TIMEOUT_MS = 5_000;

/** Up to 255 printable characters, as Stripe's own keys are. */
const OPERATION_ID = /^[\x21-\x7e]{1,255}$/;

/**
 * The id of an operation: the caller's `Idempotency-Key`, else a hash of what is asked for, so that the same again is
 * the same operation. It becomes the update's id, by which Temporal takes it once.
 */
export function operationId(header: string | undefined, operation: string, body: unknown): string {
  if (header !== undefined) {
    if (!OPERATION_ID.test(header)) {
      throw new Problem(
        400,
        'bad_idempotency_key',
        'Idempotency-Key cannot be read',
        'Send 1 to 255 printable ASCII characters.',
      );
    }
    if (isCardData(header)) throw invalid([{ path: 'Idempotency-Key', message: 'looks like card data' }]);
    return `${operation}/${header}`;
  }
  const hash = createHash('sha256')
    .update(JSON.stringify(body ?? {}))
    .digest('base64url');
  return `${operation}/hash/${hash}`;
}

/**
 * Calls a payment off. `accepted` is false when it was off already.
 *
 * @throws Problem 404, 409 once it has ended otherwise, 503 when no worker took it.
 */
export async function cancel(
  client: Client,
  id: string,
  operation: string,
): Promise<{ accepted: boolean; found: FoundPayment }> {
  // First of all whether there is such a payment: another kind of workflow must not be reached by its id.
  const before = await readPayment(client, id);
  if (before.description.status.name !== 'RUNNING') return { accepted: false, found: alreadyOff(before) };
  try {
    await client.connection.withDeadline(Date.now() + TAKE_TIMEOUT_MS, () =>
      // The handler answers at once; only its answer tells whether the state allowed it.
      client.workflow.getHandle(id).executeUpdate(cancelPayment, { updateId: operation }),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError)
      return { accepted: false, found: alreadyOff(await readPayment(client, id)) };
    throw refusal(error);
  }
  return { accepted: true, found: await readPayment(client, id) };
}

function alreadyOff(found: FoundPayment): FoundPayment {
  const status = found.report?.standing.status;
  if (status === 'canceled') return found;
  if (found.report === undefined) throw notFound('open payment');
  throw stateForbids(`The payment is ${status} and can no longer be canceled.`);
}

function refusal(error: unknown): unknown {
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  if (cause instanceof ApplicationFailure && cause.type === STATE_FORBIDS) {
    return stateForbids('The payment has ended and can no longer be canceled.');
  }
  return unavailable('No worker took the cancellation. Send the same request again: it is taken once only.');
}
