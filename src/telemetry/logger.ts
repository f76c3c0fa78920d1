import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Anything that looks like a secret of Stripe's, wherever in a text it stands. */
const SECRET = /\b(?:sk|rk|whsec|pi_[A-Za-z0-9]+_secret)_[A-Za-z0-9_]+/g;

/** 13 to 19 digits, spaces or dashes between: a card number or something that must be treated as one. */
const CARD_LIKE = /\b\d(?:[ -]?\d){12,18}\b/g;

/** The text without secrets or card-like numbers. */
export function redact(text: string): string {
  return text.replace(SECRET, '[secret]').replace(CARD_LIKE, '[digits]');
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
