import { isGrpcServiceError } from '@temporalio/client';

/** gRPC codes with which a server, or the way to it, says that it cannot now. */
const NOT_NOW = new Set([
  1 /* CANCELLED */, 4 /* DEADLINE_EXCEEDED */, 8 /* RESOURCE_EXHAUSTED */, 14 /* UNAVAILABLE */,
]);

/** Whether a failed call to Temporal says nothing of what was asked, only that it could not be done now. */
export function isNotNow(error: unknown): boolean {
  if (isGrpcServiceError(error)) return NOT_NOW.has(error.code);
  // The client wraps what gRPC said into a ServiceError.
  const { cause } = error as { cause?: unknown };
  return isGrpcServiceError(cause) && NOT_NOW.has(cause.code);
}
