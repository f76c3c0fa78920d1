import qs from 'qs';
import Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { Simulator, type SimulatorOptions } from '../../src/simulator/simulator.js';
import { SimulatorControl } from './simulator-control.js';

/** An answer as its bytes said it, with what no client library shows. */
export interface RawAnswer {
  readonly status: number;
  readonly replayed: boolean;
  readonly text: string;
  readonly error:
    | { readonly type?: string; readonly code?: string; readonly param?: string; readonly message?: string }
    | undefined;
}

export interface PostOptions {
  readonly idempotencyKey?: string;
  readonly secretKey?: string;
}

/** A simulator in this process, with the clients that a test speaks to it through. */
export class Simulated {
  private constructor(
    readonly simulator: Simulator,
    readonly base: string,
    readonly control: SimulatorControl,
    readonly stripe: Stripe,
  ) {}

  static async start(options: Partial<SimulatorOptions> = {}): Promise<Simulated> {
    const simulator = await Simulator.open({ port: 0, folder: undefined, firstRetryMs: 20, ...options });
    const base = `http://127.0.0.1:${simulator.start()}`;
    return new Simulated(simulator, base, new SimulatorControl(base), stripeAt(base));
  }

  stop(): Promise<void> {
    return this.simulator.stop();
  }

  /** A client of the account that another secret key opens. */
  stripeOf(secretKey: string): Stripe {
    return stripeAt(this.base, secretKey);
  }

  /** Everything that happened on the default account, oldest first. */
  async events(): Promise<Stripe.Event[]> {
    const events: Stripe.Event[] = [];
    for await (const event of this.stripe.events.list({ limit: 100 })) events.unshift(event);
    return events;
  }

  /** The types of the events that `work` raised, in order. */
  async typesRaisedBy(work: () => Promise<unknown>): Promise<string[]> {
    const before = (await this.events()).length;
    await work();
    return (await this.events()).slice(before).map(({ type }) => type);
  }

  /** Posts as a client without any habits of its own would. */
  post(path: string, params: object, options: PostOptions = {}): Promise<RawAnswer> {
    return this.postText(path, qs.stringify(params), options);
  }

  /** Posts a form as it is written. */
  async postText(path: string, body: string, options: PostOptions = {}): Promise<RawAnswer> {
    const response = await fetch(`${this.base}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${options.secretKey ?? SIMULATOR_KEY}`,
        'content-type': 'application/x-www-form-urlencoded',
        ...(options.idempotencyKey === undefined ? {} : { 'idempotency-key': options.idempotencyKey }),
      },
      body,
    });
    const text = await response.text();
    return {
      status: response.status,
      replayed: response.headers.get('idempotent-replayed') === 'true',
      text,
      error: JSON.parse(text).error,
    };
  }

  /** Sends an account's events to `url` from now on, or those of them that it asks for. */
  async sendWebhooksTo(
    url: string,
    secret: string,
    key: string = SIMULATOR_KEY,
    enabled_events?: readonly string[],
  ): Promise<void> {
    await this.control.sendWebhooks({ key, url, secret, ...(enabled_events === undefined ? {} : { enabled_events }) });
  }
}

/** Stripe's own client, pointed at a simulator: one request a call, and nothing written to the home directory. */
export function stripeAt(base: string, secretKey: string = SIMULATOR_KEY): Stripe {
  return new Stripe(secretKey, {
    host: '127.0.0.1',
    port: Number(new URL(base).port),
    protocol: 'http',
    telemetry: false,
    maxNetworkRetries: 0,
  });
}
