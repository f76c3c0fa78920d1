import assert from 'node:assert/strict';
import Stripe from 'stripe';

export type StripeError = InstanceType<typeof Stripe.errors.StripeError>;

/** The error of Stripe's that a call must end in. */
export async function errorOf(call: Promise<unknown>): Promise<StripeError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Stripe.errors.StripeError, 'the call was refused');
  return error;
}
