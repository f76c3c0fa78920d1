import type { WebhookFault } from '../faults/schema.js';
import type { FaultScript, WebhookStrike } from '../faults/script.js';
import { traitsOfEvent } from '../faults/traits.js';
import type { Ids } from '../ids.js';
import { eventAmong, type StripeEvent, type WebhookDelivery } from '../objects/event.js';
import type { RaisedEvent } from '../requests/handle.js';
import type { Put, Store } from '../state/store.js';
import type { Clock } from '../time/clock.js';
import type { AttemptLog } from './attempt-log.js';
import { Poster } from './posting.js';
import { pauseAfter, stateAfter } from './retries.js';
import { Turns } from './turns.js';
import { Waiting } from './waiting.js';

export interface DeliveryOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly script: () => FaultScript;
  readonly attempts: AttemptLog;
  /** Pause before the first retry, by the simulator's clock; each is twice as long as the one before. */
  readonly firstRetryMs: number;
}

interface NotedAttempt {
  readonly status: number | null;
  readonly ms: number;
  readonly state: WebhookDelivery['state'];
}

/** Sends events to the endpoints of their account: signed, at least once, in no order, until one says 2xx. */
export class WebhookSender {
  private readonly waiting: Waiting;
  private readonly poster = new Poster();
  /** By account and endpoint. */
  private readonly turns = new Map<string, Turns>();
  /** The deliveries for which a retry waits, one each. */
  private readonly retrying = new Set<string>();
  private stopped = false;

  constructor(private readonly options: DeliveryOptions) {
    this.waiting = new Waiting(options.clock);
  }

  /** Takes up where a killed process left off: at once, however far off the next attempt was. */
  resume(): void {
    const { store, clock } = this.options;
    for (const account of store.accountNames()) {
      for (const { id, state } of store.all(account, 'deliveries')) {
        if (state === 'pending') void this.later(account, id, clock.now());
      }
    }
  }

  /** The deliveries that an event needs, one to each endpoint that asks for it; they are stored with the event itself. */
  plan(account: string, event: StripeEvent): WebhookDelivery[] {
    const endpoints = this.options.store.all(account, 'webhook_endpoints');
    const asking = endpoints.filter(
      ({ enabled_events, status }) =>
        status === 'enabled' && (enabled_events.includes('*') || enabled_events.includes(event.type)),
    );
    // What fell due within a step of the clock is told once the step is done, and its three days begin then.
    const raisedMs = this.options.clock.now();
    return asking.map((endpoint) => ({
      id: `${event.id}.${endpoint.id}`,
      event: event.id,
      endpoint: endpoint.id,
      attempts: 0,
      state: 'pending' as const,
      lastStatus: null,
      raisedMs,
    }));
  }

  /**
   * Sends what was planned, as the faults have it. Resolves when each first attempt has been answered, save those that a
   * fault puts off: where the clock stands still they come when somebody steps it, who may be waiting for this.
   */
  async send(account: string, { event, deliveries }: RaisedEvent): Promise<void> {
    const { store, clock } = this.options;
    const strikes = this.strikesOn(account, event);
    const faults = strikes.map(({ fault }) => fault);
    const isStruck = (kind: WebhookFault['kind']) => faults.some((fault) => fault.kind === kind);
    if (isStruck('drop')) {
      for (const { endpoint } of deliveries)
        this.note(account, event, endpoint, { status: null, ms: 0, state: 'dropped' });
      const dropped = deliveries.map((d): Put => [account, 'deliveries', { ...d, state: 'dropped' }]);
      this.untilDone(() => store.commit(dropped), `what was dropped of ${event.id}`);
      return;
    }
    const copies = faults.find((fault) => fault.kind === 'duplicate')?.copies ?? 1;
    const delayMs = faults.find((fault) => fault.kind === 'delay')?.delay_ms ?? 0;
    const shuffledMs = faults.find((fault) => fault.kind === 'shuffle')?.delay_ms ?? 0;
    const shuffled = strikes.find(({ fault }) => fault.kind === 'shuffle');
    const sends: Promise<void>[] = [];
    for (const delivery of deliveries) {
      for (let copy = 0; copy < copies; copy += 1) {
        const putOffMs = delayMs + (shuffled === undefined ? 0 : shuffled.random() * shuffledMs);
        const answered = this.later(account, delivery.id, clock.now() + putOffMs);
        if (putOffMs === 0) sends.push(answered);
      }
      // A second event, of its own id, for the same change.
      if (isStruck('twin')) sends.push(this.sendTwin(account, event, delivery));
    }
    await Promise.all(sends);
  }

