import Stripe from 'stripe';

/**
 * stripe-node as its README sets it up. Nothing is said of retries, time-outs, keys or telemetry, so its defaults stand:
 * two retries of its own, each call under a random idempotency key that its retries share, 80 s for an answer.
 */
export function connectStripe(env: NodeJS.ProcessEnv): Stripe {
  return new Stripe(env['STRIPE_SECRET_KEY'] ?? '', {
    host: '127.0.0.1',
    port: Number(env['STRIPE_PORT']),
    protocol: 'http',
  });
}
