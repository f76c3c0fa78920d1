import qs from 'qs';

export type Params = Readonly<Record<string, unknown>>;

/** One request and what came of it. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly params: Params;
  readonly status: number;
  /** Parsed where it is JSON, the text otherwise. */
  readonly body: unknown;
}

export interface RecorderOptions {
  readonly key: string;
  /** `Stripe-Version`; the newest where nothing is said. */
  readonly version?: string;
}

/** Speaks to Stripe's API without a client library's habits, and keeps whatever was said. */
export class Recorder {
  readonly exchanges: Exchange[] = [];

  constructor(
    private readonly base: string,
    private readonly options: RecorderOptions,
  ) {}

  /** @param form sends a body of parts, as uploads need it, in place of `params`. */
  async send(method: string, path: string, params: Params = {}, form?: FormData): Promise<Exchange> {
    const encoded = qs.stringify(params);
    const inQuery = method !== 'POST' && encoded !== '';
    const response = await fetch(`${this.base}${path}${inQuery ? `?${encoded}` : ''}`, {
      method,
      headers: {
        authorization: `Bearer ${this.options.key}`,
        ...(this.options.version === undefined ? {} : { 'stripe-version': this.options.version }),
        ...(method === 'POST' && form === undefined ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(method === 'POST' ? { body: form ?? encoded } : {}),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
    const exchange = { method, path, params, status: response.status, body: isJson ? JSON.parse(text) : text };
    this.exchanges.push(exchange);
    return exchange;
  }
}
