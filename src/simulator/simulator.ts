import type { IncomingMessage, ServerResponse } from 'node:http';
import { FolderLock } from '../folder-lock.js';
import { control } from './control/index.js';
import { refusalBySite } from './control/site-guard.js';
import { AttemptLog } from './delivery/attempt-log.js';
import { EventStreams } from './delivery/event-streams.js';
import { WebhookSender } from './delivery/sender.js';
import { Door } from './door.js';
import type { Faults } from './faults/schema.js';
import { FaultScript } from './faults/script.js';
import { traitsOfCharge } from './faults/traits.js';
import { Ids, newSeed } from './ids.js';
import { Limiter } from './limits/limiter.js';
import { eventAmong } from './objects/event.js';
import type { Scheduled } from './objects/simulated.js';
import { CLOCK_FORM, clockForm, page, show } from './page/page.js';
import { asAnswer, reply } from './requests/answers.js';
import type { RequestContext } from './requests/context.js';
import { Counts } from './requests/counts.js';
import { invalidRequest } from './requests/errors.js';
import { happen, type Parts, type RaisedEvent } from './requests/handle.js';
import { HeldRequests } from './requests/held-requests.js';
import { LARGEST_BODY, readBody } from './requests/incoming.js';
import { type LoggedRequest, RequestLog } from './requests/request-log.js';
import { Serving } from './requests/serving.js';
import { SearchLag } from './search/lag.js';
import { Store, WHOLE } from './state/store.js';
import { Agenda } from './time/agenda.js';
import { Clock } from './time/clock.js';
import { DUE } from './time/due.js';
import { DAY_MS } from './time/durations.js';

export interface SimulatorOptions {
  readonly port: number;
  /** Where it listens; loopback where nothing is said: it asks nobody for a key of its own. */
  readonly host?: string | undefined;
  /** What its page and controls are called by others, in small letters: they answer under no name that may be rebound. */
  readonly names?: readonly string[] | undefined;
  /** Where its state is kept; undefined keeps it in memory. */
  readonly folder: string | undefined;
  /** How many payments each account remembers; many thousands where nothing is said. */
  readonly history?: number | undefined;
  /** Of ids and of what is drawn: the same seed and requests give the same answers. Only for state that is new. */
  readonly seed?: string | undefined;
  /** Real time, Unix ms: what the simulator's clock is ahead of. */
  readonly now?: () => number;
  /** Real time that never goes back, Unix ms: what rates are measured by. */
  readonly steadyNow?: () => number;
  /** Pause before a webhook's first retry, ms. */
  readonly firstRetryMs?: number;
}

/** By the simulator's clock. */
const TRIED_AGAIN_MS = DAY_MS;

/** A Stripe to run against, over HTTP. Every secret key opens an account of its own. */
export class Simulator {
  readonly sender: WebhookSender;
  script = FaultScript.quiet();
  readonly held = new HeldRequests();
  readonly counts = new Counts();
  readonly limiter = new Limiter();
  readonly attempts = new AttemptLog();
  readonly streams = new EventStreams();
  readonly clock: Clock;
  readonly agenda: Agenda;
  private readonly requests = new RequestLog();
  private readonly parts: Parts;
  private readonly serving: Serving;
  /** Where it is reached. */
  private readonly base: string;

  private constructor(
    private readonly options: SimulatorOptions,
    private readonly door: Door,
    private readonly lock: FolderLock | undefined,
    readonly store: Store,
  ) {
    this.base = `http://127.0.0.1:${door.port}`;
    const realNow = options.now ?? Date.now;
    this.clock = new Clock(store, realNow);
    this.agenda = new Agenda({
      store,
      clock: this.clock,
      carryOut: (account, row) => this.fallDue(account, row),
    });
    const ids = new Ids(sown(store, options.seed));
    this.sender = new WebhookSender({
      store,
      clock: this.clock,
      ids,
      script: () => this.script,
      attempts: this.attempts,
      firstRetryMs: options.firstRetryMs ?? 1_000,
    });
    const { clock, agenda, limiter, counts, held } = this;
    this.parts = {
      store,
      ids,
      lag: new SearchLag(),
      plan: (account, event) => this.sender.plan(account, event),
      scriptedSequel: (account, kinds, charge) => {
        const situation = { account, traits: () => traitsOfCharge(charge), nowMs: clock.now() };
        return this.script.sequelOf(kinds, situation);
      },
    };
    this.serving = new Serving({
      ...this.parts,
      clock,
      agenda,
      limiter,
      counts,
      held,
      log: this.requests,
      steadyNow: options.steadyNow ?? (() => performance.timeOrigin + performance.now()),
      script: () => this.script,
      base: () => this.base,
      deliver: (account, events) => this.deliver(account, events),
    });
  }

  /**
   * Reads what is kept. It does nothing by itself yet, and lets whoever asks wait, until it is started.
   *
   * @throws when the port is taken, or the folder: nothing has changed then.
   */
  static async open(options: SimulatorOptions): Promise<Simulator> {
    const door = await Door.hold(options.port, options.host ?? '127.0.0.1');
    let lock: FolderLock | undefined;
    let store: Store | undefined;
    try {
      lock = options.folder === undefined ? undefined : await FolderLock.take(options.folder);
      store = new Store(options);
      return new Simulator(options, door, lock, store);
    } catch (error) {
      await door.close();
      await store?.close();
      lock?.release();
      throw error;
    }
  }

