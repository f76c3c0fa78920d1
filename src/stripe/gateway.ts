import { AsyncLocalStorage } from 'node:async_hooks';
import Stripe from 'stripe';
import type { Account } from '../config/index.js';
import type { DisputeSnapshot } from '../domain/dispute/index.js';
import type { Endpoint } from '../domain/endpoints.js';
import type { IntentSnapshot } from '../domain/intent.js';
import type { Reply } from '../domain/outcome.js';
import type { RefundSnapshot } from '../domain/refund/index.js';
import type { RefundParams } from '../domain/stripe-params.js';
import { NotSentError, replyOf, replyOfError } from './classify.js';
import { Door } from './door.js';
import { limitCause, NoBudgetError, type Permit, type Turn } from './governor/permit.js';
import { guardedHttpClient, type Passage } from './http-client.js';
import { type Answer, answerOf, type StripeMeter } from './meter.js';
import { type Owner, toDisputeSnapshot, toRefundSnapshot, toSnapshot } from './snapshot.js';

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

export interface GatewayOptions {
  readonly accounts: readonly Account[];
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly meter: StripeMeter;
  /** Waits until the account's budget lets a request go. @throws NoBudgetError when it does not in time. */
  readonly admit: (account: string, turn: Turn) => Promise<Permit>;
  /** Of the work at hand: Temporal's priority key and fairness key, and its lane; none (empty) where there is none. */
  readonly place: () => { readonly priority: number; readonly merchant: string; readonly lane: string };
}

interface Call {
  readonly account: string;
  readonly endpoint: Endpoint;
  readonly write?: KeyedWrite;
  /** Nobody is the worse for it if it waits for days: what jobs read. */
  readonly mayWaitForDays?: boolean;
}

/** The one request of a call. */
interface Exchange extends Call {
  readonly priority: number;
  readonly merchant: string;
  readonly lane: string;
  /** When it was about to be written, on the monotonic clock, ms; null while it was not. */
  startedAt: number | null;
}

/** How long a read waits in the worker for its turn, ms; then its slot goes to others, and Temporal brings it back. */
const READ_WAITS_MS = 10_000;

/**
 * The only way to Stripe. Every HTTP request passes the guard where its bytes are written: the key's age, the deadline
 * and the account's pause are checked there, after every wait, and the request is counted.
 */
export class StripeGateway {
  private readonly doors = new Map<string, Door>();
  private readonly calls = new AsyncLocalStorage<Exchange>();

