import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import qs from 'qs';
import { asAnswer, badKey, keyInUse, rejection, reply, truncate, unknownUrl } from './answers.js';
import { control } from './control.js';
import { WebhookSender } from './delivery.js';
import { FaultScript, faultsSchema, type RequestFault } from './faults.js';
import { type Answer, handle, type IncomingCall } from './handle.js';
import { accountOf, header, readBody } from './incoming.js';
import type { Params } from './params.js';
import { findRoute, type Route } from './routes.js';
import { Store } from './store.js';

export interface SimulatorOptions {
  readonly port: number;
  /** Where it listens; loopback where nothing is said: it asks nobody for a key of its own. */
  readonly host?: string | undefined;
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

  /** Starts to listen. @returns the port. @throws when it is taken. */
  async start(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.options.port, this.options.host ?? '127.0.0.1', resolve);
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

function shortId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 24);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
