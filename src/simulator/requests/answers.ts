import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Rejection } from '../faults/schema.js';
import { tooMany } from '../limits/reasons.js';
import { textOf } from '../state/texts.js';
import { StripeApiError } from './errors.js';
import type { Answer } from './handle.js';
import { API_VERSION } from './versions.js';

/** The answers that come of no operation, and the ways in which an answer leaves. */

export function reply(res: ServerResponse, answer: Answer, requestId: string, entry?: { status: number | null }): void {
  if (entry !== undefined) entry.status = answer.status;
  if (res.destroyed) return;
  const isFile = Buffer.isBuffer(answer.body);
  const body = isFile ? (answer.body as Buffer) : textOf(answer.body as object | null);
  res.writeHead(answer.status, {
    'content-type': isFile ? 'application/octet-stream' : 'application/json',
    // With its length it leaves in one piece.
    'content-length': Buffer.byteLength(body),
    'request-id': requestId,
    'stripe-version': API_VERSION,
    ...answer.headers,
  });
  res.end(body);
}

/** Promises the whole body and closes the connection half way through it. */
export function truncate(res: ServerResponse, answer: Answer, requestId: string): void {
  const body = JSON.stringify(answer.body);
  res.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'request-id': requestId,
  });
  res.write(body.slice(0, body.length / 2), () => res.socket?.end());
}

/** What a proxy in front of Stripe says of it. */
export function badGateway(res: ServerResponse): void {
  res.writeHead(502, { 'content-type': 'text/html' });
  res.end('<html><body><h1>502 Bad Gateway</h1></body></html>');
}

/** Resolves once the connection is gone: whoever waited for an answer has given up. */
export async function gone(res: ServerResponse): Promise<void> {
  if (!res.closed) await once(res, 'close');
}

export function badKey(): StripeApiError {
  return new StripeApiError(401, { type: 'invalid_request_error', message: 'Invalid API Key provided.' });
}

export function secretKeyRequired(): StripeApiError {
  return new StripeApiError(401, {
    type: 'invalid_request_error',
    code: 'secret_key_required',
    message: 'This API call cannot be made with a publishable API key. Please use a secret API key.',
  });
}

export function keyInUse(): StripeApiError {
  return new StripeApiError(409, {
    type: 'idempotency_error',
    code: 'idempotency_key_in_use',
    message: 'There is currently another in-progress request using this Idempotency Key.',
  });
}

/** Stripe's words, for an empty one: github.com/cartalyst/stripe/issues/65. */
export function keyLength({ length }: string): StripeApiError {
  const message =
    `Idempotent key length is ${length}, which is outside accepted lengths. Idempotent Keys must be 1-255 characters ` +
    "long. If you're looking for a decent generator, try using a UUID defined by IETF RFC 4122.";
  return new StripeApiError(400, { type: 'invalid_request_error', message });
}

export function unknownUrl(method: string, path: string): StripeApiError {
  const message = `Unrecognized request URL (${method}: ${path}).`;
  return new StripeApiError(404, { type: 'invalid_request_error', message });
}

/** What a fault refuses a request with. */
export function rejection({ status, code, reason }: Rejection): StripeApiError {
  const message = status === 401 ? 'Invalid API Key provided.' : 'The request was refused.';
  const refusal =
    status === 429
      ? tooMany(reason ?? 'lock_timeout')
      : new StripeApiError(status, { type: 'invalid_request_error', message });
  return code === undefined ? refusal : new StripeApiError(status, { ...refusal.body, code }, refusal.headers);
}

export function asAnswer(error: unknown): Answer {
  if (error instanceof StripeApiError) {
    return { status: error.status, body: { error: error.body }, headers: error.headers, events: [] };
  }
  const message = `simulator: ${(error as Error).message}`;
  return { status: 500, body: { error: { type: 'api_error', message } }, headers: {}, events: [] };
}
