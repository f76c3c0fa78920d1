import { type Client, type WorkflowHandle, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { currentTry, hasTaken, type PaymentState } from '../domain/payment/index.js';
import type { payment } from '../workflows/index.js';
import {
  AMOUNT_TOO_LARGE,
  cancelPayment,
  capturePayment,
  confirmPayment,
  STATE_FORBIDS,
} from '../workflows/messages.js';
import { invalid, notFound, stateForbids, unavailable } from './errors.js';
import { operationId } from './operation-id.js';
import { type FoundPayment, readPayment } from './read.js';

/** How long a worker has to take a change; its operation id makes asking again safe. */
const TAKE_TIMEOUT_MS = 5_000;

/** What a caller asks of a payment that was taken before. */
export type Change =
  | { readonly do: 'cancel' }
  | { readonly do: 'confirm'; readonly payment_method: string }
  | { readonly do: 'capture'; readonly amount?: number | undefined };

export interface Changed {
  /** False when this very operation had been taken before, by a run that has closed since. */
  readonly accepted: boolean;
  readonly found: FoundPayment;
}

/**
 * Hands a change to the payment's workflow, whose state function decides.
 *
 * @param key the caller's `Idempotency-Key`, if there was one.
 * @throws Problem 404, 409 with the reason where the state forbids it, 422 for an amount that is too large, 503 when no
 *   worker took it.
 */
export async function change(client: Client, id: string, key: string | undefined, asked: Change): Promise<Changed> {
  // First of all whether there is such a payment: another kind of workflow must not be reached by its id.
  const before = await readPayment(client, id);
  const { do: what, ...body } = asked;
  const operation = operationId(key, what, body, before.report ? currentTry(before.report.state) : '');
  if (before.description.status.name !== 'RUNNING')
    return { accepted: false, found: alreadyDone(before, asked, operation) };
  try {
    await client.connection.withDeadline(Date.now() + TAKE_TIMEOUT_MS, () =>
      // The handlers answer at once; only their answer tells whether the state allowed it.
      update(client.workflow.getHandle(id), asked, operation),
    );
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw refusal(error);
    // It closed between the two looks.
    return { accepted: false, found: alreadyDone(await readPayment(client, id), asked, operation) };
  }
  return { accepted: true, found: await readPayment(client, id) };
}

function update(handle: WorkflowHandle<typeof payment>, asked: Change, operation: string) {
  const updateId = operation;
  switch (asked.do) {
    case 'cancel':
      return handle.executeUpdate(cancelPayment, { updateId });
    case 'confirm':
      return handle.executeUpdate(confirmPayment, {
        updateId,
        args: [{ operation, paymentMethod: asked.payment_method }],
      });
    case 'capture':
      return handle.executeUpdate(capturePayment, { updateId, args: [{ operation, amount: asked.amount ?? null }] });
  }
}

const PARTICIPLES = { cancel: 'canceled', confirm: 'confirmed', capture: 'captured' } as const;

/** A closed payment takes nothing any more; what it took before, it answers as it did. */
function alreadyDone(found: FoundPayment, asked: Change, operation: string): FoundPayment {
  if (found.report === undefined) throw notFound('open payment');
  const { state, standing } = found.report;
  if (isDone(state, standing.status, asked, operation)) return found;
  throw stateForbids(`The payment is ${standing.status} and can no longer be ${PARTICIPLES[asked.do]}.`);
}

function isDone(state: PaymentState, status: string, asked: Change, operation: string): boolean {
  return asked.do === 'cancel' ? status === 'canceled' : hasTaken(state, operation);
}

function refusal(error: unknown): unknown {
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  if (cause instanceof ApplicationFailure) {
    if (cause.type === STATE_FORBIDS) return stateForbids(cause.message);
    if (cause.type === AMOUNT_TOO_LARGE) return invalid([{ path: 'amount', message: cause.message }]);
  }
  return unavailable('No worker took the change. Send the same request again: it is taken once only.');
}
