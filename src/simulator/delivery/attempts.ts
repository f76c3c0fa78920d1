import { eventAmong, type StripeEvent, type WebhookDelivery } from '../objects/event.js';
import type { Put, Store } from '../state/store.js';
import type { Clock } from '../time/clock.js';
import type { AttemptLog } from './attempt-log.js';
import { Poster } from './posting.js';
import { pauseAfter, stateAfter } from './retries.js';
import { Turns } from './turns.js';
import type { Waiting } from './waiting.js';

export interface AttemptsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly waiting: Waiting;
  readonly attempts: AttemptLog;
  /** Pause before the first retry, by the simulator's clock; each is twice as long as the one before. */
  readonly firstRetryMs: number;
}

/** One attempt that waits for its turn. It holds no event: thousands may wait. */
interface Turn {
  readonly account: string;
  readonly delivery: string;
  /** When it fell due, by the simulator's clock. */
  readonly asOfMs: number;
  /** When it began to wait, real time. */
  readonly cameMs: number;
  readonly isRetry: boolean;
  /** It was answered, or there was nobody to. */
  readonly done: () => void;
}

/** What became of an attempt, and when the next one would be. */
interface Ended {
  readonly turn: Turn;
  readonly row: WebhookDelivery;
  readonly nextMs: number;
}

/** Retries that wait before it is looked for the first time whether they all still have something to send. */
const PRUNED_FROM = 10_000;

/** The attempts to deliver, with their retries: at each endpoint in turn, each delivery until it is settled. */
export class Attempts {
  private readonly poster = new Poster();
  /** By account and endpoint. */
  private readonly turns = new Map<string, Turns<Turn>>();
  /** The deliveries for which a retry waits, one each. */
  private readonly retrying = new Set<string>();
  private prunedFrom = PRUNED_FROM;
  private stopped = false;

  constructor(private readonly options: AttemptsOptions) {}

  /**
   * An attempt once its endpoint has a place for it. Resolves when it has been answered, or nobody was there.
   *
   * @param asOfMs when it falls due, by the simulator's clock; how long it waits for its turn is added in real time.
   */
  make(account: string, delivery: string, asOfMs: number, isRetry = false): Promise<void> {
    const endpoint = this.options.store.get(account, 'deliveries', delivery)?.endpoint;
    if (endpoint === undefined || this.stopped) return Promise.resolve();
    return new Promise((done) => {
      const turn = { account, delivery, asOfMs, cameMs: performance.now(), isRetry, done };
      this.turnsAt(account, endpoint).take(asOfMs, turn);
    });
  }

  /** Attempts that wait for their turn. */
  get waits(): number {
    return [...this.turns.values()].reduce((sum, turns) => sum + turns.waits, 0);
  }

  stop(): void {
    this.stopped = true;
    for (const turns of this.turns.values()) turns.stop();
    this.poster.stop();
  }

  /** What a fault kept from being sent is shown among the attempts. */
  noteDropped(account: string, event: StripeEvent, endpoint: string): void {
    this.note(account, event, endpoint, { status: null, ms: 0, state: 'dropped' });
  }

  private turnsAt(account: string, endpoint: string): Turns<Turn> {
    const name = `${account}/${endpoint}`;
    let turns = this.turns.get(name);
    if (turns === undefined) {
      turns = new Turns({ ask: (turn) => this.ask(turn), unanswered: (all) => this.unanswered(all) });
      this.turns.set(name, turns);
    }
    return turns;
  }

  /** @returns whether anybody answered; null when nobody was asked, or it is not known. */
  private async ask(turn: Turn): Promise<boolean | null> {
    const answered = this.isWanted(turn) ? await this.tryIt(turn) : null;
    turn.done();
    return answered;
  }

  /** Its turn has come. */
  private isWanted({ account, delivery, isRetry }: Turn): boolean {
    if (!isRetry) return true;
    this.retrying.delete(`${account}/${delivery}`);
    return this.isPending(account, delivery);
  }

  /**
   * One attempt, which never fails: where the disk has no room for what became of it, nothing did, and it is made again
   * after the same pause.
   */
  private async tryIt(turn: Turn): Promise<boolean | null> {
    try {
      return await this.attempt(turn);
    } catch (error) {
      complain(`delivery ${turn.delivery}`, error);
      this.tryAgain(turn);
      return null;
    }
  }

