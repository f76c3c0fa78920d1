import { type Logger, pino } from 'pino';
import { maskCards } from '../domain/card-numbers.js';

export type { Logger } from 'pino';

/** Anything that looks like a secret of Stripe's, wherever in a text it stands. */
const SECRET = /(?<![A-Za-z0-9])(?:sk|rk|whsec|pi_[A-Za-z0-9]+_secret)_[A-Za-z0-9_]+/g;

/** The text without secrets or card-like numbers. */
export function redact(text: string): string {
  return maskCards(text.replace(SECRET, '[secret]'));
}

/**
 * JSON lines on standard output. Fields that may carry people's data or credentials are removed by name, and error
 * texts pass through {@link redact}, because a library's message may quote what it was given.
 */
export function createLogger(level: string, part: string): Logger {
  return pino({
    level,
    base: { part },
    redact: {
      paths: ['*.description', '*.metadata', '*.payment_method', '*.customer', '*.authorization', 'headers', 'body'],
      remove: true,
    },
    serializers: {
      err: (error: Error & { code?: unknown }) => ({
        name: error.name,
        code: error.code,
        message: redact(String(error.message)),
        stack: redact(String(error.stack ?? '')),
      }),
    },
  });
}
