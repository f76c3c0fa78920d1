import { AsyncLocalStorage } from 'node:async_hooks';
import Stripe from 'stripe';
import type { Account } from '../config/index.js';
import type { IntentSnapshot } from '../domain/intent.js';
import type { Reply } from '../domain/outcome.js';
import { NotSentError, replyOf, replyOfError } from './classify.js';
import { guardedHttpClient } from './http-client.js';
import { toSnapshot } from './snapshot.js';

/** The version whose shapes this code was written against; pinned, so that an account's default changes nothing. */
const API_VERSION = '2026-10-28.endive';

/** One write to Stripe under an idempotency key. Times in Unix milliseconds. */
export interface KeyedWrite {
  readonly key: string;
  /** When the key was first used. */
  readonly birthMs: number;
  /** The key is not written under at or after birth plus this. */
  readonly keyLifeMs: number;
  /** Nothing is written at or after this. */
  readonly deadlineMs: number;
  /** The mode the payment was taken in, where it is known. */
  readonly livemode?: boolean;
}

/** The operations that are counted and limited by name at Stripe. */
export type Endpoint =
  | 'payment_intents.create'
  | 'payment_intents.confirm'
  | 'payment_intents.capture'
  | 'payment_intents.cancel'
  | 'payment_intents.retrieve'
  | 'payment_intents.list'
  | 'refunds.create';

export interface GatewayOptions {
  readonly accounts: readonly Account[];
  readonly timeoutMs: number;
  readonly now: () => number;
  /** Called once for every HTTP request that is about to be written. */
  readonly meter: (account: string, endpoint: Endpoint) => void;
}

interface Call {
  readonly account: string;
  readonly endpoint: Endpoint;
  readonly write?: KeyedWrite;
}

interface Door {
  readonly stripe: Stripe;
  readonly livemode: boolean;
  /** Stripe refused the account's key: nothing more is sent before this, and one call alone then tries it. */
  pausedUntilMs: number | null;
  pauseMs: number;
  probe: Call | null;
}

/** An account whose key Stripe refuses is asked again after this, and less often each time, up to the second. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * The only way to Stripe. Every HTTP request passes the guard where its bytes are written: the key's age, the deadline
 * and the account's pause are checked there, after every wait, and the request is counted.
 */
export class StripeGateway {
  private readonly doors = new Map<string, Door>();
  private readonly calls = new AsyncLocalStorage<Call>();

  constructor(private readonly options: GatewayOptions) {
    for (const account of options.accounts) {
      this.doors.set(account.name, {
        stripe: this.connect(account),
        livemode: account.livemode,
        pausedUntilMs: null,
        pauseMs: FIRST_PAUSE_MS,
        probe: null,
      });
    }
  }

  /** Creates and confirms in one call. Never throws for anything Stripe or the network did. */
  async createIntent(account: string, params: Stripe.PaymentIntentCreateParams, write: KeyedWrite): Promise<Reply> {
    return this.exchange({ account, endpoint: 'payment_intents.create', write }, (stripe) =>
      stripe.paymentIntents.create(params, { idempotencyKey: write.key }),
    );
  }

  /** Confirms an intent anew. Never throws for anything Stripe or the network did. */
  async confirmIntent(
    account: string,
    intent: string,
    params: Stripe.PaymentIntentConfirmParams,
    write: KeyedWrite,
  ): Promise<Reply> {
    return this.exchange({ account, endpoint: 'payment_intents.confirm', write }, (stripe) =>
      stripe.paymentIntents.confirm(intent, params, { idempotencyKey: write.key }),
    );
  }

  /** Captures `amount` (minor units) of what is authorised. Never throws for anything Stripe or the network did. */
  async captureIntent(account: string, intent: string, amount: number, write: KeyedWrite): Promise<Reply> {
    return this.exchange({ account, endpoint: 'payment_intents.capture', write }, (stripe) =>
      stripe.paymentIntents.capture(intent, { amount_to_capture: amount }, { idempotencyKey: write.key }),
    );
  }

  /** Cancels an intent. A refusal because it is already settled comes back with the intent in the reply. */
  async cancelIntent(account: string, intent: string, reason: CancelReason, write: KeyedWrite): Promise<Reply> {
    return this.exchange({ account, endpoint: 'payment_intents.cancel', write }, (stripe) =>
      stripe.paymentIntents.cancel(intent, { cancellation_reason: reason }, { idempotencyKey: write.key }),
    );
  }

  async retrieveIntent(account: string, intent: string): Promise<Reply> {
    return this.exchange({ account, endpoint: 'payment_intents.retrieve' }, (stripe) =>
      stripe.paymentIntents.retrieve(intent),
    );
  }

