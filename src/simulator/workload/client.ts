import { Agent, type IncomingMessage, request } from 'node:http';
import qs from 'qs';
import { API_VERSION } from '../requests/versions.js';
import type { Call } from './kinds/kind.js';

/** What came back of a request. */
export type Received =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly replayed: boolean;
      readonly text: string;
      readonly body: Body;
    }
  /** Something came that is no answer: half of one, or of another kind. */
  | { readonly kind: 'unreadable'; readonly status: number }
  /** Nothing came. */
  | { readonly kind: 'lost' };

export type Body = Readonly<Record<string, unknown>>;

/** A caller of the simulator without any habits of its own: one request a call, over connections that are kept. */
export class Client {
  private readonly agent = new Agent({ keepAlive: true });

  constructor(private readonly port: number) {}

  /** A request to Stripe's API. */
  call({ method, path, params }: Call, key: string, idempotencyKey: string | undefined): Promise<Received> {
    const form = qs.stringify(params);
    const inQuery = method !== 'POST' && form !== '';
    return this.send(method, inQuery ? `${path}?${form}` : path, inQuery ? '' : form, {
      authorization: `Bearer ${key}`,
      'stripe-version': API_VERSION,
      'content-type': 'application/x-www-form-urlencoded',
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    });
  }

  /** A request to the simulator's own controls. */
  control(what: string, body: object): Promise<Received> {
    const [method = '', path = ''] = what.split(' ');
    return this.send(method, `/_simulator/${path}`, JSON.stringify(body), { 'content-type': 'application/json' });
  }

  close(): void {
    this.agent.destroy();
  }

  private send(method: string, path: string, body: string, headers: Record<string, string>): Promise<Received> {
    return new Promise((resolve) => {
      const { agent, port } = this;
      const length = { 'content-length': String(Buffer.byteLength(body)) };
      const sent = request({ agent, host: '127.0.0.1', port, method, path, headers: { ...headers, ...length } });
      sent.on('response', (response) => void receive(response).then(resolve));
      sent.on('error', () => resolve({ kind: 'lost' }));
      sent.end(body);
    });
  }
}

async function receive(response: IncomingMessage): Promise<Received> {
  const status = response.statusCode ?? 0;
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    const body = JSON.parse(text) as unknown;
    if (typeof body !== 'object' || body === null) return { kind: 'unreadable', status };
    const replayed = response.headers['idempotent-replayed'] === 'true';
    return { kind: 'answered', status, replayed, text, body: body as Body };
  } catch {
    return { kind: 'unreadable', status };
  }
}