  /** Sends every event of the account again, whatever became of it. */
  async redeliver(account: string): Promise<number> {
    const { store, clock } = this.options;
    const deliveries = store.all(account, 'deliveries');
    await Promise.all(deliveries.map(({ id }) => this.inTurn(account, id, clock.now())));
    return deliveries.length;
  }

  /** The clock was stepped: whatever falls due on the way is on its way. */
  catchUp(): void {
    this.waiting.catchUp();
  }

  stop(): void {
    this.stopped = true;
    this.waiting.stop();
    for (const turns of this.turns.values()) turns.stop();
    this.poster.stop();
  }

  private strikesOn(account: string, event: StripeEvent): WebhookStrike[] {
    const { store, clock } = this.options;
    const script = this.options.script();
    if (script.leavesEvents) return [];
    const traits = () => traitsOfEvent(store, account, event);
    return script.forEvent({ account, type: event.type, traits, nowMs: clock.now() });
  }

  private sendTwin(account: string, event: StripeEvent, delivery: WebhookDelivery): Promise<void> {
    const twin = { ...event, id: this.options.ids.next(account, 'evt') };
    const twinDelivery = { ...delivery, id: `${twin.id}.${delivery.endpoint}`, event: twin.id };
    return new Promise((resolve) => {
      this.untilDone(() => {
        this.options.store.commit([
          [account, 'events', twin],
          [account, 'deliveries', twinDelivery],
        ]);
        resolve(this.later(account, twinDelivery.id, this.options.clock.now()));
      }, `the twin of ${event.id}`);
    });
  }

  /** Does `work` now or, for as long as it fails, after a pause: nobody asked for it who could be told. */
  private untilDone(work: () => void, what: string): void {
    try {
      work();
    } catch (error) {
      complain(what, error);
      this.waiting.at(this.options.clock.now() + pauseAfter(1, this.options.firstRetryMs), () =>
        this.untilDone(work, what),
      );
    }
  }

