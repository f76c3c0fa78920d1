import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SlidingWindow } from '../../src/simulator/limits/sliding-window.js';
import { SEED } from '../support/any-fact.js';

const LENGTH = 1_000;
const RUNS = { seed: SEED, numRuns: 500 };

/** Times of arrival, in order: bursts at one instant, gaps of exactly a window, and anything in between. */
const anyTimes = fc
  .array(fc.oneof(fc.constantFrom(0, 1, LENGTH - 1, LENGTH, LENGTH + 1, 0.5), fc.integer({ min: 0, max: 400 })), {
    maxLength: 200,
  })
  .map((gaps) => {
    let at = 0;
    return gaps.map((gap) => {
      at += gap;
      return at;
    });
  });

/** The most in any window of a second, looked for in the plainest way: one that ends at each of them. */
function worstOf(times: readonly number[]): number {
  return Math.max(0, ...times.map((end) => times.filter((at) => at > end - LENGTH && at <= end).length));
}

function filledWith(times: readonly number[]): SlidingWindow {
  const window = new SlidingWindow(LENGTH);
  for (const at of times) window.add(at);
  return window;
}

describe('a sliding window', () => {
  it('knows the worst second there ever was, exactly', () => {
    fc.assert(
      fc.property(anyTimes, (times) => assert.equal(filledWith(times).worst, worstOf(times))),
      RUNS,
    );
  });

  it('counts what happened within the last second, at any time', () => {
    fc.assert(
      fc.property(anyTimes, fc.integer({ min: 0, max: 2 * LENGTH }), (times, later) => {
        const now = (times.at(-1) ?? 0) + later;
        assert.equal(filledWith(times).count(now), times.filter((at) => at > now - LENGTH).length);
      }),
      RUNS,
    );
  });

  it('after a reset knows the worst since then, and still counts what is within the second', () => {
    fc.assert(
      fc.property(anyTimes, fc.nat(200), (times, cut) => {
        const window = filledWith(times.slice(0, cut));
        window.reset();
        for (const at of times.slice(cut)) window.add(at);
        assert.equal(window.worst, worstOf(times.slice(cut)));
        const now = times.at(-1) ?? 0;
        assert.equal(window.count(now), filledWith(times).count(now));
      }),
      RUNS,
    );
  });

  it('used as a limiter never lets more than its limit into any second, and never turns one away without need', () => {
    fc.assert(
      fc.property(anyTimes, fc.integer({ min: 0, max: 30 }), (times, limit) => {
        const window = new SlidingWindow(LENGTH);
        const allowed: number[] = [];
        for (const at of times) {
          const before = allowed.filter((other) => other > at - LENGTH).length;
          if (window.count(at) < limit) {
            window.add(at);
            allowed.push(at);
          } else {
            assert.equal(before, limit, 'the second was full');
          }
        }
        assert.ok(worstOf(allowed) <= limit);
      }),
      RUNS,
    );
  });
});
