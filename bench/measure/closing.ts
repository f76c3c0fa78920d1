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
 * @throws when some are open after `withinMs`.
 */
export async function untilAllClosed(stage: Stage, orders: readonly Order[], withinMs: number): Promise<void> {
  const deadlineMs = Date.now() + withinMs;
  for (const order of orders.toReversed()) {
    if ((await closingOf(stage, order, deadlineMs)) === 'open') {
      if (process.env['DUMP'])
        console.log(
          (await historyOf(stage, order))
            .map(
              (e) =>
                new Date(Number(e.eventTime!.seconds) * 1000).toISOString().slice(11, 19) +
                ' ' +
                e.eventType +
                ' ' +
                Object.keys(e).find((k) => k.endsWith('Attributes')),
            )
            .join('\n'),
          stage.parts.worker.output.slice(-3000),
          stage.parts.api.output.slice(-3000),
          JSON.stringify(
            (await stage.temporal.workflow.getHandle(stage.system.workflowId(order)).describe()).raw.pendingActivities,
          ),
          JSON.stringify(
            (await stage.simulator.requests()).filter((r) => r.idempotencyKey?.includes(order.reference + '/')),
          ),
        );
      throw new Error(`${stage.system.workflowId(order)} was still open after ${withinMs / 1000} s`);
    }
  }
}

type HistoryEvents = temporal.api.history.v1.IHistoryEvent[];

export async function historyOf(stage: Stage, order: Order): Promise<HistoryEvents> {
  const handle = stage.temporal.workflow.getHandle(stage.system.workflowId(order));
  return (await handle.fetchHistory()).events ?? [];
}
