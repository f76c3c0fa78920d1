import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TURN_MS } from '../../../src/control/issuer.js';
import { Governor } from '../../../src/stripe/governor/governor.js';
import type { LimitCause } from '../../../src/stripe/governor/permit.js';
import { VirtualTime } from '../../support/virtual-time.js';

/** How long a refusal is on its way, ms: it comes long before an answer that waits for a bank. */
const REFUSED_MS = 60;

interface Load {
  readonly units: Readonly<Record<string, number>>;
  readonly calls: number;
  readonly forMs: number;
  /** Whether Stripe lets through a request that comes now, with so many under way. */
  readonly lets: (nowMs: number, underWay: number, passed: readonly number[]) => boolean;
  readonly cause: LimitCause;
  readonly answersInMs: (nowMs: number) => number;
}

/** One worker with always something to do, at a Stripe that takes its time. @returns when each request got through, ms. */
async function run({ units, calls, forMs, lets, cause, answersInMs }: Load): Promise<number[]> {
  const time = new VirtualTime();
  const governor = new Governor({ arrivesWithinMs: 20, backgroundFloor: 0.1 }, time);
  governor.hold(units, 1e12, 1);
  const passed: number[] = [];
  let underWay = 0;
  const after = (ms: number) => new Promise<void>((resolve) => time.setTimer(resolve, ms));
  const callForEver = async (): Promise<never> => {
    for (;;) {
      const turn = { endpoint: 'payment_intents.create', priority: 1, merchant: 'acme', waitMs: 1e9 };
      const permit = await governor.admit(turn);
      permit.written();
      await after(5);
      if (lets(time.now(), underWay, passed)) {
        passed.push(time.now());
        underWay += 1;
        await after(answersInMs(time.now()));
        underWay -= 1;
        permit.ended('passed');
      } else {
        await after(REFUSED_MS);
        permit.ended(cause);
      }
    }
  };
  for (let i = 0; i < calls; i += 1) void callForEver();
  const turns = () => {
    governor.tryMore();
    time.setTimer(turns, TURN_MS);
  };
  turns();
  await time.run(forMs);
  return passed;
}

const RATES = { all: 100, each: 100, concurrent: 1_000 };
const inSecond = (nowMs: number, passed: readonly number[]) => passed.filter((at) => at > nowMs - 1_000).length;
const within = (passed: readonly number[], fromMs: number, toMs: number) =>
  passed.filter((at) => at >= fromMs && at < toMs).length;

describe('what a limit lets through whose answers take long', () => {
  it('goes on being asked for while a request that got past it waits for its bank', async () => {
    const FALLS_MS = 10_000;
    const passed = await run({
      ...{ units: RATES, calls: 200, forMs: 40_000, cause: 'global-rate' },
      lets: (now, _, before) => inSecond(now, before) < (now < FALLS_MS ? 100 : 60),
      answersInMs: (now) => (now >= FALLS_MS && now < FALLS_MS + 1_200 ? 20_000 : 50),
    });
    const gaps = passed.map((at, nth) => at - (passed[nth - 1] ?? at));
    assert.ok(Math.max(...gaps) < 2_000, `nothing for ${Math.max(...gaps)} ms`);
    assert.ok(within(passed, 15_000, 40_000) >= 0.9 * 25 * 60, `${within(passed, 15_000, 40_000)}`);
  });

  it('is found by what counted when a request was sent, and not by what is left of that when it is answered', async () => {
    for (const answersMs of [300, 1_000]) {
      const passed = await run({
        ...{ units: RATES, calls: 200, forMs: 70_000, cause: 'global-rate' },
        lets: (now, _, before) => inSecond(now, before) < (now < 10_000 ? 100 : 60),
        answersInMs: () => answersMs,
      });
      const used = within(passed, 10_000, 70_000) / (60 * 60);
      assert.ok(used >= 0.95, `answers in ${answersMs} ms: ${used}`);
    }
  });

  it('is found of concurrency too', async () => {
    const passed = await run({
      ...{
        units: { all: 1_000, each: 1_000, concurrent: 100 },
        calls: 120,
        forMs: 90_000,
        cause: 'global-concurrency',
      },
      lets: (now, underWay) => now < 10_000 || underWay < 50,
      answersInMs: () => 2_000,
    });
    const used = within(passed, 12_000, 90_000) / (78 * 25);
    assert.ok(used >= 0.9, `${used}`);
  });
});
