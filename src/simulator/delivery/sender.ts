import type { WebhookFault } from '../faults/schema.js';
import type { FaultScript, WebhookStrike } from '../faults/script.js';
import { traitsOfEvent } from '../faults/traits.js';
import type { Ids } from '../ids.js';
import type { StripeEvent, WebhookDelivery } from '../objects/event.js';
import type { RaisedEvent } from '../requests/handle.js';
import type { Put, Store } from '../state/store.js';
import type { Clock } from '../time/clock.js';
import type { AttemptLog } from './attempt-log.js';
import { Attempts, complain } from './attempts.js';
import { pauseAfter } from './retries.js';
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

/** Sends events to the endpoints of their account: signed, at least once, in no order, until one says 2xx. */
export class WebhookSender {
  private readonly waiting: Waiting;
  private readonly attempts: Attempts;

  constructor(private readonly options: DeliveryOptions) {
    this.waiting = new Waiting(options.clock);
    this.attempts = new Attempts({ ...options, waiting: this.waiting });
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
   * fault puts off: where the clock stands still they come when somebody steps it, who may be waiting for this. No `await`
   * in here: thousands of events may wait at a slow endpoint, and its frame would hold each of them.
   */
  send(account: string, { event, deliveries }: RaisedEvent): Promise<unknown> {
    const { store, clock } = this.options;
    const strikes = this.strikesOn(account, event);
    const faults = strikes.map(({ fault }) => fault);
    const isStruck = (kind: WebhookFault['kind']) => faults.some((fault) => fault.kind === kind);
    if (isStruck('drop')) {
      for (const { endpoint } of deliveries) this.attempts.noteDropped(account, event, endpoint);
      const dropped = deliveries.map((d): Put => [account, 'deliveries', { ...d, state: 'dropped' }]);
      this.untilDone(() => store.commit(dropped), `what was dropped of ${event.id}`);
      return Promise.resolve();
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
    return Promise.all(sends);
  }

  /** Sends every event of the account again, whatever became of it. */
  async redeliver(account: string): Promise<number> {
    const { store, clock } = this.options;
    const deliveries = store.all(account, 'deliveries');
    await Promise.all(deliveries.map(({ id }) => this.attempts.make(account, id, clock.now())));
    return deliveries.length;
  }

  /** The clock was stepped: whatever falls due on the way is on its way. */
  catchUp(): void {
    this.waiting.catchUp();
  }

  /** What waits for a time, for its pause or for its turn. */
  get waits(): number {
    return this.waiting.length + this.attempts.waits;
  }

  stop(): void {
    this.waiting.stop();
    this.attempts.stop();
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
      this.waiting.at(dueMs, (asOfMs) => resolve(this.attempts.make(account, delivery, asOfMs)));
    });
  }
}
