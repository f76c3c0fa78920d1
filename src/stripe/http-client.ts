import { AsyncLocalStorage } from 'node:async_hooks';
import { type ClientRequest, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import Stripe from 'stripe';

/** What one HTTP request tells of itself while it is under way. */
export interface Passage {
  /** Its first byte is about to go out. @returns false where it must not any more. */
  written(): boolean;
  /** Its answer has begun. @param limitedBy `Stripe-Rate-Limited-Reason` of a 429 that has it. */
  answered(limitedBy: string | null): void;
  /** It is over. */
  ended(): void;
}

/** Asked before one HTTP request is sent; waits for its turn. Rejects to keep it from being written. */
export type Enter = () => Promise<Passage>;

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
export function guardedHttpClient(protocol: 'http' | 'https', enter: Enter): HttpClient {
  const passages = new AsyncLocalStorage<Passage>();
  const agent = protocol === 'http' ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true });
  tellWhenWritten(agent, protocol === 'http' ? 'connect' : 'secureConnect', passages);
  const inner = Stripe.createNodeHttpClient(agent);
  const makeRequest = inner.makeRequest.bind(inner);
  inner.makeRequest = async (...args) => {
    const passage = await enter();
    const [timeoutMs, startedAt] = [args[7], performance.now()];
    try {
      const response = await passages.run(passage, () => makeRequest(...args));
      passage.answered(limitOf(response));
      return onlyStripes(response, timeoutMs - (performance.now() - startedAt));
    } catch (error) {
      throw withoutHiddenRetry(error);
    } finally {
      passage.ended();
    }
  };
  return inner;
}

/**
 * Stripe-node writes a request as soon as it has a connection that stands, and a new one can take long: what counts at
 * Stripe counts from there. `addRequest` is where Node's agents are given each request; it is what the `http` module itself
 * calls, though no documentation names it, and a test holds that it is called.
 */
function tellWhenWritten(agent: HttpAgent, connected: string, passages: AsyncLocalStorage<Passage>): void {
  const watched = agent as unknown as { addRequest: (request: ClientRequest, ...rest: unknown[]) => void };
  const addRequest = watched.addRequest.bind(agent);
  watched.addRequest = (request, ...rest) => {
    const passage = passages.getStore();
    if (passage !== undefined) {
      const write = () => {
        // Stripe-node writes next, into a request that is no more: nothing goes out.
        if (!passage.written()) request.destroy(new TransportError(false, 'too late to be sent'));
      };
      request.once('socket', (socket: Socket) => {
        if (socket.connecting) socket.once(connected, write);
        else write();
      });
    }
    addRequest(request, ...rest);
  };
}

function limitOf(response: HttpResponse): string | null {
  if (response.getStatusCode() !== 429) return null;
  const reason: unknown = response.getHeaders()['stripe-rate-limited-reason'];
  return typeof reason === 'string' ? reason : null;
}

function withoutHiddenRetry(error: unknown): unknown {
  if (error instanceof TransportError) return error;
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

type HttpResponse = Awaited<ReturnType<HttpClient['makeRequest']>>;

/**
 * JSON alone does not make an answer Stripe's: proxies and gateways speak it too. Stripe-node takes a body without
 * `error` for a success whatever its status, and on a bare string it throws where nobody can catch it. What is thrown
 * here it reports as an answer that could not be read. Its own time-out is of idleness, so a body that trickles would
 * never end: here it has what is left of the whole.
 */
function onlyStripes(response: HttpResponse, leftMs: number): HttpResponse {
  const toJSON = response.toJSON.bind(response);
  response.toJSON = async () => {
    const raw = response.getRawResponse() as { destroy: (error: Error) => void };
    const tooLate = Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
    const timer = setTimeout(() => raw.destroy(tooLate), Math.max(1, leftMs));
    const body: unknown = await toJSON().finally(() => clearTimeout(timer));
    if (!isStripes(response.getStatusCode(), body)) throw new SyntaxError("not an answer of Stripe's");
    return body;
  };
  return response;
}

/** An object names what it is, an error its type. */
function isStripes(status: number, body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  const { object, error } = body as { object?: unknown; error?: { type?: unknown } | null };
  return status < 400 ? typeof object === 'string' : typeof error?.type === 'string';
}
