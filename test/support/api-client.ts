import { randomUUID } from 'node:crypto';
import type { PaymentView, RefundView } from '../../src/api/schemas.js';
import { PATIENCE_MS, until } from './until.js';

export interface Answer<T = unknown> {
  readonly status: number;
  readonly body: T;
  readonly headers: Headers;
}

/** What a problem answer carries. */
export interface ProblemBody {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { path: string; message: string }[];
}

const PATIENCE_S = PATIENCE_MS / 1_000;

/** Penstock over HTTP, as its users see it. */
export class ApiClient {
  constructor(readonly base: string) {}

  async call<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const response = await fetch(this.base + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: (text === '' ? undefined : parse(text)) as T };
  }

  create(request: Record<string, unknown>): Promise<Answer<PaymentView>> {
    return this.call('POST', '/v1/payments', request);
  }

  get(id: string, waitSeconds = 0): Promise<Answer<PaymentView>> {
    return this.call('GET', `/v1/payments/${id}${waitSeconds > 0 ? `?wait=${waitSeconds}` : ''}`);
  }

  cancel(id: string, headers: Record<string, string> = {}): Promise<Answer<PaymentView>> {
    return this.change(`/v1/payments/${id}/cancel`, {}, headers);
  }

  capture(
    id: string,
    body: { amount?: number } = {},
    headers: Record<string, string> = {},
  ): Promise<Answer<PaymentView>> {
    return this.change(`/v1/payments/${id}/capture`, body, headers);
  }

  confirm(id: string, paymentMethod: string, headers: Record<string, string> = {}): Promise<Answer<PaymentView>> {
    return this.change(`/v1/payments/${id}/confirm`, { payment_method: paymentMethod }, headers);
  }

  refund(id: string, body: Record<string, unknown>): Promise<Answer<RefundView>> {
    return this.call('POST', `/v1/payments/${id}/refunds`, body);
  }

  /**
   * A change, sent again when no worker took it, as its 503 says: the server may have handed it to a worker in the moment
   * that one was killed, and such a task comes again after the server's own time-out of 10 s. It is taken once only, and
   * what it led to is counted by the tests themselves.
   */
  private async change<T>(path: string, body: unknown, headers: Record<string, string>): Promise<Answer<T>> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await this.call<T>('POST', path, body, headers);
      if (answer.status !== 503 || Date.now() > deadline) return answer;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Looks at the payment until `isSo`: for what follows it and is not waited for by `?wait=`. */
  async untilShows(id: string, isSo: (payment: PaymentView) => boolean, seconds = PATIENCE_S): Promise<PaymentView> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const { status, body } = await this.get(id);
      if (isWhole(status, body) && isSo(body)) return body;
      if (Date.now() > deadline) throw new Error(`${id} is ${JSON.stringify(body, null, 2)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Looks at the payment until its timeline says so. */
  untilTold(id: string, what: RegExp): Promise<PaymentView> {
    return this.untilShows(id, (payment) => payment.timeline?.some((entry) => what.test(entry.what)) === true);
  }

  /** Takes a payment and waits until it is final or waits for somebody. */
  async pay(request: Record<string, unknown>): Promise<PaymentView> {
    const { status, body } = await this.create(request);
    if (status !== 202 && status !== 200) throw new Error(`the payment was not taken: ${JSON.stringify(body)}`);
    return this.until(body.id, (p) => p.final || p.status !== 'processing');
  }

  /** Follows a payment by `?wait=` until `isSo`. */
  async until(id: string, isSo: (payment: PaymentView) => boolean, seconds = PATIENCE_S): Promise<PaymentView> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const { status, body } = await this.get(id, 10);
      if (isWhole(status, body) && isSo(body)) return body;
      if (Date.now() > deadline) throw new Error(`${id} is ${JSON.stringify(body, null, 2)}`);
      // A payment whose status changed to something else than wished returns at once: do not spin on it.
      if (body.status !== 'processing') await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** One that Temporal or a worker was too slow for is no answer, and the next may be. */
export function isWhole(status: number, payment: PaymentView): boolean {
  return status === 200 && !payment.stale;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** An `expires_at` to wait for, Unix seconds: late enough for what must come before it, on a busy machine too. */
export function soon(): number {
  return Math.ceil(Date.now() / 1000) + 5;
}

/** Resolves a while after `expires_at` has passed, so that what it must not set off would show. */
export function passed(expires_at: number): Promise<void> {
  return until(() => Date.now() > expires_at * 1000 + 500);
}

/** A request for a payment that goes through, under a reference of its own. */
export function aPayment(
  changes: Record<string, unknown> = {},
): Record<string, unknown> & { merchant: string; reference: string } {
  return {
    merchant: 'acme',
    reference: `t-${randomUUID()
      .replace(/[0-9]/g, (d) => 'ghijklmnop'[Number(d)] ?? 'g')
      .slice(0, 18)}`,
    amount: 1999,
    currency: 'eur',
    payment_method: 'pm_card_visa',
    ...changes,
  };
}
