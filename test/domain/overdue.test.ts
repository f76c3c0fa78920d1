import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chunksOf, isDue, mostPages, TOGETHER, windowsOf } from '../../src/domain/overdue.js';
import { SEED } from '../support/any-fact.js';
import { HOUR, MINUTE, SECOND, T0 } from '../support/facts.js';

const RUNS = { seed: SEED, numRuns: 500 };
const OVERDUE = 2 * MINUTE;

/** The ages at which a payment falls due up to `mostMs`: doubling, and from six hours between them on every six. */
function dueAges(overdueMs: number, mostMs: number): number[] {
  const ages: number[] = [];
  for (let age = overdueMs; age <= mostMs; age = age <= 6 * HOUR ? age * 2 : age + 6 * HOUR) ages.push(age);
  return ages;
}

describe('isDue', () => {
  it('falls due first at the overdue age, and not a millisecond earlier', () => {
    assert.equal(isDue(T0, T0, T0 + OVERDUE - 1, OVERDUE), false);
    assert.equal(isDue(T0, T0, T0 + OVERDUE, OVERDUE), true);
    assert.equal(isDue(T0, T0 + OVERDUE, T0 + OVERDUE + 1, OVERDUE), false, 'it belonged to the sweep before');
  });

  it('doubles up to six hours and then stays there', () => {
    const ages = [2, 4, 8, 16, 32, 64, 128, 256, 512, 872, 1232].map((minutes) => minutes * MINUTE);
    for (const age of ages) {
      assert.equal(isDue(T0, T0 + age - 1, T0 + age, OVERDUE), true, `${age / MINUTE} minutes`);
      assert.equal(isDue(T0, T0 + age, T0 + age + 1, OVERDUE), false, `${age / MINUTE} minutes and more`);
    }
  });

  it('is due once per doubling over sweeps that follow each other, whenever they take place', () => {
    const sweeps = fc.array(fc.integer({ min: 1, max: OVERDUE }), { minLength: 1, maxLength: 400, size: 'max' });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MINUTE }), sweeps, (firstAt, gaps) => {
        let at = firstAt;
        let times = 0;
        let before = 0;
        for (const gap of [0, ...gaps]) {
          at += gap;
          if (isDue(T0, T0 + before, T0 + at, OVERDUE)) times += 1;
          before = at;
        }
        assert.equal(times, dueAges(OVERDUE, at).length);
      }),
      RUNS,
    );
  });

  it('is due in a sweep exactly when an age fell into the time since the last one, however long ago that was', () => {
    const day = fc.integer({ min: -HOUR, max: 72 * HOUR });
    fc.assert(
      fc.property(day, day, fc.integer({ min: 500, max: HOUR }), (a, b, overdueMs) => {
        const [sweptAt, now] = [Math.min(a, b), Math.max(a, b)];
        const expected = dueAges(overdueMs, now).some((age) => age > sweptAt);
        assert.equal(isDue(T0, T0 + sweptAt, T0 + now, overdueMs), expected);
      }),
      { ...RUNS, numRuns: 2_000 },
    );
  });

  it('a sweep that failed is made up for by the next', () => {
    const [last, missed, next] = [T0 + OVERDUE - SECOND, T0 + OVERDUE + SECOND, T0 + OVERDUE + MINUTE];
    assert.equal(isDue(T0, last, missed, OVERDUE), true);
    assert.equal(isDue(T0, last, next, OVERDUE), true);
    assert.equal(
      isDue(T0, missed, next, OVERDUE),
      false,
      'had it not failed, the next would have nothing to make up for',
    );
  });

  it('of the very first sweep, which follows none, takes in everything that is overdue', () => {
    assert.equal(isDue(T0, 0, T0 + 100 * 24 * HOUR, OVERDUE), true);
    assert.equal(isDue(T0, 0, T0 + OVERDUE - 1, OVERDUE), false);
  });
});

/** What an intent may be later than its payment, and what clocks may differ by. */
const WINDOW = MINUTE + 5 * SECOND;

// Crowded and quiet stretches both.
const someStarted = (slots: number, maxLength: number) =>
  fc.array(
    fc
      .integer({ min: 0, max: slots })
      .chain((slot) =>
        fc.integer({ min: 0, max: 90 * SECOND }).map((within) => ({ startedAtMs: T0 + slot * 10 * MINUTE + within })),
      ),
    { maxLength, size: 'max' },
  );

