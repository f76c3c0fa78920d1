import type { ApiErrorBody } from './objects.js';

/** An answer that is an error of Stripe's. `stored` says whether it is kept under the idempotency key. */
export class StripeApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ApiErrorBody,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(body.message);
  }

  /** Stripe keeps a result once execution has begun: a decline and a 500, and no refusal before that. */
  get stored(): boolean {
    return this.status === 402 || this.status >= 500;
  }
}

export function invalidRequest(message: string, code?: string, param?: string, intent?: unknown): StripeApiError {
  return new StripeApiError(400, {
    type: 'invalid_request_error',
    message,
    ...(code === undefined ? {} : { code }),
    ...(param === undefined ? {} : { param }),
    ...(intent === undefined ? {} : { payment_intent: intent }),
  });
}

export function noSuch(what: string, id: string, param: string): StripeApiError {
  return new StripeApiError(404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${what}: '${id}'`,
    param,
  });
}