  /** Resolves when the attempt has been answered. */
  private later(account: string, delivery: string, dueMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.at(dueMs, (asOfMs) => resolve(this.inTurn(account, delivery, asOfMs)));
    });
  }

  /**
   * An attempt once its endpoint has a place for it. Resolves when it has been answered.
   *
   * @param asOfMs when it falls due, by the simulator's clock; how long it waits for its turn is added in real time.
   * @param begins is told that its turn has come, and says whether it is still wanted.
   */
  private inTurn(account: string, id: string, asOfMs: number, begins = () => true): Promise<void> {
    const delivery = this.options.store.get(account, 'deliveries', id);
    if (delivery === undefined || this.stopped) return Promise.resolve();
    const cameMs = performance.now();
    return new Promise((resolve) => {
      this.turnsAt(account, delivery.endpoint).take(asOfMs, async () => {
        const waitedMs = performance.now() - cameMs;
        const answered = begins() ? await this.tryIt(account, id, asOfMs + waitedMs) : null;
        resolve();
        return answered;
      });
    });
  }

  private turnsAt(account: string, endpoint: string): Turns {
    const name = `${account}/${endpoint}`;
    const turns = this.turns.get(name) ?? new Turns();
    this.turns.set(name, turns);
    return turns;
  }

  /**
   * One attempt, which never fails: where the disk has no room for what became of it, nothing did, and it is made again
   * after the same pause. That begins now, for what is far behind the clock would be made again and again to no end.
   *
   * @returns whether anybody answered; null when nobody was asked, or it is not known.
   */
  private async tryIt(account: string, id: string, asOfMs: number): Promise<boolean | null> {
    try {
      return await this.attempt(account, id, asOfMs);
    } catch (error) {
      complain(`delivery ${id}`, error);
      const attempts = this.options.store.get(account, 'deliveries', id)?.attempts ?? 0;
      this.retry(account, id, this.options.clock.now() + pauseAfter(attempts + 1, this.options.firstRetryMs));
      return null;
    }
  }

  /** @param asOfMs when it is made, by the simulator's clock: the next one is counted from there. */
  private async attempt(account: string, id: string, asOfMs: number): Promise<boolean | null> {
    const { store } = this.options;
    const sent = store.get(account, 'deliveries', id);
    const endpoint = store.get(account, 'webhook_endpoints', sent?.endpoint ?? '');
    const event = store.get(account, 'events', sent?.event ?? '');
    if (sent === undefined || event === undefined || this.stopped) return null;
    if (endpoint?.status !== 'enabled') {
      // Stripe does not try again where the endpoint is deleted or disabled by then (docs.stripe.com/webhooks).
      if (sent.state === 'pending') store.commit([[account, 'deliveries', { ...sent, state: 'given_up' }]]);
      return null;
    }
    const beganMs = performance.now();
    const status = await this.poster.post(endpoint, this.told(account, event));
    const tookMs = performance.now() - beganMs;
    const delivery = store.get(account, 'deliveries', id);
    if (this.stopped || delivery === undefined) return null;
    const state = this.settle(account, delivery, status, asOfMs + tookMs);
    this.note(account, event, endpoint.id, { status, ms: tookMs, state });
    return status !== null;
  }

  /** While it is sent it is pending, though it be sent once more to one that has taken it. */
  private told(account: string, event: StripeEvent): StripeEvent {
    const told = eventAmong(event, this.options.store.table(account, 'deliveries').where('event', event.id));
    return { ...told, pending_webhooks: Math.max(1, told.pending_webhooks) };
  }

  private note(account: string, { id, type }: StripeEvent, endpointId: string, of: NotedAttempt): void {
    const { store, clock, attempts } = this.options;
    const url = store.get(account, 'webhook_endpoints', endpointId)?.url ?? null;
    const { status, ms, state } = of;
    const at_ms = clock.now();
    attempts.add(account, {
      at_ms,
      event: id,
      type,
      endpoint: endpointId,
      url,
      status,
      took_ms: Math.round(ms),
      state,
    });
  }

  /** @returns what has become of it. */
  private settle(
    account: string,
    delivery: WebhookDelivery,
    status: number | null,
    asOfMs: number,
  ): WebhookDelivery['state'] {
    const attempts = delivery.attempts + 1;
    const nextMs = asOfMs + pauseAfter(attempts, this.options.firstRetryMs);
    const state = stateAfter(delivery, status, nextMs);
    this.options.store.commit([[account, 'deliveries', { ...delivery, attempts, state, lastStatus: status }]]);
    if (state === 'pending') this.retry(account, delivery.id, nextMs);
    return state;
  }

  private retry(account: string, id: string, dueMs: number): void {
    const name = `${account}/${id}`;
    if (this.retrying.has(name)) return;
    this.retrying.add(name);
    const begins = () => {
      this.retrying.delete(name);
      return this.isPending(account, id);
    };
    this.waiting.at(dueMs, (asOfMs) => {
      if (this.isPending(account, id)) void this.inTurn(account, id, asOfMs, begins);
      else this.retrying.delete(name);
    });
  }

  private isPending(account: string, id: string): boolean {
    return this.options.store.get(account, 'deliveries', id)?.state === 'pending';
  }
}

/** Neither a URL nor what was sent: either may hold what is nobody's business. */
function complain(what: string, error: unknown): void {
  process.stderr.write(`simulator: ${what}, tried again after a pause: ${(error as Error).message}\n`);
}
