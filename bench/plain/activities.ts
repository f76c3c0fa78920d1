import { appendFile } from 'node:fs/promises';
import { ApplicationFailure } from '@temporalio/activity';
import Stripe from 'stripe';
import { type Order, WORKFLOW_ID } from './order.js';

/** The activities of the plain sample, by a factory over what they need, as Temporal's samples inject dependencies. */
export function createActivities(stripe: Stripe, ledger: string) {
  return {
    async createPaymentIntent(order: Order, workflowId: string, key?: string): Promise<string> {
      const params = { ...described(order), metadata: by(workflowId) };
      const intent = await final(stripe.paymentIntents.create(params, under(key)));
      return intent.id;
    },

    async confirmPaymentIntent(intent: string, paymentMethod: string, key?: string): Promise<void> {
      await final(stripe.paymentIntents.confirm(intent, { payment_method: paymentMethod }, under(key)));
    },

    /** Both in one call, as Stripe's guide to charging a saved card does it. */
    async createAndConfirm(order: Order, workflowId: string): Promise<void> {
      await final(
        stripe.paymentIntents.create({
          ...described(order),
          payment_method: order.paymentMethod,
          confirm: true,
          metadata: by(workflowId),
        }),
      );
    },

    /** A line in a file stands in for a row in the team's database. */
    async recordPayment(reference: string, status: string): Promise<void> {
      await appendFile(ledger, `${JSON.stringify({ reference, status })}\n`);
    },
  };
}

export type Activities = ReturnType<typeof createActivities>;

function described({ amount, currency }: Order) {
  return { amount, currency, automatic_payment_methods: { enabled: true, allow_redirects: 'never' as const } };
}

/** Without a key of the caller's, as in Stripe's own guides, stripe-node draws one for each call. */
function under(key: string | undefined) {
  return key === undefined ? {} : { idempotencyKey: key };
}

function by(workflowId: string) {
  return { [WORKFLOW_ID]: workflowId };
}

/**
 * Stripe's guide to errors: a card error is the customer's and an invalid request the caller's, and neither gets better by
 * asking again. Everything else is left to Temporal's default policy, which retries for ever.
 */
async function final<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const { StripeCardError, StripeInvalidRequestError } = Stripe.errors;
    if (error instanceof StripeCardError || error instanceof StripeInvalidRequestError) {
      throw ApplicationFailure.nonRetryable(error.message, error.type);
    }
    throw error;
  }
}
