import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agenda } from './agenda.js';
import { asAnswer, badKey, keyInUse, rejection, reply, secretKeyRequired, truncate, unknownUrl } from './answers.js';
import { Clock } from './clock.js';
import { DEFAULT_VERSION, type RequestContext } from './context.js';
import { control } from './control.js';
import { WebhookSender } from './delivery.js';
import { DUE } from './due.js';
import { FaultScript, faultsSchema, type RequestFault } from './faults.js';
import { type Answer, handle, happen, type IncomingCall, type Parts, type RaisedEvent } from './handle.js';
import { HeldReplies } from './held-replies.js';
import { Ids, newSeed } from './ids.js';
import { callerOf, decode, header, readBody } from './incoming.js';
import type { Scheduled } from './objects/simulated.js';
import { type LoggedRequest, RequestLog } from './request-log.js';
import { findRoute, isPublishable } from './routes.js';
import { SearchLag } from './search/lag.js';
import { Store, WHOLE } from './state/store.js';

export interface SimulatorOptions {
  readonly port: number;
  /** Where it listens; loopback where nothing is said: it asks nobody for a key of its own. */
  readonly host?: string | undefined;
  /** Where its state is kept; undefined keeps it in memory. */
  readonly folder: string | undefined;
  /** How many payments each account remembers; many thousands where nothing is said. */
  readonly history?: number | undefined;
  /** Of ids and of what is drawn: the same seed and requests give the same answers. Only for state that is new. */
  readonly seed?: string | undefined;
  readonly now?: () => number;
  /** Pause before a webhook's first retry, ms. */
  readonly firstRetryMs?: number;
}

/** A Stripe to run against, over HTTP. Every secret key opens an account of its own. */
export class Simulator {
  readonly store: Store;
  readonly sender: WebhookSender;
  script = new FaultScript(faultsSchema.parse({}));
  readonly held = new HeldReplies();
  readonly clock: Clock;
  readonly agenda: Agenda;
  private readonly requests: RequestLog;
  private readonly ids: Ids;
  private readonly parts: Parts;
  private readonly server: Server;
  private readonly inUse = new Set<string>();
  /** Where it is reached, once it listens. */
  private base = '';

  constructor(private readonly options: SimulatorOptions) {
    const realNow = options.now ?? Date.now;
    this.requests = new RequestLog(realNow);
    this.store = new Store(options);
    this.ids = new Ids(sown(this.store, options.seed));
    this.clock = new Clock(this.store, realNow);
    this.agenda = new Agenda({
      store: this.store,
      clock: this.clock,
      carryOut: (account, row) => this.fallDue(account, row),
    });
    this.sender = new WebhookSender({
      store: this.store,
      script: () => this.script,
      firstRetryMs: options.firstRetryMs ?? 1_000,
    });
    this.parts = {
      store: this.store,
      ids: this.ids,
      lag: new SearchLag(),
      plan: (account, event, nowMs) => this.sender.plan(account, event, nowMs),
    };
    this.server = createServer((req, res) => void this.serve(req, res));
  }

  /** Starts to listen. @returns the port. @throws when it is taken. */
  async start(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.options.port, this.options.host ?? '127.0.0.1', resolve);
    });
    const { port } = this.server.address() as AddressInfo;
    this.base = `http://127.0.0.1:${port}`;
    this.sender.resume();
    this.agenda.start();
    return port;
  }

  async stop(): Promise<void> {
    this.agenda.stop();
    this.sender.stop();
    this.held.release();
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
    this.store.close();
  }

  /** Every request to Stripe's API, oldest first. */
  get log(): readonly LoggedRequest[] {
    return this.requests.entries;
  }

  /** Steps the clock forward; whatever falls due on the way has happened, and is on its way, when it returns. */
  advance(ms: number): void {
    this.clock.stepForward(ms);
    this.agenda.catchUp();
  }

  /** Carries out what no request asks for: what a customer or a bank does. @throws what `work` throws. */
  happen<T>(account: string, work: (context: RequestContext) => T): T {
    this.agenda.catchUp();
    return this.happenAt(account, this.clock.now(), work);
  }

  private happenAt<T>(account: string, nowMs: number, work: (context: RequestContext) => T): T {
    const happening = { account, nowMs, base: this.base };
    const { result, events } = happen(this.parts, happening, work);
    void this.deliver(account, events);
    return result;
  }

  private fallDue(account: string, { id, kind, concerns, dueMs }: Scheduled): void {
    this.happenAt(account, dueMs, (context) => {
      context.tx.remove('scheduled', id);
      DUE[kind](context, concerns);
    });
  }

  private deliver(account: string, events: readonly RaisedEvent[]): Promise<unknown> {
    return Promise.all(events.map(({ event, deliveries }) => this.sender.send(account, event, deliveries)));
  }

  private async serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      const body = await readBody(req);
      const url = new URL(req.url ?? '/', 'http://simulator');
      if (url.pathname === '/_simulator' || url.pathname.startsWith('/_simulator/')) {
        await control(this, req.method ?? 'GET', url, body.toString('utf8'), res);
        return;
      }
      await this.serveApi(req, res, url, body);
    } catch (error) {
      if (!res.headersSent && !res.destroyed) reply(res, asAnswer(error), 'req_error');
    }
  }

  private async serveApi(req: IncomingMessage, res: ServerResponse, url: URL, body: Buffer): Promise<void> {
    const requestId = this.ids.next(WHOLE, 'req');
    const caller = callerOf(req);
    const method = req.method ?? 'GET';
    const found = findRoute(method, url.pathname);
    if (caller === undefined) return reply(res, asAnswer(badKey()), requestId);
    if (found === undefined) return reply(res, asAnswer(unknownUrl(method, url.pathname)), requestId);
    if (caller.publishable && !isPublishable(found.route)) return reply(res, asAnswer(secretKeyRequired()), requestId);
    const { account } = caller;

    const idempotencyKey = header(req, 'idempotency-key');
    const fault = this.script.forRequest(found.route.endpoint);
    const entry = this.requests.count(account, found.route.endpoint, idempotencyKey, fault);
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
    this.agenda.catchUp();
    const call: IncomingCall = {
      ...caller,
      method,
      path: url.pathname,
      found,
      ...(await decode(req, url, body)),
      idempotencyKey,
      apiVersion: header(req, 'stripe-version') ?? DEFAULT_VERSION,
      requestId,
      nowMs: this.clock.now(),
      base: this.base,
      serverError: fault?.kind === 'error_500' ? 'after' : fault?.kind === 'error_before' ? 'before' : null,
    };
    const answer = this.carryOut(call);
    const delivered = this.deliver(account, answer.events);
    await this.answerWith(fault, res, answer, requestId, entry, delivered);
  }

  private carryOut(call: IncomingCall): Answer {
    try {
      return handle(this.parts, call);
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
        await this.held.hold();
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
}

/** The seed of this state, sown when it was new, and of this start: what a killed process lost is not made again. */
function sown(store: Store, seed: string | undefined): string {
  const known = store.get(WHOLE, 'seed', 'seed') ?? { id: 'seed' as const, seed: seed ?? newSeed(), starts: 0 };
  const starts = known.starts + 1;
  store.commit([[WHOLE, 'seed', { ...known, starts }]]);
  return `${known.seed}/${starts}`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
