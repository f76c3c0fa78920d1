import type { Client } from '@temporalio/client';
import { abortable } from '../temporal/abortable.js';
import { EventType, HistoryEventFilterType } from '../temporal/proto.js';
import { type FoundPayment, readPayment } from './read.js';

/** Events after which a payment's state may be another: a workflow task has run, or the run has closed. */
const TELLING = new Set<number | null | undefined>([
  EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
]);

/**
 * Reads the payment once it is worth reading: final, or waiting for somebody, or changed since the first look, or when
 * the time is up. It follows the run's history by Temporal's long poll, which costs the run nothing, and asks the
 * workflow only after something happened in it.
 *
 * @param signal aborts when the caller has gone.
 */
export async function waitForPayment(
  client: Client,
  id: string,
  untilMs: number,
  now: () => number,
  signal: AbortSignal,
): Promise<FoundPayment> {
  const follow = followHistory(client, id, signal);
  // The first page is what has happened so far: read after it, so that nothing falls between.
  await follow(untilMs);
  const first = await readPayment(client, id);
  let found = first;
  while (!isWorthTelling(found, first) && now() < untilMs && !signal.aborted) {
    if (await follow(untilMs)) found = await readPayment(client, id);
  }
  return found;
}

const ERROR_PAUSE_MS = 250;

function isWorthTelling(found: FoundPayment, first: FoundPayment): boolean {
  const { report, description } = found;
  if (description.status.name !== 'RUNNING') return true;
  if (report === undefined) return false;
  const { status, final } = report.standing;
  return final || status !== 'processing' || status !== (first.report?.standing.status ?? status);
}

/** A function that waits for the run's next events, and says whether they can have changed its state. */
function followHistory(client: Client, id: string, signal: AbortSignal): (untilMs: number) => Promise<boolean> {
  let nextPageToken: Uint8Array | undefined;
  return async (untilMs) => {
    try {
      const page = await abortable(client, signal, () =>
        client.connection.withDeadline(untilMs, () =>
          client.workflowService.getWorkflowExecutionHistory({
            namespace: client.options.namespace,
            execution: { workflowId: id },
            waitNewEvent: true,
            historyEventFilterType: HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT,
            ...(nextPageToken === undefined ? {} : { nextPageToken }),
          }),
        ),
      );
      // An empty token means that the run has closed: there is nothing more to follow.
      nextPageToken = page.nextPageToken.length > 0 ? page.nextPageToken : undefined;
      return page.history?.events?.some((event) => TELLING.has(event.eventType)) ?? false;
    } catch {
      // The time is up, the caller has gone, or Temporal is away: the read that follows tells which. Never at once
      // again, and from the beginning of the history: the page may be of a run that was reset.
      nextPageToken = undefined;
      await new Promise((resolve) => setTimeout(resolve, ERROR_PAUSE_MS));
      return true;
    }
  };
}
