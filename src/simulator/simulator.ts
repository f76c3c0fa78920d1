import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import qs from 'qs';
import { control } from './control.js';
import { WebhookSender } from './delivery.js';
import { StripeApiError } from './errors.js';
import { FaultScript, faultsSchema, type RequestFault } from './faults.js';
import { type Answer, handle, type IncomingCall } from './handle.js';
import type { Params } from './params.js';
import { findRoute, type Route } from './routes.js';
import { Store } from './store.js';

export interface SimulatorOptions {
  readonly port: number;
  /** Where its state is kept; undefined keeps it in memory. */
  readonly folder: string | undefined;
  readonly now?: () => number;
  /** Pause before a webhook's first retry, ms. */
  readonly firstRetryMs?: number;
}

/** One request as it was counted. */
export interface LoggedRequest {
  readonly atMs: number;
  readonly account: string;
  readonly endpoint: string;
  readonly idempotencyKey: string | null;
  readonly fault: string | null;
  status: number | null;
}

/** The request log keeps the newest of them. */
const LONGEST_LOG = 100_000;
const LARGEST_BODY = 1_000_000;

/** A Stripe to run against, over HTTP. Every secret key opens an account of its own. */
export class Simulator {
  readonly store: Store;
  readonly sender: WebhookSender;
  script = new FaultScript(faultsSchema.parse({}));
  readonly log: LoggedRequest[] = [];
  private readonly server: Server;
  private readonly held = new Set<() => void>();
  private readonly heldWatchers = new Set<() => void>();
  private readonly inUse = new Set<string>();
  readonly now: () => number;

  constructor(private readonly options: SimulatorOptions) {
    this.now = options.now ?? Date.now;
    this.store = new Store(options.folder);
    this.sender = new WebhookSender({
      store: this.store,
      script: () => this.script,
      firstRetryMs: options.firstRetryMs ?? 1_000,
    });
    this.server = createServer((req, res) => void this.serve(req, res));
  }

  /** Starts to listen on loopback. @returns the port. @throws when it is taken. */
  async start(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.options.port, '127.0.0.1', resolve);
    });
    this.sender.resume();
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.sender.stop();
    this.release();
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  /** Lets every held reply go. */
  release(): number {
    const count = this.held.size;
    for (const go of this.held) go();
    this.held.clear();
    return count;
  }

  /** Resolves once at least `count` replies are held. */
  async untilHeld(count: number): Promise<void> {
    while (this.held.size < count) await new Promise<void>((resolve) => this.heldWatchers.add(resolve));
  }

  private async serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      const body = await readBody(req);
      const url = new URL(req.url ?? '/', 'http://simulator');
      if (url.pathname === '/_simulator' || url.pathname.startsWith('/_simulator/')) {
        await control(this, req.method ?? 'GET', url, body, res);
        return;
      }
      await this.serveApi(req, res, url, body);
    } catch (error) {
      if (!res.headersSent && !res.destroyed) reply(res, asAnswer(error), 'req_error');
    }
  }

  private async serveApi(req: IncomingMessage, res: ServerResponse, url: URL, body: string): Promise<void> {
    const requestId = `req_${shortId()}`;
    const account = accountOf(req);
    const method = req.method ?? 'GET';
    const route = findRoute(method, url.pathname);
    if (account === undefined) return reply(res, asAnswer(badKey()), requestId);
    if (route === undefined) return reply(res, asAnswer(unknownUrl(method, url.pathname)), requestId);

    const idempotencyKey = header(req, 'idempotency-key');
    const fault = this.script.forRequest(route.endpoint);
    const entry = this.count(account, route, idempotencyKey, fault);
    if (await this.strikesBefore(fault, res, requestId, entry)) return;
    const lock = idempotencyKey === null ? null : `${account}/${idempotencyKey}`;
    if (lock !== null && this.inUse.has(lock)) return reply(res, asAnswer(keyInUse()), requestId, entry);
    if (fault?.kind === 'delay_before') {
      // Stripe holds a key from the beginning of a request to its end.
      if (lock !== null) this.inUse.add(lock);
      await sleep(fault.delay_ms);
      if (lock !== null) this.inUse.delete(lock);
    }

    // The time is taken here: what was held up comes about when it is carried out.
    const call: IncomingCall = {
      account,
      method,
      path: url.pathname,
      route,
      params: qs.parse(method === 'GET' ? url.search.slice(1) : body, PARSING) as Params,
      idempotencyKey,
      apiVersion: header(req, 'stripe-version') ?? '2026-10-28.endive',
      requestId,
      nowMs: this.now(),
      newId: (prefix) => `${prefix}_${shortId()}`,
      serverError: fault?.kind === 'error_500' ? 'after' : fault?.kind === 'error_before' ? 'before' : null,
    };
    const answer = this.carryOut(call);
    const delivered = Promise.all(
      answer.events.map(({ event, deliveries }) => this.sender.send(account, event, deliveries)),
    );
    await this.answerWith(fault, res, answer, requestId, entry, delivered);
  }

  private carryOut(call: IncomingCall): Answer {
    try {
      return handle(this.store, call, (account, event) => this.sender.plan(account, event, call.nowMs));
    } catch (error) {
      return asAnswer(error);
    }
  }

  /** Faults that strike before anything has happened. @returns whether the request ends here. */
  private async strikesBefore(
    fault: RequestFault | undefined,
    res: ServerResponse,
    requestId: string,
    entry: LoggedRequest,
  ): Promise<boolean> {
    if (fault?.kind === 'reset_before') {
      res.socket?.resetAndDestroy();
      return true;
    }
    if (fault?.kind === 'reject') {
      reply(res, asAnswer(rejection(fault)), requestId, entry);
      return true;
    }
    return false;
  }

  /** Answers, in whatever shape the fault leaves of it. */
  private async answerWith(
    fault: RequestFault | undefined,
    res: ServerResponse,
    answer: Answer,
    requestId: string,
    entry: LoggedRequest,
    delivered: Promise<unknown>,
  ): Promise<void> {
    switch (fault?.kind) {
      case 'lose_reply':
        res.socket?.resetAndDestroy();
        return;
      case 'hang':
        return;
      case 'hold_reply':
        await this.hold();
        break;
      case 'delay_reply':
        await sleep(fault.delay_ms);
        break;
      case 'webhook_first':
        await delivered;
        break;
      case 'truncate_reply':
        truncate(res, answer, requestId);
        return;
      case 'gibberish':
        reply(res, { ...answer, body: null }, requestId, entry);
        return;
      case 'bad_gateway':
        res.writeHead(502, { 'content-type': 'text/html' });
        res.end('<html><body><h1>502 Bad Gateway</h1></body></html>');
        return;
    }
    reply(res, answer, requestId, entry);
  }

  private hold(): Promise<void> {
    return new Promise((resolve) => {
      this.held.add(resolve);
      for (const watcher of this.heldWatchers) watcher();
      this.heldWatchers.clear();
    });
  }

  private count(
    account: string,
    route: Route,
    idempotencyKey: string | null,
    fault: RequestFault | undefined,
  ): LoggedRequest {
    const entry: LoggedRequest = {
      atMs: this.now(),
      account,
      endpoint: route.endpoint,
      idempotencyKey,
      fault: fault?.kind ?? null,
      status: null,
    };
    this.log.push(entry);
    if (this.log.length > LONGEST_LOG) this.log.splice(0, LONGEST_LOG / 10);
    return entry;
  }
}

