import { randomUUID } from 'node:crypto';
import Stripe from 'stripe';
import type { FaultScript } from './faults.js';
import type { StripeEvent, WebhookDelivery, WebhookEndpoint } from './objects/event.js';
import type { Store } from './state/store.js';

export interface DeliveryOptions {
  readonly store: Store;
  readonly script: () => FaultScript;
  /** Pause before the first retry; it doubles up to an hour. Stripe's is longer, and goes on for 3 days. */
  readonly firstRetryMs: number;
}

const LONGEST_PAUSE_MS = 3_600_000;
const MOST_ATTEMPTS = 30;
const ANSWER_TIMEOUT_MS = 10_000;

/** Sends events to the endpoints of their account: signed, at least once, in no order, until one says 2xx. */
export class WebhookSender {
  private readonly timers = new Set<NodeJS.Timeout>();
  private stopped = false;

  constructor(private readonly options: DeliveryOptions) {}

  /** Takes up where a killed process left off. */
  resume(): void {
    for (const account of this.options.store.accountNames()) {
      for (const delivery of this.options.store.all(account, 'deliveries')) {
        if (delivery.state === 'pending') this.later(0, () => this.attempt(account, delivery));
      }
    }
  }

  /** The deliveries that an event needs, one to each endpoint that asks for it; they are stored with the event itself. */
  plan(account: string, event: StripeEvent, raisedMs: number): WebhookDelivery[] {
    const endpoints = this.options.store.all(account, 'webhook_endpoints');
    const asking = endpoints.filter(
      ({ enabled_events, status }) =>
        status === 'enabled' && (enabled_events.includes('*') || enabled_events.includes(event.type)),
    );
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
  async send(account: string, event: StripeEvent, deliveries: readonly WebhookDelivery[]): Promise<void> {
    const faults = this.options.script().forEvent(event.type);
    const find = (kind: string) => faults.find((fault) => fault.kind === kind);
    if (find('drop') !== undefined) {
      this.options.store.commit(deliveries.map((d) => [account, 'deliveries', { ...d, state: 'dropped' as const }]));
      return;
    }
    const copies = find('duplicate')?.copies ?? 1;
    const shuffle = find('shuffle')?.delay_ms ?? 0;
    const delay = find('delay')?.delay_ms ?? 0;
    const sends: Promise<void>[] = [];
    for (const delivery of deliveries) {
      for (let copy = 0; copy < copies; copy += 1) {
        const wait = delay + (shuffle > 0 ? this.options.script().upTo(shuffle) : 0);
        sends.push(this.later(wait, () => this.attempt(account, delivery)));
      }
      // A second event, of its own id, for the same change.
      if (find('twin') !== undefined) sends.push(this.sendTwin(account, event, delivery));
    }
    await Promise.all(sends);
  }

  /** Sends every event of the account again, whatever became of it. */
  async redeliver(account: string): Promise<number> {
    const deliveries = this.options.store.all(account, 'deliveries');
    await Promise.all(deliveries.map((delivery) => this.attempt(account, { ...delivery })));
    return deliveries.length;
  }

  stop(): void {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
  }

  private sendTwin(account: string, event: StripeEvent, delivery: WebhookDelivery): Promise<void> {
    const twin = { ...event, id: `evt_twin${randomUUID().replaceAll('-', '')}` };
    const twinDelivery = { ...delivery, id: `${twin.id}.${delivery.endpoint}`, event: twin.id };
    this.options.store.commit([
      [account, 'events', twin],
      [account, 'deliveries', twinDelivery],
    ]);
    return this.later(0, () => this.attempt(account, twinDelivery));
  }

  private async attempt(account: string, delivery: WebhookDelivery): Promise<void> {
    const { store } = this.options;
    const endpoint = store.get(account, 'webhook_endpoints', delivery.endpoint);
    const event = store.get(account, 'events', delivery.event);
    if (endpoint === undefined || event === undefined || this.stopped) return;
    const status = await post(endpoint, event);
    if (this.stopped) return;
    const attempts = delivery.attempts + 1;
    const delivered = status !== null && status >= 200 && status < 300;
    const state = delivered ? 'delivered' : attempts >= MOST_ATTEMPTS ? 'given_up' : 'pending';
    const after: WebhookDelivery = { ...delivery, attempts, state, lastStatus: status };
    store.commit([[account, 'deliveries', after]]);
    if (state !== 'pending') return;
    const pause = Math.min(this.options.firstRetryMs * 2 ** (attempts - 1), LONGEST_PAUSE_MS);
    void this.later(pause, () => this.attempt(account, after));
  }

  private later(ms: number, work: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        void work().finally(resolve);
      }, ms);
      this.timers.add(timer);
    });
  }
}

/** One attempt, signed afresh with real time; the answer's status, or null when there was none. */
async function post(endpoint: WebhookEndpoint, event: StripeEvent): Promise<number | null> {
  const payload = JSON.stringify(event);
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: endpoint.secret });
  try {
    const response = await fetch(endpoint.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'stripe-signature': signature, 'user-agent': 'Stripe/1.0' },
      body: payload,
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return null;
  }
}
