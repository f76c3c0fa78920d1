import type { ServerResponse } from 'node:http';
import type { StripeEvent } from '../objects/event.js';

/** What a stream is made of: a line of JSON each. */
export type StreamLine =
  | { readonly kind: 'open'; readonly account: string | null }
  | { readonly kind: 'event'; readonly account: string; readonly event: StripeEvent }
  /** Nothing has happened for a while, and the simulator is still there. */
  | { readonly kind: 'heartbeat' }
  /** The last line: why there will be no more. */
  | { readonly kind: 'end'; readonly why: string };

export interface StreamOptions {
  /** Null: every account. */
  readonly account: string | null;
  readonly wants: (type: string) => boolean;
}

/** How often a stream shows that it lives; whoever reads it may give it up after some of them. */
export const HEARTBEAT_MS = 15_000;

/** What may wait for a reader before the stream is ended: some thousand events. */
const LARGEST_BACKLOG = 8 * (1 << 20);

/**
 * Events as they happen, to whoever listens: before any webhook, and untouched by faults of the webhooks. Nothing is kept
 * for a stream that ends; whoever was away reads the list of events.
 */
export class EventStreams {
  private readonly open = new Map<ServerResponse, StreamOptions>();
  private heart: NodeJS.Timeout | undefined;

  /** Answers with a stream, for as long as its reader stays. */
  add(res: ServerResponse, options: StreamOptions): void {
    res.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    this.open.set(res, options);
    // A reader that was killed is a closed connection too.
    res.once('close', () => this.forget(res));
    res.on('error', () => this.forget(res));
    this.write(res, { kind: 'open', account: options.account });
    this.heart ??= setInterval(() => this.beat(), HEARTBEAT_MS).unref();
  }

  tell(account: string, event: StripeEvent): void {
    for (const [res, options] of this.open) {
      if (options.account !== null && options.account !== account) continue;
      if (options.wants(event.type)) this.write(res, { kind: 'event', account, event });
    }
  }

  get count(): number {
    return this.open.size;
  }

  stop(): void {
    for (const res of this.open.keys()) this.end(res, 'the simulator stops');
  }

  private beat(): void {
    for (const res of this.open.keys()) this.write(res, { kind: 'heartbeat' });
  }

  private write(res: ServerResponse, line: StreamLine): void {
    // A reader that stands still would fill the memory.
    if (res.writableLength > LARGEST_BACKLOG) this.end(res, 'its reader is too slow');
    else res.write(`${JSON.stringify(line)}\n`);
  }

  private end(res: ServerResponse, why: string): void {
    this.forget(res);
    res.end(`${JSON.stringify({ kind: 'end', why } satisfies StreamLine)}\n`);
    // Of a slow reader nothing more is waited for.
    if (res.writableLength > LARGEST_BACKLOG) res.destroy();
  }

  private forget(res: ServerResponse): void {
    this.open.delete(res);
    if (this.open.size > 0) return;
    clearInterval(this.heart);
    this.heart = undefined;
  }
}
