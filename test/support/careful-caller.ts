import assert from 'node:assert/strict';
import type { PaymentView } from '../../src/api/schemas.js';
import { type Answer, isWhole } from './api-client.js';
import type { Stack } from './stack.js';
import { PATIENCE_MS } from './until.js';

const PAUSE_MS = 200;

/** A caller who loses nothing: the same request again, under the same operation id, until it is taken. */
export class CarefulCaller {
  constructor(private readonly stack: Stack) {}

  /** Hands a payment in. */
  async take(request: Record<string, unknown>): Promise<string> {
    return (await this.insist(() => this.stack.api.create(request))).id;
  }

  capture(id: string, amount: number): Promise<PaymentView> {
    return this.insist(() => this.stack.api.capture(id, { amount }, { 'idempotency-key': 'the-capture' }));
  }

  confirm(id: string, method: string): Promise<PaymentView> {
    return this.insist(() => this.stack.api.confirm(id, method, { 'idempotency-key': 'the-confirmation' }));
  }

  cancel(id: string): Promise<PaymentView> {
    return this.insist(() => this.stack.api.cancel(id, { 'idempotency-key': 'the-cancellation' }));
  }

  refund(id: string, amount: number) {
    return this.insist(() => this.stack.api.refund(id, { reference: 'the-refund', amount }));
  }

  /** Follows the payment until `isSo`, through whatever is down meanwhile; an answer that is only a part is no answer. */
  async until(id: string, isSo: (payment: PaymentView) => boolean): Promise<PaymentView> {
    const deadline = Date.now() + PATIENCE_MS;
    let last: unknown;
    while (Date.now() < deadline) {
      const answer = await whileDown(() => this.stack.api.get(id, 5));
      if (answer !== undefined && isWhole(answer.status, answer.body) && isSo(answer.body)) return answer.body;
      last = answer?.body;
      await pause();
    }
    throw new Error(`${id} is ${JSON.stringify(last, null, 2)}`);
  }

  /** Does something at the simulator, which may be down as well. */
  async atStripe<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      const done = await whileDown(act);
      if (done !== undefined) return done;
      await pause();
    }
  }

  private async insist<T>(call: () => Promise<Answer<T>>): Promise<T> {
    for (;;) {
      const answer = await whileDown(call);
      if (answer?.status === 202 || answer?.status === 200) return answer.body;
      if (answer !== undefined) assert.equal(answer.status, 503, JSON.stringify(answer.body));
      await pause();
    }
  }
}

/** Undefined when nobody listens: fetch says so with a TypeError. */
async function whileDown<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

/** Kills every process -9, Temporal and the simulator too, and starts all of them again. */
export async function killEverything(stack: Stack): Promise<void> {
  await Promise.all([
    stack.workerPart.kill9(),
    stack.apiPart.kill9(),
    stack.webhooksPart.kill9(),
    stack.simulatorPart.kill9(),
    stack.temporalServer.kill9(),
  ]);
  await Promise.all([stack.temporalServer.start(), stack.simulatorPart.start()]);
  await stack.apiPart.start();
  await stack.webhooksPart.start();
  await stack.workerPart.start();
}
