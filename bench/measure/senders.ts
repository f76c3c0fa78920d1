import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What a sender was answered. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * Sends requests that were made ready beforehand over connections that stay open, one after the other on each. On two cores
 * whoever measures takes time from what is measured: node's own client costs as much as the server that it calls.
 */
export class Senders {
  private readonly idle: Sender[] = [];
  private readonly all: Sender[] = [];

  constructor(private readonly port: number) {}

  /** @param request as it goes over the wire. @throws when the connection ends before the answer has. */
  async send(request: Buffer): Promise<Answer> {
    const sender = this.idle.pop() ?? (await this.another());
    const answer = await sender.send(request);
    this.idle.push(sender);
    return answer;
  }

  close(): void {
    for (const sender of this.all) sender.close();
  }

  private async another(): Promise<Sender> {
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    const sender = new Sender(socket);
    this.all.push(sender);
    return sender;
  }
}

class Sender {
  private received = '';
  private waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.take(chunk));
    socket.on('error', (error) => this.waiting?.reject(error));
    socket.on('close', () => this.waiting?.reject(new Error('the connection was closed')));
  }

  send(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.write(request);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: string): void {
    this.received += chunk;
    const headEnd = this.received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.received.slice(0, headEnd);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
    const end = headEnd + 4 + length;
    if (Number.isNaN(length)) this.waiting?.reject(new Error(`an answer without a length:\n${head}`));
    if (!(this.received.length >= end)) return;
    const body = this.received.slice(headEnd + 4, end);
    this.received = this.received.slice(end);
    this.waiting?.resolve({ status: Number(head.slice(9, 12)), body });
  }
}

/** A POST of JSON, as it goes over the wire. */
export function postOf(path: string, body: string, headers: Readonly<Record<string, string>>): Buffer {
  const all = { host: '127.0.0.1', 'content-type': 'application/json', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