  private async attempt(turn: Turn): Promise<boolean | null> {
    const { store } = this.options;
    const { account } = turn;
    const sent = store.get(account, 'deliveries', turn.delivery);
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
    const ms = performance.now() - beganMs;
    const delivery = store.get(account, 'deliveries', turn.delivery);
    if (this.stopped || delivery === undefined) return null;
    const ended = this.after(turn, delivery, status);
    this.settle([ended]);
    this.note(account, event, endpoint.id, { status, ms, state: ended.row.state });
    return status !== null;
  }

  /** One attempt was made for all of these, and nobody answered it: as if each had been made by itself. */
  private unanswered(all: readonly Turn[]): void {
    const wanted = all.filter((turn) => this.isWanted(turn));
    const ended = wanted.flatMap((turn) => {
      const delivery = this.options.store.get(turn.account, 'deliveries', turn.delivery);
      return delivery === undefined ? [] : [this.after(turn, delivery, null)];
    });
    try {
      this.settle(ended);
    } catch (error) {
      complain(`${ended.length} deliveries`, error);
      for (const { turn } of ended) this.tryAgain(turn);
    }
    for (const { done } of all) done();
  }

  /** What an attempt that ends now leaves of its delivery, and when the next one would be. */
  private after(turn: Turn, delivery: WebhookDelivery, status: number | null): Ended {
    const attempts = delivery.attempts + 1;
    const nextMs = endedMs(turn) + pauseAfter(attempts, this.options.firstRetryMs);
    const row = { ...delivery, attempts, state: stateAfter(delivery, status, nextMs), lastStatus: status };
    return { turn, row, nextMs };
  }

  /** @throws when the disk does not take it, and then nothing has become of any of them. */
  private settle(all: readonly Ended[]): void {
    this.options.store.commit(all.map(({ turn, row }): Put => [turn.account, 'deliveries', row]));
    for (const { turn, row, nextMs } of all) {
      if (row.state === 'pending') this.retry(turn.account, row.id, nextMs);
    }
  }

  /** That begins now, for what is far behind the clock would be made again and again to no end. */
  private tryAgain({ account, delivery }: Turn): void {
    const { store, clock, firstRetryMs } = this.options;
    const attempts = store.get(account, 'deliveries', delivery)?.attempts ?? 0;
    this.retry(account, delivery, clock.now() + pauseAfter(attempts + 1, firstRetryMs));
  }

  private retry(account: string, delivery: string, dueMs: number): void {
    const name = `${account}/${delivery}`;
    if (this.retrying.has(name)) return;
    this.retrying.add(name);
    const hasMore = () => {
      if (this.isPending(account, delivery)) return true;
      this.retrying.delete(name);
      return false;
    };
    const again = (asOfMs: number) => {
      if (hasMore()) void this.make(account, delivery, asOfMs, true);
    };
    this.options.waiting.at(dueMs, again, hasMore);
    this.prune();
  }

  /** Deliveries that are forgotten meanwhile leave their retries behind. */
  private prune(): void {
    if (this.retrying.size < this.prunedFrom) return;
    this.options.waiting.prune();
    this.prunedFrom = Math.max(PRUNED_FROM, 2 * this.retrying.size);
  }

  private isPending(account: string, delivery: string): boolean {
    return this.options.store.get(account, 'deliveries', delivery)?.state === 'pending';
  }

  /** While it is sent it is pending, though it be sent once more to one that has taken it. */
  private told(account: string, event: StripeEvent): StripeEvent {
    const told = eventAmong(event, this.options.store.table(account, 'deliveries').where('event', event.id));
    return { ...told, pending_webhooks: Math.max(1, told.pending_webhooks) };
  }

  private note(
    account: string,
    { id, type }: StripeEvent,
    endpoint: string,
    of: { readonly status: number | null; readonly ms: number; readonly state: WebhookDelivery['state'] },
  ): void {
    const { store, clock, attempts } = this.options;
    const url = store.get(account, 'webhook_endpoints', endpoint)?.url ?? null;
    const { status, ms, state } = of;
    attempts.add(account, {
      at_ms: clock.now(),
      event: id,
      type,
      endpoint,
      url,
      status,
      took_ms: Math.round(ms),
      state,
    });
  }
}

/** When it ended, by the simulator's clock: after it fell due, by as long as it waited and took. */
function endedMs({ asOfMs, cameMs }: Turn): number {
  return asOfMs + (performance.now() - cameMs);
}

/** Neither a URL nor what was sent: either may hold what is nobody's business. */
export function complain(what: string, error: unknown): void {
  process.stderr.write(`simulator: ${what}, tried again after a pause: ${(error as Error).message}\n`);
}
