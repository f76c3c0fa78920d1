import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
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

function send(res: Response, problem: Problem): void {
  const { status, code, title, detail, extra } = problem;
  if (extra.retryAfterSeconds !== undefined) res.set('Retry-After', String(extra.retryAfterSeconds));
  if (status === 401) res.set('WWW-Authenticate', 'Bearer');
  const body = { type: `urn:penstock:problem:${code}`, title, status, detail, code };
  res
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify(extra.errors === undefined ? body : { ...body, errors: extra.errors }));
}

export const unknownRoute: RequestHandler = (_req, _res, next) => next(notFound('route'));

/** The last handler: every error leaves as a problem, and only what is our fault is logged. */
export function problemHandler(logger: Logger): ErrorRequestHandler {
  return (error, req, res, _next) => {
    const problem = toProblem(error);
    if (problem.status >= 500 && !(error instanceof Problem)) {
      logger.error({ err: error, method: req.method, route: req.route?.path }, 'request failed');
    }
    if (res.headersSent) res.destroy();
    else send(res, problem);
  };
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  // body-parser's own errors: their messages quote the body, so none of them is passed on.
  const { type, status } = error as { type?: string; status?: number };
  if (type === 'entity.parse.failed') {
    const errors = [{ path: '', message: 'the body is not valid JSON' }];
    return new Problem(422, 'invalid_json', 'The body is not JSON', 'Send one JSON object.', { errors });
  }
  if (type === 'entity.too.large') {
    return new Problem(413, 'too_large', 'The body is too large', 'Send less than the limit of this route.');
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return new Problem(
      status,
      'bad_request',
      'The request cannot be read',
      'Check the request line, encoding and headers.',
    );
  }
  return new Problem(500, 'internal_error', 'Something went wrong here', 'The error is logged; asking again is safe.');
}
