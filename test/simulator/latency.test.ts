import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { latencyMs, sampleMs } from '../../src/simulator/faults/latency.js';
import { type Distribution, faultsSchema, type LatencyRule } from '../../src/simulator/faults/schema.js';
import { FaultScript } from '../../src/simulator/faults/script.js';
import { seeded } from '../../src/simulator/random.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import { SEED } from '../support/any-fact.js';
import { T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';
import { until } from '../support/until.js';

const CAPTURE = 'payment_intents.capture';
const ruleOf = (rule: object): LatencyRule => faultsSchema.parse({ latency: [rule] }).latency[0] as LatencyRule;
const fixed = (ms: number) => ({ kind: 'fixed', ms }) as const;

/** So many draws, the smallest first. */
function draws(distribution: Distribution, count = 20_000): number[] {
  const random = seeded(SEED);
  return Array.from({ length: count }, () => sampleMs(distribution, random)).sort((a, b) => a - b);
}
const quantile = (sorted: readonly number[], q: number) => sorted[Math.floor(q * sorted.length)] as number;

describe('a latency', () => {
  it('fixed is always the same', () => {
    assert.deepEqual(new Set(draws(fixed(7), 100)), new Set([7]));
  });

  it('uniform lies between its bounds, and evenly', () => {
    const drawn = draws({ kind: 'uniform', min_ms: 100, max_ms: 300 });
    assert.ok((drawn[0] as number) >= 100 && (drawn.at(-1) as number) <= 300);
    for (const q of [0.1, 0.5, 0.9]) assert.ok(Math.abs(quantile(drawn, q) - (100 + 200 * q)) < 5);
  });

  it('lognormal has the median and the 99th percentile it is given', () => {
    const drawn = draws({ kind: 'lognormal', p50_ms: 80, p99_ms: 900 });
    assert.ok(Math.abs(quantile(drawn, 0.5) / 80 - 1) < 0.03, `${quantile(drawn, 0.5)}`);
    assert.ok(Math.abs(quantile(drawn, 0.99) / 900 - 1) < 0.1, `${quantile(drawn, 0.99)}`);
    const alike = draws({ kind: 'lognormal', p50_ms: 50, p99_ms: 50 }, 10);
    for (const ms of alike) assert.ok(Math.abs(ms - 50) < 1e-9);
  });

  it('is a number of milliseconds for any distribution and any time', () => {
    const anyMs = fc.double({ min: 0, max: 600_000, noNaN: true });
    fc.assert(
      fc.property(anyMs, anyMs, fc.integer(), fc.nat(100_000), (a, b, seed, sinceMs) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        for (const distribution of [
          { kind: 'uniform', min_ms: low, max_ms: high },
          { kind: 'lognormal', p50_ms: low + 1e-3, p99_ms: high + 1e-3 },
        ] as const) {
          const rule = {
            ...ruleOf({ distribution: fixed(1), slow_start: { for_ms: 50_000, factor: 9 } }),
            distribution,
          };
          const ms = latencyMs(rule, sinceMs, seeded(seed));
          assert.ok(ms >= 0 && ms <= 600_000, `${ms}`);
        }
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it('of a slow start falls in a straight line from its factor to what it is without', () => {
    const rule = ruleOf({ distribution: fixed(10), slow_start: { for_ms: 1_000, factor: 5 } });
    const at = [0, 250, 500, 1_000, 60_000].map((sinceMs) => latencyMs(rule, sinceMs, seeded(1)));
    assert.deepEqual(at, [50, 40, 30, 10, 10]);
  });

  it('is that of the first rule that matches, and a slow start begins with its rule', () => {
    const script = faultsSchema.parse({
      latency: [
        { endpoint: 'refunds.create', distribution: fixed(1) },
        { from_ms: 1_000, until_ms: 3_000, distribution: fixed(20), slow_start: { for_ms: 1_000, factor: 3 } },
        { distribution: fixed(300) },
      ],
    });
    const faults = new FaultScript(script, T0);
    const traits = () => ({ metadata: {}, region: null, method: null });
    const of = (endpoint: string, sinceMs: number) =>
      faults.latencyOf({ account: 'acct_one', endpoint, traits, nowMs: T0 + sinceMs });
    assert.equal(of('refunds.create', 1_500), 1);
    const seen = [0, 1_000, 1_500, 2_000, 2_999, 3_000].map((sinceMs) => of('refunds.list', sinceMs));
    assert.deepEqual(seen, [300, 60, 40, 20, 20, 300]);
  });

  it('draws the same again for the same seed, script and requests', () => {
    const script = (seed: number) =>
      faultsSchema.parse({ seed, latency: [{ distribution: { kind: 'lognormal', p50_ms: 80, p99_ms: 900 } }] });
    const run = (seed: number) => {
      const faults = new FaultScript(script(seed), T0);
      const traits = () => ({ metadata: {}, region: null, method: null });
      const one = { account: 'acct_one', endpoint: 'refunds.list', traits, nowMs: T0 };
      return Array.from({ length: 50 }, () => faults.latencyOf(one));
    };
    assert.deepEqual(run(4), run(4));
    assert.notDeepEqual(run(4), run(5));
    assert.equal(new Set(run(4)).size, 50);
  });

  it('comes before the effect, and holds the key and the object meanwhile', async () => {
    const stripe = await Simulated.start();
    try {
      const { id } = await stripe.stripe.paymentIntents.create(cardPayment({ capture_method: 'manual' }));
      await stripe.control.limits({ object_locks: true });
      await stripe.control.faults({ latency: [{ endpoint: CAPTURE, distribution: fixed(600_000) }] });
      const capture = (idempotencyKey: string) =>
        stripe.post(`/v1/payment_intents/${id}/capture`, {}, { idempotencyKey });
      const never = capture('one').catch(() => 'the simulator was stopped');
      await until(async () => (await stripe.control.requests(CAPTURE)).length === 1);
      assert.equal((await capture('one')).error?.code, 'idempotency_key_in_use');
      assert.equal((await capture('two')).error?.code, 'lock_timeout');
      const { data } = await stripe.stripe.paymentIntents.list();
      assert.equal(data[0]?.status, 'requires_capture');
      await stripe.stop();
      assert.equal(await never, 'the simulator was stopped');
      const [intent] = stripe.simulator.store.all(accountId(SIMULATOR_KEY), 'payment_intents');
      assert.equal(intent?.status, 'requires_capture', 'nothing comes of what was on its way');
    } finally {
      await stripe.stop();
    }
  });

  it('is as long as it was drawn', async () => {
    const stripe = await Simulated.start();
    try {
      await stripe.control.faults({ latency: [{ distribution: fixed(120) }] });
      const began = performance.now();
      assert.equal((await stripe.stripe.paymentIntents.create(cardPayment())).status, 'succeeded');
      // A timer may be a millisecond early by the clock.
      assert.ok(performance.now() - began >= 118);
    } finally {
      await stripe.stop();
    }
  });
});
