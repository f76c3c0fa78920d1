import { freeLowPorts } from '../../src/dev/ports.js';
import { Part } from './process.js';

/** It takes any key of three words, and no other. */
export const STRIPE_MOCK_KEY = 'sk_test_123';

/** Stripe's own mock: it knows every parameter and keeps nothing. Both ports are given: it would listen everywhere else. */
export async function startStripeMock(program: string): Promise<{ readonly base: string; readonly part: Part }> {
  const [port = 0, tlsPort = 0] = await freeLowPorts(2);
  const addresses = ['-http-addr', `127.0.0.1:${port}`, '-https-addr', `127.0.0.1:${tlsPort}`];
  const part = new Part('stripe-mock', [program, ...addresses], {}, /Listening for HTTP at address/);
  await part.start();
  return { base: `http://127.0.0.1:${port}`, part };
}
