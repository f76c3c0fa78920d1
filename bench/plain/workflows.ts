import {
  ActivityFailure,
  condition,
  defineSignal,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from './activities.js';
import type { Order, Result } from './order.js';

/** Only the time-out that Temporal demands is given: the default policy retries at 1 s, doubling, without end. */
const { createPaymentIntent, confirmPaymentIntent, createAndConfirm, recordPayment } = proxyActivities<Activities>({
  startToCloseTimeout: '1 minute',
});

export const paymentTold = defineSignal<['succeeded' | 'failed']>('paymentTold');

/** Create, confirm, wait for the webhook, record: three activities, as the guides of both have it. */
export function payment(order: Order): Promise<Result> {
  return follow(order, inTwoCalls, () => 'failed');
}

/** The same, but when an activity gave up, what a webhook has said by then stands. */
export function paymentWebhookWins(order: Order): Promise<Result> {
  return follow(order, inTwoCalls, (told) => told ?? 'failed');
}

/** The same as the first, with one call to Stripe that creates and confirms. */
export function paymentInOneCall(order: Order): Promise<Result> {
  return follow(order, createAndConfirm, () => 'failed');
}

/** The same as the first, with idempotency keys of its own, the same for each repetition of a call. */
export function paymentWithOwnKeys(order: Order): Promise<Result> {
  return follow(order, inTwoKeyedCalls, () => 'failed');
}

async function inTwoCalls(order: Order, workflowId: string): Promise<void> {
  const intent = await createPaymentIntent(order, workflowId);
  await confirmPaymentIntent(intent, order.paymentMethod);
}

async function inTwoKeyedCalls(order: Order, workflowId: string): Promise<void> {
  const intent = await createPaymentIntent(order, workflowId, `${workflowId}/create`);
  await confirmPaymentIntent(intent, order.paymentMethod, `${workflowId}/confirm`);
}

type Told = 'succeeded' | 'failed' | undefined;

async function follow(
  order: Order,
  collect: (order: Order, workflowId: string) => Promise<void>,
  afterGivingUp: (told: Told) => Result['status'],
): Promise<Result> {
  let told: Told;
  setHandler(paymentTold, (status) => {
    told = status;
  });
  const finish = async (status: Result['status']) => {
    await recordPayment(order.reference, status);
    return { status };
  };
  try {
    await collect(order, workflowInfo().workflowId);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return finish(afterGivingUp(told));
  }
  await condition(() => told !== undefined, '1 day');
  return finish(told ?? 'unconfirmed');
}
