import assert from 'node:assert/strict';
import type Stripe from 'stripe';
import type { SimulatorControl } from './simulator-control.js';

/** 200, or why the limits turned it away: the header's reason, or the code where there is none. */
export async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
    return 200;
  } catch (error) {
    const { statusCode, rawType, code, headers } = error as Stripe.errors.StripeRateLimitError;
    assert.deepEqual([statusCode, rawType], [429, 'invalid_request_error']);
    const reason = headers?.['stripe-rate-limited-reason'];
    assert.equal(code, reason === undefined ? 'lock_timeout' : 'rate_limit');
    return reason ?? code;
  }
}

export async function outcomes(count: number, call: () => Promise<unknown>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (let i = 0; i < count; i += 1) seen.push(await outcome(call()));
  return seen;
}

/** So many requests, each let in and held up before its effect, until they are released. */
export async function underWay(
  control: SimulatorControl,
  count: number,
  call: () => Promise<unknown>,
): Promise<Promise<unknown>[]> {
  await control.faults({ requests: [{ kind: 'hold_before' }] });
  const calls = Array.from({ length: count }, () => outcome(call()));
  await control.untilHeld(count);
  await control.noFaults();
  return calls;
}