  /** Goes on with what was under way, and answers. @returns the port. */
  start(): number {
    this.sender.resume();
    this.agenda.start();
    this.door.open((req, res) => void this.serve(req, res));
    return this.door.port;
  }

  async stop(): Promise<void> {
    this.agenda.stop();
    this.sender.stop();
    this.held.stop();
    this.streams.stop();
    await this.door.close();
    await this.store.close();
    this.lock?.release();
  }

  /** What goes wrong from now on; its windows begin now. */
  putScript(faults: Faults): void {
    this.script = new FaultScript(faults, this.clock.now());
  }

  /** Every request to Stripe's API, oldest first. */
  get log(): readonly LoggedRequest[] {
    return this.requests.entries;
  }

  /** Steps the clock forward; whatever falls due on the way has happened, and is on its way, when it returns. */
  advance(ms: number): void {
    this.clock.stepForward(ms);
    this.catchUp();
  }

  /** The clock stands still until it is stepped or set running again: timers are taken back. */
  freeze(): void {
    this.clock.freeze();
    this.catchUp();
  }

  run(): void {
    this.clock.run();
    this.catchUp();
  }

  /** Carries out what no request asks for: what a customer or a bank does. @throws what `work` throws. */
  happen<T>(account: string, work: (context: RequestContext) => T): T {
    this.agenda.catchUp();
    return this.happenAt(account, this.clock.now(), work);
  }

  private catchUp(): void {
    try {
      this.agenda.catchUp();
    } finally {
      this.sender.catchUp();
    }
  }

  private happenAt<T>(account: string, nowMs: number, work: (context: RequestContext) => T): T {
    const happening = { account, nowMs, base: this.base };
    const { result, events } = happen(this.parts, happening, work);
    void this.deliver(account, events);
    return result;
  }

  /** @throws what hindered it: it is still to come. */
  private fallDue(account: string, row: Scheduled): void {
    const { id, kind, concerns, dueMs } = row;
    try {
      this.happenAt(account, dueMs, (context) => {
        context.tx.remove('scheduled', id);
        DUE[kind](context, concerns);
      });
    } catch (error) {
      // What the system hindered, a full disk say, is the agenda's to try again.
      if ((error as NodeJS.ErrnoException).code !== undefined) throw error;
      // Nobody asked for it who could be told; left where it is, every request after it would be. It may come about yet:
      // an account's settings can be mended.
      this.store.commit([[account, 'scheduled', { ...row, dueMs: dueMs + TRIED_AGAIN_MS }]]);
      process.stderr.write(`simulator: ${kind} of ${concerns}, tried again in a day: ${(error as Error).message}\n`);
    }
  }

  private deliver(account: string, events: readonly RaisedEvent[]): Promise<unknown> {
    for (const { event, deliveries } of events) {
      // As of when it came about, which within a step of the clock is before the clock's time.
      if (event.type === 'charge.succeeded') this.limiter.paid(account, event.created * 1_000);
      if (this.streams.count > 0) this.streams.tell(account, eventAmong(event, deliveries));
    }
    const sent = events.filter(({ deliveries }) => deliveries.length > 0);
    return Promise.all(sent.map((raised) => this.sender.send(account, raised)));
  }

  private async serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      const url = targetOf(req);
      if (isOwn(req, url)) return await this.serveOwn(req, res, url);
      await this.serving.serve(req, res, url, await readBody(req));
    } catch (error) {
      if (!res.headersSent && !res.destroyed) reply(res, asAnswer(error), 'req_error');
    }
  }

  /** What is no part of Stripe's: the page and the controls. */
  private async serveOwn(req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
    const { method = 'GET' } = req;
    const refusal = refusalBySite(req, this.options);
    if (refusal !== undefined) return refuse(res, 403, refusal);
    if (url.pathname === '/') return show(res, page(this, url));
    const body = await readBody(req).catch(() => undefined);
    if (body === undefined) return refuse(res, 422, `the body is larger than ${LARGEST_BODY / (1 << 20)} MiB`);
    const text = body.toString('utf8');
    if (method === 'POST' && url.pathname === CLOCK_FORM) return show(res, clockForm(this, text));
    await control(this, method, url, text, res);
  }
}

/** A path may begin with two slashes, which as a part of a URL would be a host. @throws the 400 for what is no target. */
function targetOf({ url = '/' }: IncomingMessage): URL {
  const target = url.startsWith('/') ? `http://simulator${url}` : url;
  try {
    return new URL(target);
  } catch {
    throw invalidRequest(`The target of the request is no URL: ${url.slice(0, 100)}`);
  }
}

/** At `/` a browser is shown the page; any other client meets Stripe there, which has nothing. */
function isOwn({ method, headers }: IncomingMessage, { pathname }: URL): boolean {
  if (pathname === '/') return (method === 'GET' || method === 'HEAD') && (headers.accept ?? '').includes('text/html');
  return pathname === '/_simulator' || pathname.startsWith('/_simulator/');
}

/** The seed of this state, sown when it was new, and of this start: what a killed process lost is not made again. */
function sown(store: Store, seed: string | undefined): string {
  const known = store.get(WHOLE, 'seed', 'seed') ?? { id: 'seed' as const, seed: seed ?? newSeed(), starts: 0 };
  const starts = known.starts + 1;
  store.commit([[WHOLE, 'seed', { ...known, starts }]]);
  return `${known.seed}/${starts}`;
}

/** @param why the body is left unread: the connection is of no more use. */
function refuse(res: ServerResponse, status: number, why: string): void {
  res.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  res.end(JSON.stringify({ error: why }));
}
