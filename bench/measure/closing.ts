import { WorkflowFailedError } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { grpcCode } from '../../src/temporal/grpc-errors.js';
import type { Order } from '../stage/orders.js';
import type { Stage } from '../stage/stage.js';

/** What the workflow of an order came to: its result, or that it failed, or that it was still open when time was up. */
export type Closing = { readonly result: unknown } | 'failed' | 'open';

/** gRPC's DEADLINE_EXCEEDED. */
const TIME_IS_UP = 4;

/** gRPC's CANCELLED and UNAVAILABLE: the server was killed and is coming back. */
const IS_AWAY: ReadonlySet<number | undefined> = new Set([1, 14]);
const PAUSE_MS = 200;

/** An activity that the server lost sight of is taken up again after its time-out, a minute in the plain sample. */
export const PATIENCE_MS = 120_000;

/** Even past the deadline an order is asked after: that an earlier one was late says nothing of it. */
const LAST_LOOK_MS = 1_000;

/**
 * Waits for an order's workflow to close.
 *
 * @param deadlineMs Unix ms.
 * @throws when it was never begun, or Temporal fails.
 */
export async function closingOf(stage: Stage, order: Order, deadlineMs: number): Promise<Closing> {
  const handle = stage.temporal.workflow.getHandle(stage.system.workflowId(order));
  const untilMs = Math.max(deadlineMs, Date.now() + LAST_LOOK_MS);
  for (;;) {
    try {
      return { result: await stage.temporal.withDeadline(untilMs, () => handle.result()) };
    } catch (error) {
      if (error instanceof WorkflowFailedError) return 'failed';
      const code = grpcCode(error);
      if (code === TIME_IS_UP || (IS_AWAY.has(code) && Date.now() > untilMs)) return 'open';
      if (!IS_AWAY.has(code)) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/**
 * Waits until every order's workflow has closed, the last one first: by then nearly all have, so that one long poll is
 * all the load that looking adds to what is measured.
 *
 * @returns those that are still open after `withinMs`.
 * @throws when one ended otherwise than it had to: a system that fails at once would be the fastest.
 */
export async function untilAllClosed(stage: Stage, orders: readonly Order[], withinMs: number): Promise<Order[]> {
  const deadlineMs = Date.now() + withinMs;
  const open: Order[] = [];
  for (const order of orders.toReversed()) {
    const closing = await closingOf(stage, order, deadlineMs);
    const end = endOf(stage, closing);
    if (end === undefined) open.push(order);
    else if (end !== order.ends) throw new Error(`${order.reference} ended ${end}, and had to be ${order.ends}`);
  }
  return open;
}

/** What the payment says of itself; undefined while it is open. */
export function endOf({ system }: Stage, closing: Closing): string | undefined {
  if (closing === 'open') return undefined;
  return closing === 'failed' ? 'failed' : system.statusOf(closing.result);
}

type HistoryEvents = temporal.api.history.v1.IHistoryEvent[];

export async function historyOf(stage: Stage, order: Order): Promise<HistoryEvents> {
  const handle = stage.temporal.workflow.getHandle(stage.system.workflowId(order));
  return (await handle.fetchHistory()).events ?? [];
}
