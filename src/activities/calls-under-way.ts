import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { PendingActivityState } from '../temporal/proto.js';
import { callsSoFar } from './one-call.js';

/** What Temporal knows of the tries of what the asking workflow has under way, in requests to Stripe. */
export async function callsUnderWay(client: Client): Promise<number> {
  const { workflowId = '', runId } = Context.current().info.workflowExecution ?? {};
  const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
  let calls = 0;
  for (const { activityType, attempt, state, heartbeatDetails } of raw.pendingActivities ?? []) {
    // While it waits, its attempt is the one that is to come.
    const waits = state === PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED;
    const tries = (attempt ?? 1) - (waits ? 1 : 0);
    const [told] = heartbeatDetails?.payloads ?? [];
    const details = told && client.options.loadedDataConverter.payloadConverter.fromPayload(told);
    calls += callsSoFar({ type: activityType?.name ?? '', tries, heartbeatDetails: details });
  }
  return calls;
}
