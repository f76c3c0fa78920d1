import { type Client, type WorkflowHandle, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { currentTry, operationsOf, type PaymentState } from '../domain/payment/index.js';
import type { payment } from '../workflows/index.js';
import {
  AMOUNT_TOO_LARGE,
  cancelPayment,
  capturePayment,
  confirmPayment,
  STATE_FORBIDS,
} from '../workflows/messages.js';
import { invalid, Problem, stateForbids, unavailable } from './errors.js';
import { fingerprint } from './fingerprint.js';
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
 * @throws Problem 404, 409 with the reason where the state forbids it or the key was used for something else, 422 for an amount that is too large, 503 when no
 *   worker took it.
 */
export async function change(client: Client, id: string, key: string | undefined, asked: Change): Promise<Changed> {
  // First of all whether there is such a payment: another kind of workflow must not be reached by its id.
  const before = await readPayment(client, id);
  const { do: what, ...body } = asked;
  // Without the state an operation has no id, and could be taken twice.
  if (before.report === undefined) throw notTaken();
  const updateId = unanswered(operationId(key, what, body, currentTry(before.report.state)), before.report.refused);
  const order = { asked, updateId, operation: `${updateId}#${fingerprint(body)}` };
  if (before.description.status.name !== 'RUNNING') return { accepted: false, found: alreadyDone(before, order) };
  try {
    await client.connection.withDeadline(Date.now() + TAKE_TIMEOUT_MS, () =>
      // The handlers answer at once; only their answer tells whether the state allowed it.
      update(client.workflow.getHandle(id), order),
    );
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw refusal(error);
    // It closed between the two looks.
    return { accepted: false, found: alreadyDone(await readPayment(client, id), order) };
  }
  const found = await readPayment(client, id);
  // The server answered for the operation of this id, which may have asked for something else.
  if (found.report !== undefined) refuseReused(found.report.state, order);
  return { accepted: true, found };
}

/** The id under which the operation is asked for now: a refusal of an earlier state, kept under its id, binds no later one. */
function unanswered(id: string, refused: readonly string[] = []): string {
  let [unasked, times] = [id, 1];
  while (refused.includes(unasked)) {
    times += 1;
    unasked = `${id}/asked-${times}`;
  }
  return unasked;
}

/** A caller's operation: the update's id, by which Temporal takes it once, and with it what was asked for. */
interface Order {
  readonly asked: Change;
  readonly updateId: string;
  readonly operation: string;
}

/** @throws Problem 409 when the payment took another order under this id. */
function refuseReused(state: PaymentState, { updateId, operation }: Order): void {
  const taken = operationsOf(state).find((known) => known.startsWith(`${updateId}#`));
  if (taken === undefined || taken === operation) return;
  throw new Problem(
    409,
    'idempotency_key_reused',
    'The Idempotency-Key was used for something else',
    'This key was used with another body. Nothing was changed; send a new operation under a key of its own.',
  );
}

function update(handle: WorkflowHandle<typeof payment>, { asked, updateId, operation }: Order) {
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
function alreadyDone(found: FoundPayment, order: Order): FoundPayment {
  if (found.report === undefined) throw notTaken();
  const { state, standing } = found.report;
  refuseReused(state, order);
  const { asked, operation } = order;
  const isDone = asked.do === 'cancel' ? standing.status === 'canceled' : operationsOf(state).includes(operation);
  if (isDone) return found;
  throw stateForbids(`The payment is ${standing.status} and can no longer be ${PARTICIPLES[asked.do]}.`);
}

function notTaken(): Problem {
  return unavailable('No worker took the change. Send the same request again: it is taken once only.');
}

function refusal(error: unknown): unknown {
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  if (cause instanceof ApplicationFailure) {
    if (cause.type === STATE_FORBIDS) return stateForbids(cause.message);
    if (cause.type === AMOUNT_TOO_LARGE) return invalid([{ path: 'amount', message: cause.message }]);
  }
  return notTaken();
}
