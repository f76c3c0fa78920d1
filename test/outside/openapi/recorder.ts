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

  /** @param elsewhere goes where this method's parameters do not: into the query of a POST, the body of a DELETE. */
  async send(method: string, path: string, params: Params = {}, elsewhere: Params = {}): Promise<Exchange> {
    const [queried, formed] = method === 'POST' ? [elsewhere, params] : [params, elsewhere];
    const query = qs.stringify(queried, { addQueryPrefix: true });
    const response = await fetch(`${this.base}${path}${query}`, {
      method,
      headers: {
        authorization: `Bearer ${this.options.key}`,
        ...(this.options.version === undefined ? {} : { 'stripe-version': this.options.version }),
      },
      ...(method === 'POST' || Object.keys(formed).length > 0 ? { body: bodyOf(formed) } : {}),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
    const exchange = { method, path, params, status: response.status, body: isJson ? JSON.parse(text) : text };
    this.exchanges.push(exchange);
    return exchange;
  }
}

/** Parts where a file is among them, a form otherwise; `fetch` names the type of either. */
function bodyOf(params: Params): FormData | URLSearchParams {
  const pairs = [...flat(params)];
  const body = pairs.some(([, value]) => value instanceof File) ? new FormData() : new URLSearchParams();
  for (const [name, value] of pairs) {
    if (body instanceof FormData && value instanceof File) body.set(name, value, value.name);
    else body.append(name, String(value));
  }
  return body;
}

/** `a[b][0]` and its value, as Stripe has them written. */
function* flat(value: unknown, name = ''): Generator<readonly [name: string, value: unknown]> {
  if (typeof value !== 'object' || value === null || value instanceof File) {
    yield [name, value];
    return;
  }
  for (const [key, inner] of Object.entries(value)) yield* flat(inner, name === '' ? key : `${name}[${key}]`);
}
