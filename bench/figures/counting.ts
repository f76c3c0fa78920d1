import type { temporal } from '@temporalio/proto';
import { EventType } from '../../src/temporal/proto.js';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** What Temporal Cloud bills one action for each time it is in a history. Starting a child is two: asking and starting. */
const BILLED = new Map<number, number>([
  [EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, 1],
  [EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, 1],
  [EventType.EVENT_TYPE_TIMER_STARTED, 1],
  [EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, 1],
  [EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED, 1],
  [EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES, 1],
  [EventType.EVENT_TYPE_MARKER_RECORDED, 1],
  [EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED, 1],
  [EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED, 2],
]);

export interface Cost {
  /** History events. */
  readonly events: number;
  /** Billable actions, but for heartbeats and queries, which no history holds. */
  readonly actions: number;
}

/** What one run cost, read from its history. A retried activity is billed for each attempt. */
export function costOf(events: readonly HistoryEvent[]): Cost {
  const actions = events.reduce((sum, event) => {
    const attempt = event.activityTaskStartedEventAttributes?.attempt ?? 1;
    return sum + (BILLED.get(event.eventType ?? 0) ?? 0) + Math.max(0, attempt - 1);
  }, 0);
  return { events: events.length, actions };
}

/** When the run closed, Unix ms: the time of its last event. */
export function closedAtMs(events: readonly HistoryEvent[]): number {
  return atMs(events.at(-1));
}

/** How long each part of a payment's way to Stripe took, ms. */
export interface Way {
  /** From the workflow's start until it asks for its first call: its first task waits for the worker, and is done there. */
  readonly decided: number;
  /** Until the server has handed that call over: the lane's limit and its merchants' turns. */
  readonly handedOver: number;
  /** Until it is at Stripe: the worker, its governor and the connection. */
  readonly sent: number;
}

/**
 * @param arrivedMs when the payment's first request was at Stripe, Unix ms.
 * @returns undefined where it has not begun a call.
 */
export function wayOf(events: readonly HistoryEvent[], arrivedMs: number): Way | undefined {
  const scheduled = events.find((event) => event.activityTaskScheduledEventAttributes != null);
  const started = events.find((event) => event.activityTaskStartedEventAttributes != null);
  if (scheduled === undefined || started === undefined) return undefined;
  const [startedMs, scheduledMs] = [atMs(started), atMs(scheduled)];
  return { decided: scheduledMs - atMs(events[0]), handedOver: startedMs - scheduledMs, sent: arrivedMs - startedMs };
}

function atMs(event: HistoryEvent | undefined): number {
  const { seconds, nanos } = event?.eventTime ?? {};
  return Number(seconds ?? 0) * 1000 + (nanos ?? 0) / 1e6;
}
