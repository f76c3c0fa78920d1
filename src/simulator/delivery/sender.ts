import type { WebhookFault } from '../faults/schema.js';
import type { FaultScript, WebhookStrike } from '../faults/script.js';
import { traitsOfEvent } from '../faults/traits.js';
import type { Ids } from '../ids.js';
import type { StripeEvent, WebhookDelivery } from '../objects/event.js';
import type { RaisedEvent } from '../requests/handle.js';
import type { Store } from '../state/store.js';
import type { Clock } from '../time/clock.js';
import type { AttemptLog } from './attempt-log.js';
import { post } from './posting.js';
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

/**
 * Stripe retries for three days in live mode, "with an exponential back off" (docs.stripe.com/webhooks); the intervals it
 * does not state. Doubling without end would leave the last two days without any attempt.
 */
const RETRIED_FOR_MS = 3 * 24 * 60 * 60_000;
const LONGEST_PAUSE_MS = 12 * 60 * 60_000;

interface NotedAttempt {
  readonly status: number | null;
  readonly ms: number;
  readonly state: WebhookDelivery['state'];
}

/** Sends events to the endpoints of their account: signed, at least once, in no order, until one says 2xx. */
export class WebhookSender {
  private readonly waiting: Waiting;
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

  /** Sends what was planned, as the faults have it; resolves when each first attempt has been answered. */
  async send(account: string, { event, deliveries }: RaisedEvent): Promise<void> {
    const { store, clock } = this.options;
    const strikes = this.strikesOn(account, event);
    const faults = strikes.map(({ fault }) => fault);
    const isStruck = (kind: WebhookFault['kind']) => faults.some((fault) => fault.kind === kind);
    if (isStruck('drop')) {
      for (const { endpoint } of deliveries)
        this.note(account, event, endpoint, { status: null, ms: 0, state: 'dropped' });
      store.commit(deliveries.map((d) => [account, 'deliveries', { ...d, state: 'dropped' as const }]));
      return;
    }
    const copies = faults.find((fault) => fault.kind === 'duplicate')?.copies ?? 1;
    const delayMs = faults.find((fault) => fault.kind === 'delay')?.delay_ms ?? 0;
    const shuffledMs = faults.find((fault) => fault.kind === 'shuffle')?.delay_ms ?? 0;
    const shuffled = strikes.find(({ fault }) => fault.kind === 'shuffle');
    const sends: Promise<void>[] = [];
    for (const delivery of deliveries) {
      for (let copy = 0; copy < copies; copy += 1) {
        const outOfOrderMs = shuffled === undefined ? 0 : shuffled.random() * shuffledMs;
        sends.push(this.later(account, delivery.id, clock.now() + delayMs + outOfOrderMs));
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
    await Promise.all(deliveries.map(({ id }) => this.attempt(account, id, clock.now())));
    return deliveries.length;
  }

  /** The clock was stepped: whatever falls due on the way is on its way. */
  catchUp(): void {
    this.waiting.catchUp();
  }

  stop(): void {
    this.stopped = true;
    this.waiting.stop();
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
    this.options.store.commit([
      [account, 'events', twin],
      [account, 'deliveries', twinDelivery],
    ]);
    return this.later(account, twinDelivery.id, this.options.clock.now());
  }

  /** Resolves when the attempt has been answered. */
  private later(account: string, delivery: string, dueMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.at(dueMs, (asOfMs) => void this.attempt(account, delivery, asOfMs).finally(resolve));
    });
  }

  /** @param asOfMs when it is made, by the simulator's clock: the next one is counted from there. */
  private async attempt(account: string, id: string, asOfMs: number): Promise<void> {
    const { store } = this.options;
    const sent = store.get(account, 'deliveries', id);
    const endpoint = store.get(account, 'webhook_endpoints', sent?.endpoint ?? '');
    const event = store.get(account, 'events', sent?.event ?? '');
    if (sent === undefined || event === undefined || this.stopped) return;
    if (endpoint?.status !== 'enabled') {
      // Stripe does not try again where the endpoint is deleted or disabled by then (docs.stripe.com/webhooks).
      if (sent.state === 'pending') store.commit([[account, 'deliveries', { ...sent, state: 'given_up' }]]);
      return;
    }
    const beganMs = performance.now();
    const status = await post(endpoint, event);
    const tookMs = performance.now() - beganMs;
    const delivery = store.get(account, 'deliveries', id);
    if (this.stopped || delivery === undefined) return;
    const state = this.settle(account, delivery, status, asOfMs + tookMs);
    this.note(account, event, endpoint.id, { status, ms: tookMs, state });
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
    const nextMs = asOfMs + this.pauseAfter(attempts);
    const state = stateAfter(delivery, status, nextMs);
    this.options.store.commit([[account, 'deliveries', { ...delivery, attempts, state, lastStatus: status }]]);
    if (state === 'pending') this.retry(account, delivery.id, nextMs);
    return state;
  }

  private retry(account: string, id: string, dueMs: number): void {
    const name = `${account}/${id}`;
    if (this.retrying.has(name)) return;
    this.retrying.add(name);
    this.waiting.at(dueMs, (asOfMs) => {
      this.retrying.delete(name);
      if (this.options.store.get(account, 'deliveries', id)?.state === 'pending')
        void this.attempt(account, id, asOfMs);
    });
  }

  private pauseAfter(attempts: number): number {
    return Math.min(this.options.firstRetryMs * 2 ** (attempts - 1), LONGEST_PAUSE_MS);
  }
}

/** What one attempt leaves of a delivery. What another copy of the event has settled stays settled. */
function stateAfter(
  { state, raisedMs }: WebhookDelivery,
  status: number | null,
  nextMs: number,
): WebhookDelivery['state'] {
  if (status !== null && status >= 200 && status < 300) return 'delivered';
  if (state !== 'pending') return state;
  return nextMs > raisedMs + RETRIED_FOR_MS ? 'given_up' : 'pending';
}
