import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import qs from 'qs';
import { UsageError } from '../../process.js';
import { HEARTBEAT_MS, type StreamLine } from '../delivery/event-streams.js';

/** An object as Stripe's API answers it: a command reads what it needs. */
export type StripeObject = Readonly<Record<string, unknown>> & { readonly id: string };

/** The simulator said no, to a request of Stripe's API. */
export class Refused extends UsageError {
  constructor(
    readonly status: number,
    readonly object: StripeObject | undefined,
    message: string,
  ) {
    super(message);
  }
}

/** A running simulator, over its control API and Stripe's, with one account's key. Every error says what to do. */
export class Remote {
  constructor(
    readonly base: string,
    readonly key: string,
    private readonly stopping: AbortSignal,
  ) {}

  /** @throws UsageError with the simulator's own words where it refuses. */
  async control(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
    const response = await this.fetch(`/_simulator/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = await this.json(response);
    if (response.ok) return answer;
    throw new UsageError(`the simulator refuses it: ${answer['error'] ?? response.status}`);
  }

  /** @throws Refused where Stripe's API refuses it; a decline is told with the object that it concerns. */
  async stripe(method: 'GET' | 'POST' | 'DELETE', path: string, params: object = {}): Promise<StripeObject> {
    const form = qs.stringify(params);
    const query = method === 'POST' || form === '' ? '' : `?${form}`;
    const response = await this.fetch(`/v1/${path}${query}`, {
      method,
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/x-www-form-urlencoded' },
      ...(method === 'POST' ? { body: form } : {}),
    });
    const answer = await this.json(response);
    if (response.ok) return answer as StripeObject;
    const error = (answer['error'] ?? {}) as { message?: string; payment_intent?: StripeObject };
    const message = `${method} /v1/${path} is refused (${response.status}): ${error.message ?? 'without a word'}`;
    throw new Refused(response.status, error.payment_intent, message);
  }

  /** Events as they happen, until the simulator or the caller ends it. @throws UsageError when it falls silent. */
  async *stream(query: Readonly<Record<string, string>>): AsyncGenerator<StreamLine> {
    const silent = new AbortController();
    const path = `/_simulator/stream?${new URLSearchParams(query)}`;
    const response = await this.fetch(path, {}, silent.signal);
    if (!response.ok || response.body === null) {
      throw new UsageError(`the simulator refuses it: ${(await this.json(response))['error']}`);
    }
    const timer = setTimeout(() => silent.abort(), 3 * HEARTBEAT_MS);
    const input = Readable.fromWeb(response.body as ReadableStream);
    const lines = createInterface({ input });
    // What cuts the stream off is seen by the loop below, which ends.
    input.on('error', () => lines.close());
    try {
      for await (const line of lines) {
        timer.refresh();
        yield JSON.parse(line) as StreamLine;
      }
    } finally {
      clearTimeout(timer);
      input.destroy();
    }
    if (silent.signal.aborted) throw new UsageError(`the simulator at ${this.base} has fallen silent`);
  }

  private async fetch(path: string, init: RequestInit, ...ends: AbortSignal[]): Promise<Response> {
    try {
      return await fetch(`${this.base}${path}`, { ...init, signal: AbortSignal.any([this.stopping, ...ends]) });
    } catch (error) {
      if (this.stopping.aborted) throw error;
      throw this.away(path, error);
    }
  }

  private async json(response: Response): Promise<Readonly<Record<string, unknown>>> {
    const text = await response.text().catch(() => '');
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
    } catch {}
    throw new UsageError(
      `what answers at ${this.base} answers no JSON (${response.status}): it is no simulator, or a fault is in force ` +
        '(npm run simulator -- faults)',
    );
  }

  private away(path: string, error: unknown): UsageError {
    const { code } = ((error as Error).cause ?? {}) as { code?: string };
    if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') {
      return new UsageError(
        `the connection was cut at ${path}: a fault is in force perhaps (npm run simulator -- faults)`,
      );
    }
    return new UsageError(
      `no simulator answers at ${this.base}: start one with \`npm run simulator\` or \`npm start\`, or name another with --at URL`,
    );
  }
}
