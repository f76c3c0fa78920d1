import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** One request as its bytes came in. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type Respond = (socket: Socket, request: RawRequest, count: number) => void;

/**
 * A server that does with its sockets what no HTTP library would: it counts connections and whole requests, and leaves
 * every byte of the answer, or the lack of one, to the test.
 */
export class RawServer {
  readonly requests: RawRequest[] = [];
  connections = 0;
  /** Called for each whole request; `count` is 1 for the first. */
  respond: Respond = (socket) => answer(socket, 200, '{}');
  /** Called for each connection, before a byte was read. */
  accept: (socket: Socket) => void = () => undefined;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((socket) => this.take(socket));

  static async start(): Promise<RawServer> {
    const raw = new RawServer();
    raw.server.listen(0, '127.0.0.1');
    await once(raw.server, 'listening');
    return raw;
  }

  get base(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Forgets what it saw, for the next test. */
  reset(): void {
    this.requests.length = 0;
    this.connections = 0;
    this.accept = () => undefined;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private take(socket: Socket): void {
    this.connections += 1;
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => undefined);
    this.accept(socket);
    let pending = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      for (let read = parse(pending); read !== undefined; read = parse(pending)) {
        pending = pending.subarray(read.length);
        this.requests.push(read.request);
        this.respond(socket, read.request, this.requests.length);
      }
    });
  }
}

/** Writes a whole answer and keeps the connection, as Stripe does. */
export function answer(socket: Socket, status: number, body: string, headers: Record<string, string> = {}): void {
  const all = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} Said\r\n${lines.join('')}\r\n${body}`);
}

/** The first whole request in `bytes`, and how many of them it takes; undefined while it is not whole. */
function parse(bytes: Buffer): { request: RawRequest; length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const length = end + 4 + Number(headers['content-length'] ?? 0);
  if (bytes.length < length) return undefined;
  return { request: { method, path, headers, body: bytes.subarray(end + 4, length).toString('utf8') }, length };
}