  /**
   * One page, newest first, of the intents created between the two times (Unix ms, both inclusive, at whole seconds).
   *
   * @throws whatever kept the page from being read.
   */
  async listIntents(account: string, fromMs: number, toMs: number, after?: string): Promise<IntentPage> {
    const created = { gte: Math.floor(fromMs / 1000), lte: Math.ceil(toMs / 1000) };
    const page = await this.run({ account, endpoint: 'payment_intents.list' }, (stripe) =>
      stripe.paymentIntents.list({ created, limit: 100, ...(after === undefined ? {} : { starting_after: after }) }),
    );
    return { intents: page.data.map((intent) => toSnapshot(account, intent)), more: page.has_more };
  }

  /** Gives an intent's money back in full. @throws whatever kept it from being given back. */
  async refundIntent(account: string, intent: string, write: KeyedWrite): Promise<{ id: string; status: string }> {
    const refund = await this.run({ account, endpoint: 'refunds.create', write }, (stripe) =>
      stripe.refunds.create({ payment_intent: intent }, { idempotencyKey: write.key }),
    );
    return { id: refund.id, status: refund.status ?? 'unknown' };
  }

  private async exchange(
    call: Call,
    ask: (stripe: Stripe) => Promise<Stripe.Response<Stripe.PaymentIntent>>,
  ): Promise<Reply> {
    try {
      return replyOf(call.account, await this.run(call, ask));
    } catch (error) {
      return replyOfError(call.account, error);
    }
  }

  private async run<T>(call: Call, ask: (stripe: Stripe) => Promise<T>): Promise<T> {
    const door = this.doorOf(call.account);
    try {
      const answer = await this.calls.run(call, () => ask(door.stripe));
      open(door);
      return answer;
    } catch (error) {
      if (error instanceof Stripe.errors.StripeAuthenticationError) this.pause(door);
      // Whatever else Stripe answers, it has taken the key.
      else if (error instanceof Stripe.errors.StripeError && error.statusCode !== undefined) open(door);
      throw error;
    } finally {
      if (door.probe === call) door.probe = null;
    }
  }

  /** A refused key is the account's trouble and no payment's: the account rests, its payments wait. */
  private pause(door: Door): void {
    const now = this.options.now();
    // Calls that were under way together are refused together: they are one refusal.
    if (door.pausedUntilMs !== null && now < door.pausedUntilMs) return;
    door.pausedUntilMs = now + door.pauseMs;
    door.pauseMs = Math.min(door.pauseMs * 2, LONGEST_PAUSE_MS);
  }

  private guard(): void {
    const call = this.calls.getStore();
    if (call === undefined) throw new Error('a Stripe request outside the gateway');
    const now = this.options.now();
    const door = this.doorOf(call.account);
    if (door.pausedUntilMs !== null) {
      if (now < door.pausedUntilMs || door.probe !== null) throw new NotSentError('account_paused');
      door.probe = call;
    }
    if (call.write !== undefined) {
      const { livemode } = call.write;
      if (livemode !== undefined && livemode !== door.livemode) {
        throw new NotSentError('account_of_other_mode');
      }
      if (now >= call.write.birthMs + call.write.keyLifeMs) throw new NotSentError('key_too_old');
      if (now >= call.write.deadlineMs) throw new NotSentError('past_deadline');
    }
    this.options.meter(call.account, call.endpoint);
  }

  private doorOf(account: string): Door {
    const door = this.doors.get(account);
    if (door === undefined) throw new NotSentError('account_unknown');
    return door;
  }

  private connect(account: Account): Stripe {
    const base = new URL(account.apiBase ?? 'https://api.stripe.com');
    const protocol = base.protocol === 'http:' ? 'http' : 'https';
    return new Stripe(account.secretKey, {
      apiVersion: API_VERSION,
      host: base.hostname,
      port: base.port === '' ? (protocol === 'http' ? 80 : 443) : Number(base.port),
      protocol,
      timeout: this.options.timeoutMs,
      // Temporal owns the retries, and a hidden one escapes the budget; telemetry writes into the home directory.
      maxNetworkRetries: 0,
      telemetry: false,
      httpClient: guardedHttpClient(protocol, () => this.guard()),
    });
  }
}

/** The account's key is good. */
function open(door: Door): void {
  door.pausedUntilMs = null;
  door.pauseMs = FIRST_PAUSE_MS;
}

export type CancelReason = 'abandoned' | 'requested_by_customer';

export interface IntentPage {
  readonly intents: readonly IntentSnapshot[];
  readonly more: boolean;
}
