import { isGrpcServiceError } from '@temporalio/client';

/** The gRPC code with which a call to Temporal failed, be it wrapped in an error of the client's; undefined of any other. */
export function grpcCode(error: unknown): number | undefined {
  if (isGrpcServiceError(error)) return error.code;
  const { cause } = error as { cause?: unknown };
  return isGrpcServiceError(cause) ? cause.code : undefined;
}

/** The codes with which a server, or the way to it, says that it cannot now. */
const NOT_NOW: ReadonlySet<number | undefined> = new Set([
  1 /* CANCELLED */, 4 /* DEADLINE_EXCEEDED */, 8 /* RESOURCE_EXHAUSTED */, 14 /* UNAVAILABLE */,
]);

/** Whether a failed call to Temporal says nothing of what was asked, only that it could not be done now. */
export function isNotNow(error: unknown): boolean {
  return NOT_NOW.has(grpcCode(error));
}
