import { isGrpcServiceError } from '@temporalio/client';
import { unavailable } from './errors.js';

/** gRPC codes with which a server, or the way to it, says that it cannot now. */
const NOT_NOW = new Set([
  1 /* CANCELLED */, 4 /* DEADLINE_EXCEEDED */, 8 /* RESOURCE_EXHAUSTED */, 14 /* UNAVAILABLE */,
]);

/**
 * The 503 that a failed call to Temporal amounts to, with `detail` as the way out; any other error as it is, because a
 * bug here must not look like an outage there.
 */
export function asUnavailable(error: unknown, detail: string): unknown {
  return isNotNow(error) ? unavailable(detail) : error;
}

function isNotNow(error: unknown): boolean {
  if (isGrpcServiceError(error)) return NOT_NOW.has(error.code);
  // The client wraps what gRPC said into a ServiceError.
  const { cause } = error as { cause?: unknown };
  return isGrpcServiceError(cause) && NOT_NOW.has(cause.code);
}
