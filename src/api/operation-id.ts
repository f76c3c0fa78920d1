import { createHash } from 'node:crypto';
import { isCardData } from './card-data.js';
import { invalid, Problem } from './errors.js';

/** Up to 255 printable characters, as Stripe's own keys are. */
const OPERATION_ID = /^[\x21-\x7e]{1,255}$/;

/**
 * The id of an operation: the caller's `Idempotency-Key`, else a hash of what is asked for and of the try it belongs to,
 * so that the same again is the same operation. It becomes the update's id, by which Temporal takes it once.
 *
 * @throws Problem 400 or 422 for a key that cannot be one.
 */
export function operationId(header: string | undefined, operation: string, body: unknown, currentTry: string): string {
  if (header === undefined) {
    const text = JSON.stringify([body ?? {}, currentTry]);
    return `${operation}/hash/${createHash('sha256').update(text).digest('base64url')}`;
  }
  if (!OPERATION_ID.test(header)) {
    throw new Problem(
      400,
      'bad_idempotency_key',
      'Idempotency-Key cannot be read',
      'Send 1 to 255 printable ASCII characters.',
    );
  }
  if (isCardData(header)) throw invalid([{ path: 'Idempotency-Key', message: 'looks like card data' }]);
  return `${operation}/${header}`;
}
