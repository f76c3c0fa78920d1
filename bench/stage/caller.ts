import { Agent, request } from 'node:http';
import type { Order } from './orders.js';
import type { System } from './system.js';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A connection is let go before a server of Node's lets go of it, after 5 s: what is sent then is lost. */
const IDLE_MS = 1_000;

/**
 * Callers of an API, as light as Node allows: kept connections and no parsing, so that what is measured is the server.
 */
export class Caller {
  private readonly agent = new Agent({ keepAlive: true, timeout: IDLE_MS });

  constructor(
    private readonly port: number,
    private readonly system: System,
  ) {}

  /** Asks for a payment. @throws when no answer comes. */
  take(order: Order): Promise<Answer> {
    const { path } = this.system;
    const body = JSON.stringify(this.system.body(order));
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          agent: this.agent,
          host: '127.0.0.1',
          port: this.port,
          method: 'POST',
          path,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
          response.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
