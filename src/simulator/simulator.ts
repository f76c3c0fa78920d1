import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agenda } from './agenda.js';
import { asAnswer, reply } from './answers.js';
import { Clock } from './clock.js';
import type { RequestContext, ScriptedSequel } from './context.js';
import { control } from './control.js';
import { Counts } from './counts.js';
import { WebhookSender } from './delivery.js';
import { DUE } from './due.js';
import type { Faults } from './faults/schema.js';
import { FaultScript } from './faults/script.js';
import { traitsOfCharge } from './faults/traits.js';
import { happen, type RaisedEvent } from './handle.js';
import { HeldRequests } from './held-requests.js';
import { newId } from './ids.js';
import { readBody } from './incoming.js';
import { Limiter } from './limits/limiter.js';
import type { Scheduled, StripeEvent, WebhookDelivery } from './objects.js';
import { type LoggedRequest, RequestLog } from './request-log.js';
import { Serving } from './serving.js';
import { Store } from './store.js';

export interface SimulatorOptions {
  readonly port: number;
  /** Where it listens; loopback where nothing is said: it asks nobody for a key of its own. */
  readonly host?: string | undefined;
  /** Where its state is kept; undefined keeps it in memory. */
  readonly folder: string | undefined;
  /** Real time, Unix ms: what the simulator's clock is ahead of. */
  readonly now?: () => number;
  /** Real time that never goes back, Unix ms: what rates are measured by. */
  readonly steadyNow?: () => number;
  /** Pause before a webhook's first retry, ms. */
  readonly firstRetryMs?: number;
}

/** A Stripe to run against, over HTTP. Every secret key opens an account of its own. */
export class Simulator {
  readonly store: Store;
  readonly sender: WebhookSender;
  script = FaultScript.quiet();
  readonly held = new HeldRequests();
  readonly counts = new Counts();
  readonly limiter = new Limiter();
  readonly clock: Clock;
  readonly agenda: Agenda;
  private readonly requests = new RequestLog();
  private readonly serving: Serving;
  private readonly server: Server;
  /** Where it is reached, once it listens. */
  private base = '';

  constructor(private readonly options: SimulatorOptions) {
    const realNow = options.now ?? Date.now;
    this.store = new Store(options.folder);
    this.clock = new Clock(this.store, realNow);
    this.agenda = new Agenda({
      store: this.store,
      clock: this.clock,
      carryOut: (account, row) => this.fallDue(account, row),
    });
    this.sender = new WebhookSender({
      store: this.store,
      clock: this.clock,
      script: () => this.script,
      firstRetryMs: options.firstRetryMs ?? 1_000,
    });
    const { store, clock, agenda, limiter, counts, held } = this;
    this.serving = new Serving({
      store,
      clock,
      agenda,
      limiter,
      counts,
      held,
      log: this.requests,
      steadyNow: options.steadyNow ?? (() => performance.timeOrigin + performance.now()),
      script: () => this.script,
      base: () => this.base,
      plan: this.plan,
      scriptedSequel: this.scriptedSequel,
      deliver: (account, events) => this.deliver(account, events),
    });
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
    this.held.stop();
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
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
    this.agenda.catchUp();
    this.sender.catchUp();
  }

  /** Carries out what no request asks for: what a customer or a bank does. @throws what `work` throws. */
  happen<T>(account: string, work: (context: RequestContext) => T): T {
    this.agenda.catchUp();
    return this.happenAt(account, this.clock.now(), work);
  }

  private happenAt<T>(account: string, nowMs: number, work: (context: RequestContext) => T): T {
    const happening = { account, nowMs, base: this.base, newId, scriptedSequel: this.scriptedSequel };
    const { result, events } = happen(this.store, happening, work, this.plan);
    void this.deliver(account, events);
    return result;
  }

  private fallDue(account: string, { id, kind, concerns, dueMs }: Scheduled): void {
    // Something that fell due before it may have taken it back, or put it off.
    if (this.store.get(account, 'scheduled', id)?.dueMs !== dueMs) return;
    this.happenAt(account, dueMs, (context) => {
      context.tx.remove('scheduled', id);
      DUE[kind](context, concerns);
    });
  }

  private readonly plan = (account: string, event: StripeEvent): WebhookDelivery[] => this.sender.plan(account, event);

  private readonly scriptedSequel: ScriptedSequel = (account, kinds, charge) => {
    const situation = { account, traits: () => traitsOfCharge(charge), nowMs: this.clock.now() };
    return this.script.sequelOf(kinds, situation);
  };

  private deliver(account: string, events: readonly RaisedEvent[]): Promise<unknown> {
    for (const { event } of events) {
      if (event.type === 'charge.succeeded') this.limiter.paid(account, this.clock.now());
    }
    return Promise.all(events.map((raised) => this.sender.send(account, raised)));
  }

  private async serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      const body = await readBody(req);
      const url = new URL(req.url ?? '/', 'http://simulator');
      if (url.pathname === '/_simulator' || url.pathname.startsWith('/_simulator/')) {
        await control(this, req.method ?? 'GET', url, body, res);
        return;
      }
      await this.serving.serve(req, res, url, body);
    } catch (error) {
      if (!res.headersSent && !res.destroyed) reply(res, asAnswer(error), 'req_error');
    }
  }
}
