import { setTimeout as sleep } from 'node:timers/promises';
import type { Order } from '../stage/orders.js';
import type { Stage } from '../stage/stage.js';

/** Requests under way at once while a backlog is handed in: enough that the API is what limits it. */
const AT_ONCE = 16;

/** For so long an API that cannot reach its server is asked again, ms. */
const BUSY_MS = 60_000;

const PAUSE_BETWEEN_RETRIES_MS = 200;

/** Hands every order in as fast as the API takes them. @throws when one is refused. */
export async function takeAll(stage: Stage, orders: readonly Order[]): Promise<void> {
  const queue = [...orders];
  const hand = async () => {
    for (let order = queue.shift(); order !== undefined; order = queue.shift()) await take(stage, order);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, hand));
}

/** Hands an order in, and again where the API answers 503, as whoever has to have it taken does. @throws when it is refused. */
export async function take(stage: Stage, order: Order): Promise<void> {
  const untilMs = performance.now() + BUSY_MS;
  for (;;) {
    const { status, text } = await stage.caller.take(order);
    if (status === 202) return;
    if (status !== 503 || performance.now() > untilMs)
      throw new Error(`${stage.system.name} answered ${status}: ${text}`);
    await sleep(PAUSE_BETWEEN_RETRIES_MS);
  }
}

/** Hands an order in. @throws when no answer comes. */
export async function isAccepted(stage: Stage, order: Order): Promise<boolean> {
  return (await stage.caller.take(order)).status === 202;
}

/** Hands an order in as a careful caller would: the same request again until it is taken. */
export async function takeAtLast(stage: Stage, order: Order): Promise<void> {
  for (;;) {
    const answer = await stage.caller.take(order).catch(() => undefined);
    if (answer !== undefined && answer.status < 300) return;
    if (answer !== undefined && answer.status < 500) throw new Error(`${answer.status}: ${answer.text}`);
    await sleep(PAUSE_BETWEEN_RETRIES_MS);
  }
}