  constructor(private readonly options: GatewayOptions) {
    for (const account of options.accounts) {
      this.doors.set(account.name, new Door(account, this.connect(account), account.livemode));
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
    const owner = this.ownerOf(account);
    return { intents: page.data.map((intent) => toSnapshot(owner, intent)), more: page.has_more };
  }

  /** Gives money of an intent back. Never throws for anything Stripe or the network did. */
  async createRefund(account: string, params: RefundParams, write: KeyedWrite): Promise<Reply<RefundSnapshot>> {
    return this.ask({ account, endpoint: 'refunds.create', write }, toRefundSnapshot, (stripe) =>
      stripe.refunds.create(params, { idempotencyKey: write.key }),
    );
  }

  async retrieveRefund(account: string, refund: string): Promise<Reply<RefundSnapshot>> {
    return this.ask({ account, endpoint: 'refunds.retrieve' }, toRefundSnapshot, (stripe) =>
      stripe.refunds.retrieve(refund),
    );
  }

  /** One page, newest first, of an intent's refunds. @throws whatever kept the page from being read. */
  async listRefunds(account: string, intent: string, after?: string): Promise<RefundPage> {
    const page = await this.run({ account, endpoint: 'refunds.list' }, (stripe) =>
      stripe.refunds.list({
        payment_intent: intent,
        limit: 100,
        ...(after === undefined ? {} : { starting_after: after }),
      }),
    );
    const owner = this.ownerOf(account);
    return { refunds: page.data.map((refund) => toRefundSnapshot(owner, refund)), more: page.has_more };
  }

  async retrieveDispute(account: string, dispute: string): Promise<Reply<DisputeSnapshot>> {
    return this.ask({ account, endpoint: 'disputes.retrieve' }, toDisputeSnapshot, (stripe) =>
      stripe.disputes.retrieve(dispute),
    );
  }

  /** An exchange about an intent: even an error may show it. */
  private async exchange(
    call: Call,
    ask: (stripe: Stripe) => Promise<Stripe.Response<Stripe.PaymentIntent>>,
  ): Promise<Reply> {
    return this.reply(call, toSnapshot, toSnapshot, ask);
  }

  /** An exchange about something that errors do not show. */
  private async ask<A, T>(
    call: Call,
    read: (owner: Owner, answer: A) => T,
    ask: (stripe: Stripe) => Promise<Stripe.Response<A>>,
  ): Promise<Reply<T>> {
    return this.reply(call, read, () => null, ask);
  }

  private async reply<A, T>(
    call: Call,
    read: (owner: Owner, answer: A) => T,
    readError: (owner: Owner, intent: Stripe.PaymentIntent) => T | null,
    ask: (stripe: Stripe) => Promise<Stripe.Response<A>>,
  ): Promise<Reply<T>> {
    const owner = this.doors.get(call.account)?.owner;
    if (owner === undefined) return { kind: 'not_sent', why: 'account_unknown' };
    try {
      return replyOf(await this.run(call, ask), (answer) => read(owner, answer));
    } catch (error) {
      return replyOfError(error, (intent) => readError(owner, intent));
    }
  }

  /** Whose objects an account's are. @throws NotSentError where it is not configured. */
  ownerOf(account: string): Owner {
    return this.doorOf(account).owner;
  }

  /** One metered request, whatever it asks for. @throws whatever kept it from being answered. */
  async run<T>(call: Call, ask: (stripe: Stripe) => Promise<T>): Promise<T> {
    const door = this.doorOf(call.account);
    const exchange: Exchange = { ...call, ...this.options.place(), startedAt: null };
    try {
      const answer = await this.calls.run(exchange, () => ask(door.stripe));
      this.answered(exchange, { outcome: 'ok', cause: '' });
      door.accepted();
      return answer;
    } catch (error) {
      this.answered(exchange, answerOf(error));
      if (error instanceof Stripe.errors.StripeAuthenticationError) door.refused(this.options.now());
      // Whatever else Stripe answers, it has taken the key.
      else if (error instanceof Stripe.errors.StripeError && error.statusCode !== undefined) door.accepted();
      throw error;
    } finally {
      door.ended(exchange);
    }
  }

  private answered({ account, lane, endpoint, startedAt }: Exchange, answer: Answer | null): void {
    if (startedAt === null || answer === null) return;
    const seconds = (performance.now() - startedAt) / 1000;
    this.options.meter.answered(account, lane, endpoint, answer.outcome, answer.cause, seconds);
  }

  /** The request's turn in the budget, and then the guard: however long it waited, what is written is still wanted. */
  private async enter(): Promise<Passage> {
    const call = this.calls.getStore();
    if (call === undefined) throw new Error('a Stripe request outside the gateway');
    const permit = await this.turnOf(call);
    const { account, lane, endpoint, write } = call;
    try {
      this.doorOf(account).guard(call, write, this.options.now());
    } catch (error) {
      permit.ended('unknown');
      throw error;
    }
    call.startedAt = performance.now();
    this.options.meter.requested(account, lane, endpoint);
    return {
      written: permit.written,
      answered: (limitedBy) => permit.ended(limitCause(limitedBy)),
      ended: () => permit.ended('unknown'),
    };
  }

  private async turnOf({ account, write, mayWaitForDays = false, ...turn }: Exchange): Promise<Permit> {
    const { endpoint, priority, merchant } = turn;
    const waitMs = write === undefined ? READ_WAITS_MS : write.deadlineMs - this.options.now();
    try {
      return await this.options.admit(account, { endpoint, priority, merchant, waitMs, mayWaitForDays });
    } catch (error) {
      if (error instanceof NoBudgetError) throw new NotSentError('no_budget', error.againInMs);
      throw error;
    }
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
      httpClient: guardedHttpClient(protocol, () => this.enter()),
    });
  }
}

export type CancelReason = 'abandoned' | 'requested_by_customer';

export interface IntentPage {
  readonly intents: readonly IntentSnapshot[];
  readonly more: boolean;
}

export interface RefundPage {
  readonly refunds: readonly RefundSnapshot[];
  readonly more: boolean;
}