/**
 * Lists come as objects by index, which is all that tells `expand[0]` from a metadata key "0"; and a parameter may be
 * called what every object has, such as `constructor`.
 */
const PARSING: qs.IParseOptions = { depth: 6, parameterLimit: 1_000, parseArrays: false, plainObjects: true };

function reply(res: ServerResponse, answer: Answer, requestId: string, entry?: LoggedRequest): void {
  if (entry !== undefined) entry.status = answer.status;
  if (res.destroyed) return;
  res.writeHead(answer.status, {
    'content-type': 'application/json',
    'request-id': requestId,
    'stripe-version': '2026-10-28.endive',
    ...answer.headers,
  });
  res.end(JSON.stringify(answer.body));
}

/** Promises the whole body and closes the connection half way through it. */
function truncate(res: ServerResponse, answer: Answer, requestId: string): void {
  const body = JSON.stringify(answer.body);
  res.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'request-id': requestId,
  });
  res.write(body.slice(0, body.length / 2), () => res.socket?.end());
}

/** The account a secret key opens: each key is an island. */
export function accountId(key: string): string {
  return `acct_${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;
}

function accountOf(req: IncomingMessage): string | undefined {
  const authorization = req.headers.authorization ?? '';
  const basic = /^Basic (.+)$/i.exec(authorization)?.[1];
  const key =
    /^Bearer (.+)$/i.exec(authorization)?.[1] ?? (basic && Buffer.from(basic, 'base64').toString().split(':')[0]);
  return key !== undefined && /^(sk|rk)_test_\w{4,}$/.test(key) ? accountId(key) : undefined;
}

function badKey(): StripeApiError {
  return new StripeApiError(401, { type: 'invalid_request_error', message: 'Invalid API Key provided.' });
}

function keyInUse(): StripeApiError {
  return new StripeApiError(409, {
    type: 'idempotency_error',
    code: 'idempotency_key_in_use',
    message: 'There is currently another in-progress request using this Idempotency Key.',
  });
}

function unknownUrl(method: string, path: string): StripeApiError {
  const message = `Unrecognized request URL (${method}: ${path}).`;
  return new StripeApiError(404, { type: 'invalid_request_error', message });
}

function rejection(fault: RequestFault): StripeApiError {
  const headers: Record<string, string> = {};
  if (fault.reason !== undefined) headers['stripe-rate-limited-reason'] = fault.reason;
  const byDefault = fault.status === 429 ? (fault.reason === undefined ? 'lock_timeout' : 'rate_limit') : undefined;
  const code = fault.code ?? byDefault;
  const message = fault.status === 401 ? 'Invalid API Key provided.' : 'The request was refused.';
  const body = { type: 'invalid_request_error' as const, message, ...(code === undefined ? {} : { code }) };
  return new StripeApiError(fault.status, body, headers);
}

function asAnswer(error: unknown): Answer {
  if (error instanceof StripeApiError) {
    return { status: error.status, body: { error: error.body }, headers: error.headers, events: [] };
  }
  const message = `simulator: ${(error as Error).message}`;
  return { status: 500, body: { error: { type: 'api_error', message } }, headers: {}, events: [] };
}

async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY) throw new StripeApiError(413, { type: 'invalid_request_error', message: 'Too large.' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function header(req: IncomingMessage, name: string): string | null {
  const value = req.headers[name];
  return typeof value === 'string' ? value : null;
}

function shortId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 24);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
