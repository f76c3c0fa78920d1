import type { Exchange, Params, Recorder } from './recorder.js';

const DAY_MS = 24 * 60 * 60_000;

/** An object of Stripe's, as it came. */
export interface StripeObject {
  readonly id: string;
  readonly [property: string]: unknown;
}

/** Whose time it is: the simulator's control API, or nobody's. */
interface Time {
  readonly clock: () => Promise<{ readonly now_ms: number }>;
  readonly advance: (ms: number) => Promise<unknown>;
}

/** What the calls of a journey are about: it makes the objects they need, by calls of the same kind. */
export class World {
  constructor(
    readonly recorder: Recorder,
    private readonly time: Time,
    /** Somewhere that webhooks may be sent to. */
    readonly sink: string,
  ) {}

  /** @throws where it is not answered with a 200. */
  post(path: string, params: Params = {}): Promise<StripeObject> {
    return this.wanted('POST', path, params);
  }

  /** @throws where it is not answered with a 200. */
  get(path: string, params: Params = {}): Promise<StripeObject> {
    return this.wanted('GET', path, params);
  }

  async now(): Promise<number> {
    return Math.floor((await this.time.clock()).now_ms / 1000);
  }

  /** Lets days go by, and whatever falls due in them happen. */
  async pass(days: number): Promise<void> {
    await this.time.advance(days * DAY_MS);
  }

  customer(): Promise<StripeObject> {
    return this.post('/v1/customers', { name: 'Jenny Rosen', email: 'jenny.rosen@example.com' });
  }

  /** A payment intent that nobody has confirmed. */
  intent(changes: Params = {}): Promise<StripeObject> {
    return this.post('/v1/payment_intents', { amount: 2_000, currency: 'usd', ...changes });
  }

  /** A payment intent confirmed at once, with what the test method makes of it. */
  confirmed(method = 'pm_card_visa', changes: Params = {}): Promise<StripeObject> {
    return this.intent({
      confirm: true,
      payment_method: method,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
      ...changes,
    });
  }

  /** An authorisation that waits to be captured. */
  held(): Promise<StripeObject> {
    return this.confirmed('pm_card_visa', { capture_method: 'manual' });
  }

  /** The id of the charge that a payment with the test method has made. */
  async charge(method = 'pm_card_visa', changes: Params = {}): Promise<string> {
    return String((await this.confirmed(method, changes))['latest_charge']);
  }

  async refund(method = 'pm_card_visa', changes: Params = {}): Promise<StripeObject> {
    const { id } = await this.confirmed(method);
    return this.post('/v1/refunds', { payment_intent: id, ...changes });
  }

  /** The dispute that the test method makes its customer raise. */
  async dispute(method = 'pm_card_createDispute'): Promise<StripeObject> {
    const { id } = await this.confirmed(method);
    await this.pass(0);
    return this.first('/v1/disputes', { payment_intent: id });
  }

  /** A customer's card. */
  async card(): Promise<{ readonly customer: string; readonly method: string }> {
    const customer = (await this.customer()).id;
    const { id } = await this.post('/v1/payment_methods/pm_card_visa/attach', { customer });
    return { customer, method: id };
  }

  /** A payout of money that could be paid out at once. */
  async payout(): Promise<StripeObject> {
    // What was refunded or disputed after it had been paid out is owed first.
    await this.confirmed('pm_card_bypassPending', { amount: 1_000_000 });
    return this.post('/v1/payouts', { amount: 1_100, currency: 'usd' });
  }

  /** A payout that Stripe made by itself of what had come in. @throws where it made none within days. */
  async automaticPayout(): Promise<StripeObject> {
    await this.confirmed();
    await this.pass(8);
    const { data } = await this.get('/v1/payouts', { limit: 100 });
    const payout = (data as StripeObject[]).find(({ automatic }) => automatic === true);
    if (payout === undefined) throw new Error('no payout is automatic');
    return payout;
  }

  async reportRun(): Promise<StripeObject> {
    return this.post('/v1/reporting/report_runs', await this.report());
  }

  /** What a report run is asked for: yesterday. */
  async report(): Promise<Params> {
    const end = await this.now();
    await this.pass(1);
    const parameters = { interval_start: end - DAY_MS / 1000, interval_end: end };
    return { report_type: 'balance_change_from_activity.itemized.3', parameters };
  }

  file(): Promise<StripeObject> {
    return this.post('/v1/files', A_FILE);
  }

  webhookEndpoint(): Promise<StripeObject> {
    return this.post('/v1/webhook_endpoints', { url: this.sink, enabled_events: ['charge.succeeded'] });
  }

  /** The newest of a list. @throws where it is empty. */
  async first(path: string, params: Params = {}): Promise<StripeObject> {
    const list = await this.get(path, { ...params, limit: 1 });
    const [first] = list['data'] as StripeObject[];
    if (first === undefined) throw new Error(`GET ${path} lists nothing`);
    return first;
  }

  private async wanted(method: string, path: string, params: Params): Promise<StripeObject> {
    const exchange: Exchange = await this.recorder.send(method, path, params);
    if (exchange.status !== 200) {
      throw new Error(`${method} ${path}: ${exchange.status} ${JSON.stringify(exchange.body)}`);
    }
    return exchange.body as StripeObject;
  }
}

/** What an upload sends. */
export const A_FILE: Params = {
  purpose: 'dispute_evidence',
  file: new File(['a receipt'], 'receipt.pdf', { type: 'application/pdf' }),
};