describe('chunksOf', () => {
  const payments = fc.integer({ min: 0, max: 40 }).chain((slots) => someStarted(slots, 300));

  it('has every payment in exactly one chunk, newest first', () => {
    fc.assert(
      fc.property(payments, (overdue) => {
        const inChunks = chunksOf(overdue).flat();
        assert.equal(inChunks.length, overdue.length);
        assert.equal(new Set(inChunks).size, overdue.length);
        inChunks.slice(1).forEach((payment, i) => {
          assert.ok(payment.startedAtMs <= (inChunks[i]?.startedAtMs ?? 0));
        });
      }),
      RUNS,
    );
  });

  it('parts none that started within a window of each other, and goes on until it has its fifty', () => {
    fc.assert(
      fc.property(payments, (overdue) => {
        const chunks = chunksOf(overdue);
        chunks.slice(1).forEach((chunk, i) => {
          const before = chunks[i] ?? [];
          assert.ok(before.length >= TOGETHER);
          // The moment that the chunk before ends with is over where this one begins.
          const newest = chunk[0]?.startedAtMs ?? 0;
          const last = momentOf(overdue, before.at(-1)?.startedAtMs ?? 0);
          assert.ok(last - newest > WINDOW);
        });
        for (const chunk of chunks) {
          // Without what came last it had not its fifty yet.
          const last = momentOf(overdue, chunk.at(-1)?.startedAtMs ?? 0);
          assert.ok(chunk.filter(({ startedAtMs }) => startedAtMs > last).length < TOGETHER);
        }
      }),
      RUNS,
    );
  });

  it('has no chunk that takes more lists than an activity has time for', () => {
    fc.assert(
      fc.property(payments, (overdue) => {
        for (const chunk of chunksOf(overdue)) {
          const lists = windowsOf(chunk).map((window) => mostPages(window.payments.length));
          assert.ok(lists.reduce((sum, many) => sum + many, 0) <= 2 * (TOGETHER - 1) + 100);
        }
      }),
      RUNS,
    );
  });

  it('keeps three hundred of one second together, and what came long before them, where there is room', () => {
    const at = (count: number, fromMs: number, apartMs = 0) =>
      Array.from({ length: count }, (_, nth) => ({ startedAtMs: fromMs - nth * apartMs }));
    const sizes = (...some: { startedAtMs: number }[][]) => chunksOf(some.flat()).map(({ length }) => length);
    assert.deepEqual(sizes(at(300, T0), at(40, T0 + HOUR, MINUTE)), [340]);
    assert.deepEqual(sizes(at(75, T0), at(25, T0 - HOUR), at(50, T0 - 2 * HOUR)), [75, 75]);
    assert.deepEqual(sizes(at(120, T0, 2 * SECOND)), [66, 54]);
    assert.deepEqual(sizes(at(120, T0, 2 * MINUTE)), [50, 50, 20]);
  });
});

/** When the moment began, seen from the newest, in which a payment of this start is. */
function momentOf(payments: readonly { startedAtMs: number }[], startedAtMs: number): number {
  const starts = payments.map((payment) => payment.startedAtMs).sort((a, b) => b - a);
  let newest = starts[0] ?? 0;
  for (const start of starts) {
    if (newest - start > WINDOW) newest = start;
    if (start === startedAtMs) break;
  }
  return newest;
}

describe('windowsOf', () => {
  const payments = someStarted(40, 60);

  it('has every payment in exactly one window, which holds the time its intent should be from', () => {
    fc.assert(
      fc.property(payments, (overdue) => {
        const windows = windowsOf(overdue);
        const inWindows = windows.flatMap((w) => w.payments);
        assert.equal(inWindows.length, overdue.length);
        assert.equal(new Set(inWindows).size, new Set(overdue).size);
        for (const { fromMs, toMs, payments } of windows) {
          for (const { startedAtMs } of payments) {
            assert.ok(fromMs <= startedAtMs - 5 * SECOND && startedAtMs + MINUTE <= toMs);
          }
        }
      }),
      RUNS,
    );
  });

  it('has windows that do not overlap, newest first, and no wider than their payments need', () => {
    fc.assert(
      fc.property(payments, (overdue) => {
        const windows = windowsOf(overdue);
        windows.forEach((window, i) => {
          const newer = windows[i - 1];
          if (newer !== undefined) assert.ok(window.toMs < newer.fromMs);
          const starts = window.payments.map((p) => p.startedAtMs);
          assert.equal(window.fromMs, Math.min(...starts) - 5 * SECOND);
          assert.equal(window.toMs, Math.max(...starts) + MINUTE);
          // No stretch inside is longer than a window alone: else it would be read for nothing.
          const sorted = [...starts].sort((a, b) => a - b);
          sorted.slice(1).forEach((start, j) => {
            assert.ok(start - (sorted[j] ?? 0) <= WINDOW);
          });
        });
      }),
      RUNS,
    );
  });

  it('leaves its input in the order it had, and makes no window of nothing', () => {
    const overdue = Object.freeze([{ startedAtMs: T0 }, { startedAtMs: T0 + HOUR }]);
    assert.equal(windowsOf(overdue).length, 2);
    assert.deepEqual(windowsOf([]), []);
  });

  it('reads one window for neighbours and two for payments far apart', () => {
    const at = (...seconds: number[]) => seconds.map((s) => ({ startedAtMs: T0 + s * SECOND }));
    assert.equal(windowsOf(at(0, 65)).length, 1);
    assert.equal(windowsOf(at(0, 66)).length, 2);
  });
});
