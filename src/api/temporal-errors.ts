import { isNotNow } from '../temporal/grpc-errors.js';
import { unavailable } from './errors.js';

/**
 * The 503 that a failed call to Temporal amounts to, with `detail` as the way out; any other error as it is, because a
 * bug here must not look like an outage there.
 */
export function asUnavailable(error: unknown, detail: string): unknown {
  return isNotNow(error) ? unavailable(detail) : error;
}
