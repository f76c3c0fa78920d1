import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Stripe from 'stripe';
import { PATIENCE_MS } from './until.js';

/** One webhook as it came in. */
export interface Mail {
  readonly body: string;
  readonly signature: string;
  readonly event: Stripe.Event;
  readonly atMs: number;
}

/** A webhook endpoint that keeps everything it is sent, and answers as it is told. */
export class Inbox {
  readonly mail: Mail[] = [];
  /** The status of the answer to the mail that has just come in. */
  status: (mail: Mail, count: number) => number = () => 200;
  private readonly arrivals = new EventEmitter();
  private readonly server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const mail: Mail = {
        body,
        signature: String(req.headers['stripe-signature']),
        event: JSON.parse(body),
        atMs: Date.now(),
      };
      this.mail.push(mail);
      res.writeHead(this.status(mail, this.mail.length)).end();
      this.arrivals.emit('mail');
    });
  });

  /** @param port where it listens; any free one by default. */
  static async start(port = 0): Promise<Inbox> {
    const inbox = new Inbox();
    inbox.server.listen(port, '127.0.0.1');
    await once(inbox.server, 'listening');
    return inbox;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/webhooks`;
  }

  of(type: string): Mail[] {
    return this.mail.filter(({ event }) => event.type === type);
  }

  /** Resolves once the mail satisfies `enough`. @throws when patience is at its end, naming what has come. */
  async until(enough: (inbox: Inbox) => boolean): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    while (!enough(this)) {
      await once(this.arrivals, 'mail', { signal }).catch(() => {
        throw new Error(`only came: ${this.mail.map(({ event }) => event.type).join(', ')}`);
      });
    }
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
