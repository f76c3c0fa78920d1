import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import Stripe from 'stripe';

/** Called just before the bytes of one HTTP request are written; throws to keep them from being written. */
export type BeforeWrite = () => void;

/** Stripe-node repeats a request on these codes of its own accord (RequestSender `_shouldRetry`), even at 0 retries. */
const HIDDEN_RETRY_CODES = new Set(['ECONNRESET', 'EPIPE']);

/** With these the connection never stood, so no byte of the request was written. */
const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** How the transport failed. `connected: false` only where it is certain. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  constructor(
    readonly connected: boolean,
    readonly reason: string,
  ) {
    super(`transport failed: ${reason}`);
  }
}

type HttpClient = ReturnType<typeof Stripe.createNodeHttpClient>;

/**
 * Stripe's own Node client, with a gate in front of every HTTP request and without the repeat that stripe-node hides:
 * a call is exactly one request, so every request is metered and guarded, and every repeat is Penstock's decision.
 */
export function guardedHttpClient(protocol: 'http' | 'https', beforeWrite: BeforeWrite): HttpClient {
  const agent = protocol === 'http' ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true });
  const inner = Stripe.createNodeHttpClient(agent);
  const makeRequest = inner.makeRequest.bind(inner);
  inner.makeRequest = async (...args) => {
    beforeWrite();
    try {
      return await makeRequest(...args);
    } catch (error) {
      throw withoutHiddenRetry(error);
    }
  };
  return inner;
}

function withoutHiddenRetry(error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code !== undefined && NEVER_CONNECTED.has(code) && (syscall === undefined || isConnecting(syscall))) {
    return new TransportError(false, code);
  }
  if (code !== undefined && HIDDEN_RETRY_CODES.has(code)) return new TransportError(true, code);
  return error;
}

function isConnecting(syscall: string): boolean {
  return syscall === 'connect' || syscall.startsWith('getaddrinfo');
}
