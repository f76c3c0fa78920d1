import { type Client, isGrpcServiceError } from '@temporalio/client';
import { encodeToPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';

/** gRPC's NOT_FOUND. */
const NOT_FOUND = 5;

/**
 * Signals the running workflow of this id. With a `requestId` the server itself takes a signal once only, however often and
 * by however many processes it is sent: a repeat adds nothing to the history. The client's own `signal` draws a random
 * id for each call, which is why the call is made here.
 *
 * @returns false when no run of that id is open: never was, or closed.
 * @throws whatever kept Temporal from taking it.
 */
export async function tellWorkflow(
  client: Client,
  workflowId: string,
  signalName: string,
  argument: unknown,
  requestId: string | undefined,
): Promise<boolean> {
  const { namespace, identity, loadedDataConverter } = client.options;
  const payloads = argument === undefined ? undefined : await encodeToPayloads(loadedDataConverter, argument);
  try {
    await client.workflowService.signalWorkflowExecution({
      namespace,
      identity,
      workflowExecution: { workflowId },
      signalName,
      ...(payloads === undefined ? {} : { input: { payloads } }),
      ...(requestId === undefined ? {} : { requestId }),
    });
    return true;
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === NOT_FOUND) return false;
    throw error;
  }
}
