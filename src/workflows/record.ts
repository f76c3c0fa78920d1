import { proxySinks, type Sinks, workflowInfo } from '@temporalio/workflow';
import { type Movement, newMovements } from '../domain/ledger.js';
import type { PaymentState, Standing } from '../domain/payment/index.js';
import { type Tombstone, tombstoneResult } from '../domain/tombstone.js';
import type { PaymentInput } from './messages.js';

/** A movement with the workflow's own time at which it was learned, Unix ms. */
export interface MovementTold extends Movement {
  readonly learnedAtMs: number;
}

/**
 * What workflows tell the store, by sinks: a call out of the sandbox that is no command, adds nothing to a history and is
 * not made again by a replay. It may be lost, with its worker or while the store is away; what is lost is filled in from
 * Temporal's own record.
 */
export interface RecordSinks extends Sinks {
  readonly records: {
    /** A payment was taken, or has closed. */
    payment(tombstone: Tombstone): void;
    /** Money moved. */
    moved(movement: MovementTold): void;
  };
}

const { records } = proxySinks<RecordSinks>();

/** Tells of every movement that is new, or not as it was, with what else is known of all of them. */
export function recordMovements(
  before: readonly Movement[],
  after: readonly Movement[],
  known: Pick<Movement, 'workflow' | 'fingerprint'> = {},
): void {
  for (const movement of newMovements(before, after)) {
    records.moved({ ...movement, ...known, learnedAtMs: Date.now() });
  }
}

/** Which refund a run is of, and by which request: whoever repeats the request when Temporal has forgotten the run gets this one. */
export function refundRunOf(): Pick<Movement, 'workflow' | 'fingerprint'> {
  const { workflowId, memo } = workflowInfo();
  const fingerprint = memo?.['fingerprint'];
  return { workflow: workflowId, fingerprint: typeof fingerprint === 'string' ? fingerprint : null };
}

/** Tells that the payment was taken. */
export function recordOpened(input: PaymentInput): void {
  records.payment({ ...nameOf(input), result: null, closedAtMs: null });
}

/** Tells how it ended. */
export function recordClosed(input: PaymentInput, { terms }: PaymentState, standing: Standing): void {
  records.payment({ ...nameOf(input), result: tombstoneResult(terms, standing), closedAtMs: Date.now() });
}

/** Which payment a run is of, and which run: what the store knows of another run under the same id is another payment's. */
export function runOf({ terms }: PaymentInput): Pick<Tombstone, 'payment' | 'run' | 'fingerprint'> {
  const { firstExecutionRunId, memo } = workflowInfo();
  const fingerprint = memo?.['fingerprint'];
  return {
    payment: terms.id,
    run: firstExecutionRunId,
    fingerprint: typeof fingerprint === 'string' ? fingerprint : '',
  };
}

function nameOf(input: PaymentInput): Omit<Tombstone, 'result' | 'closedAtMs'> {
  const { terms, request, account } = input;
  const { merchant, reference } = request;
  return { ...runOf(input), account, merchant, reference, openedAtMs: terms.acceptedAtMs };
}
