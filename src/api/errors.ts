import type { ServerResponse } from 'node:http';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Logger } from '../telemetry/logger.js';

/** One wrong field of a request. `path` is dotted, empty for the whole body. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/**
 * An answer that is not the one asked for, as RFC 9457 `application/problem+json`. `detail` says the way out and never
 * repeats what was sent: it may be a card number.
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly extra: { readonly errors?: readonly FieldError[]; readonly retryAfterSeconds?: number } = {},
  ) {
    super(`${status} ${code}`);
  }
}

export function invalid(errors: readonly FieldError[]): Problem {
  return new Problem(422, 'invalid_request', 'The request is not valid', 'Correct the fields named in errors.', {
    errors,
  });
}

export function notFound(what: string): Problem {
  return new Problem(404, 'not_found', 'Not found', `There is no such ${what}.`);
}

/** Temporal did not take it. Whoever asked can ask again: the reference (or operation id) makes it safe. */
export function unavailable(detail: string): Problem {
  return new Problem(503, 'unavailable', 'Not taken', detail, { retryAfterSeconds: 1 });
}

export function stateForbids(detail: string): Problem {
  return new Problem(409, 'state_forbids', 'The state of the payment forbids it', detail);
}

export function referenceTakenByRefund(): Problem {
  return new Problem(
    409,
    'reference_taken',
    'The reference is taken',
    'This reference was used for a refund of this payment with other parameters. Nothing was changed.',
  );
}

export function tooLarge(): Problem {
  return new Problem(413, 'too_large', 'The body is too large', 'Send less than the limit of this route.');
}

/** @param status 4xx. */
export function unreadable(status: number): Problem {
  const detail = 'Check the request line, encoding and headers.';
  return new Problem(status, 'bad_request', 'The request cannot be read', detail);
}

function send(res: ServerResponse, problem: Problem): void {
  const { status, code, title, detail, extra } = problem;
  if (extra.retryAfterSeconds !== undefined) res.setHeader('retry-after', extra.retryAfterSeconds);
  if (status === 401) res.setHeader('www-authenticate', 'Bearer');
  const shown = { type: `urn:penstock:problem:${code}`, title, status, detail, code };
  const body = JSON.stringify(extra.errors === undefined ? shown : { ...shown, errors: extra.errors });
  res.statusCode = status;
  res.setHeader('content-type', 'application/problem+json; charset=utf-8');
  res.setHeader('content-length', Buffer.byteLength(body));
  res.end(body);
}

export const unknownRoute: RequestHandler = (_req, _res, next) => next(notFound('route'));

/** The last handler: every error leaves as a problem, and only what is our fault is logged. */
export function problemHandler(logger: Logger): ErrorRequestHandler {
  return (error, req, res, _next) => answerError(logger, error, { method: req.method, route: req.route?.path }, res);
}

/** @param asked for the log, where it is our fault. */
export function answerError(
  logger: Logger,
  error: unknown,
  asked: { readonly method: string | undefined; readonly route: string | undefined },
  res: ServerResponse,
): void {
  const problem = toProblem(error);
  if (problem.status >= 500 && !(error instanceof Problem)) logger.error({ err: error, ...asked }, 'request failed');
  if (res.headersSent) res.destroy();
  else send(res, problem);
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  // body-parser's own errors: their messages quote the body, so none of them is passed on.
  const { type, status } = error as { type?: string; status?: number };
  if (type === 'entity.parse.failed') {
    const errors = [{ path: '', message: 'the body is not valid JSON' }];
    return new Problem(422, 'invalid_json', 'The body is not JSON', 'Send one JSON object.', { errors });
  }
  if (type === 'entity.too.large') return tooLarge();
  if (status !== undefined && status >= 400 && status < 500) return unreadable(status);
  return new Problem(500, 'internal_error', 'Something went wrong here', 'The error is logged; asking again is safe.');
}
