import { z } from 'zod';
import { StripeApiError } from '../requests/errors.js';

/** What the control API is asked with, and how it refuses. Whatever is refused has changed nothing. */

/** Says in words for whoever asked what is wrong with it. */
export class BadInput extends Error {}

/** The secret key that opens an account. */
export const keySchema = z.string().regex(/^(sk|rk)_test_\w{4,}$/, 'a secret key is like sk_test_…');

/** @throws BadInput */
export function parsedJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new BadInput('the body must be JSON');
  }
}

/** The status and the words that an error is answered with: 404 for an object that is not there, 422 for bad input. */
export function refusalOf(error: unknown): { status: number; message: string } {
  if (error instanceof z.ZodError) return { status: 422, message: z.prettifyError(error) };
  if (error instanceof BadInput) return { status: 422, message: error.message };
  if (error instanceof StripeApiError) return { status: error.status === 404 ? 404 : 422, message: error.message };
  return { status: 500, message: (error as Error).message };
}
