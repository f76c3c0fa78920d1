import { WorkflowFailedError } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import type { Order } from '../stage/orders.js';
import type { Stage } from '../stage/stage.js';

/** What the workflow of an order came to: its result, or that it failed, or that it was still open when time was up. */
export type Closing = { readonly result: unknown } | 'failed' | 'open';

/** Waits for an order's workflow to close. @param deadlineMs Unix ms. */
export async function closingOf(stage: Stage, order: Order, deadlineMs: number): Promise<Closing> {
  const handle = stage.temporal.workflow.getHandle(stage.system.workflowId(order));
  try {
    return { result: await stage.temporal.withDeadline(deadlineMs, () => handle.result()) };
  } catch (error) {
    return error instanceof WorkflowFailedError ? 'failed' : 'open';
  }
}

/**
 * Waits until every order's workflow has closed, the last one first: by then nearly all have, so that one long poll is
 * all the load that looking adds to what is measured.
 *
 * @returns those that are still open after `withinMs`.
 */
export async function untilAllClosed(stage: Stage, orders: readonly Order[], withinMs: number): Promise<Order[]> {
  const deadlineMs = Date.now() + withinMs;
  const open: Order[] = [];
  for (const order of orders.toReversed()) {
    if ((await closingOf(stage, order, deadlineMs)) === 'open') open.push(order);
  }
  return open;
}

type HistoryEvents = temporal.api.history.v1.IHistoryEvent[];

export async function historyOf(stage: Stage, order: Order): Promise<HistoryEvents> {
  const handle = stage.temporal.workflow.getHandle(stage.system.workflowId(order));
  return (await handle.fetchHistory()).events ?? [];
}
