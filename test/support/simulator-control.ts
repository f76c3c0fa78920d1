import type Stripe from 'stripe';
import type { z } from 'zod';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import type { Violation } from '../../src/simulator/audit/index.js';
import type { faultsSchema } from '../../src/simulator/faults/schema.js';
import type { Limits, limitsSchema } from '../../src/simulator/limits/schema.js';
import type { Account } from '../../src/simulator/objects/account.js';
import type { CountsReport } from '../../src/simulator/requests/counts.js';
import type { LoggedRequest } from '../../src/simulator/requests/request-log.js';
import type { AuthenticationOutcome } from '../../src/simulator/resources/authenticating.js';
import { until } from './until.js';

type Script = z.input<typeof faultsSchema>;

/** The simulator's clock, Unix ms, and how far it is ahead of real time. */
export interface ClockReading {
  readonly now_ms: number;
  readonly offset_ms: number;
  readonly frozen: boolean;
}

/** The simulator's control API. */
export class SimulatorControl {
  constructor(readonly base: string) {}

  faults(script: Script): Promise<unknown> {
    return this.call('PUT', 'faults', script);
  }

  noFaults(): Promise<unknown> {
    return this.call('DELETE', 'faults');
  }

  /** What accounts may do from now on: one, by its key, or all that have no limits of their own. */
  limits(limits: z.input<typeof limitsSchema>): Promise<Limits> {
    return this.call('PUT', 'limits', limits) as Promise<Limits>;
  }

  noLimits(key?: string): Promise<unknown> {
    return this.call('DELETE', key === undefined ? 'limits' : `limits?key=${key}`);
  }

  /** What was counted, of one account or of all. */
  counts(query: { key?: string; endpoint?: string; since_ms?: number } = {}): Promise<CountsReport> {
    const asked = new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, `${value}`]),
    );
    return this.call('GET', `counts?${asked}`) as Promise<CountsReport>;
  }

  countAfresh(): Promise<unknown> {
    return this.call('DELETE', 'counts');
  }

  /** Where an account's events go, and which of them. */
  sendWebhooks(endpoint: {
    key: string;
    url: string;
    secret: string;
    enabled_events?: readonly string[];
  }): Promise<unknown> {
    return this.call('PUT', 'webhook_endpoints', endpoint);
  }

  release(): Promise<unknown> {
    return this.call('POST', 'release');
  }

  untilHeld(count = 1): Promise<unknown> {
    return this.call('GET', `held?count=${count}`);
  }

  /** Whatever does not add up. */
  async audit(): Promise<Violation[]> {
    const { violations } = (await this.call('GET', 'audit')) as { violations: Violation[] };
    return violations;
  }

  clock(): Promise<ClockReading> {
    return this.call('GET', 'clock') as Promise<ClockReading>;
  }

  /** Steps the simulator's clock forward; all that falls due on the way has happened when it resolves. */
  advance(ms: number): Promise<ClockReading> {
    return this.call('POST', 'clock', { advance_ms: ms }) as Promise<ClockReading>;
  }

  /** Any change of the clock. */
  changeClock(change: { advance_ms?: number; to_ms?: number; frozen?: boolean }): Promise<ClockReading> {
    return this.call('POST', 'clock', change) as Promise<ClockReading>;
  }

  /** How the account of `key` is set up; what is left out is as with a new one. */
  account(key: string, settings: object = {}): Promise<Omit<Account, 'id'>> {
    return this.call('PUT', 'account', { key, ...settings }) as Promise<Omit<Account, 'id'>>;
  }

  /** A bank's answer to a debit, a refund or a payout, now. */
  bank(what: 'debit' | 'refund' | 'payout', answer: object): Promise<unknown> {
    return this.call('POST', what, answer);
  }

  /** Whatever a control answers to GET. */
  read(path: string): Promise<unknown> {
    return this.call('GET', path);
  }

  /** The customer's answer to 3D Secure. */
  authenticate(intent: string, outcome: AuthenticationOutcome): Promise<Stripe.PaymentIntent> {
    return this.call('POST', 'authenticate', { intent, outcome }) as Promise<Stripe.PaymentIntent>;
  }

  /** The customer disputes a payment, or their bank inquires about it. */
  dispute(intent: string, options: { reason?: string; inquiry?: boolean } = {}): Promise<Stripe.Dispute> {
    return this.call('POST', 'dispute', { intent, ...options }) as Promise<Stripe.Dispute>;
  }

  /** Webhooks of all accounts that are still on their way. */
  async pendingWebhooks(): Promise<number> {
    const { accounts } = (await this.read('')) as { accounts: { pending_webhooks: number }[] };
    return accounts.reduce((sum, { pending_webhooks }) => sum + pending_webhooks, 0);
  }

  redeliver(): Promise<unknown> {
    return this.call('POST', `redeliver?key=${SIMULATOR_KEY}`);
  }

  /** Puts one of the default account's objects as it is. */
  put(table: 'payment_intents' | 'charges', row: unknown): Promise<unknown> {
    return this.call('PUT', `object?key=${SIMULATOR_KEY}`, { table, row });
  }

  async requests(endpoint?: string): Promise<LoggedRequest[]> {
    const { requests } = (await this.call('GET', 'requests')) as { requests: LoggedRequest[] };
    return requests.filter((r) => endpoint === undefined || r.endpoint === endpoint);
  }

  /** The requests that carried the payment's own keys, or the refund's. */
  async requestsOf(id: string, endpoint?: string): Promise<LoggedRequest[]> {
    return (await this.requests(endpoint)).filter((r) => r.idempotencyKey?.includes(`/${id}/`));
  }

  /** Resolves once a request of the endpoint has carried a key of this payment or refund. */
  async untilRequested(id: string, endpoint: string): Promise<void> {
    await until(async () => (await this.requestsOf(id, endpoint)).length > 0);
  }

  private async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.base}/_simulator/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`simulator ${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  }
}
