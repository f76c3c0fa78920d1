import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import fc from 'fast-check';
import { Gatherer, TooManyAskError } from '../../src/api/gatherer.js';

const LIMITS = { perSecond: 5, burst: 3, most: 50, longestWaitMs: 60_000 };

/** A gatherer on a clock that is stepped by hand, and what it called. */
function gathererThat(
  answer: (key: string) => string | Promise<string> = (key) => `${key}!`,
  limits: typeof LIMITS = LIMITS,
) {
  const calls: { readonly atMs: number; readonly keys: readonly string[] }[] = [];
  const gatherer = new Gatherer<string, string>(
    async (keys) => {
      calls.push({ atMs: Date.now(), keys });
      return answer;
    },
    limits,
    Date.now,
  );
  return { gatherer, calls };
}

async function onStoppedClock(test: () => Promise<void>): Promise<void> {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 0 });
  try {
    await test();
  } finally {
    mock.timers.reset();
  }
}

describe('asking for many at once', () => {
  it('shares one call between those who ask in the same moment, and gives each its own answer', () =>
    onStoppedClock(async () => {
      const { gatherer, calls } = gathererThat();
      const asked = ['a', 'b', 'a'].map((key) => gatherer.get(key));
      mock.timers.tick(1);
      assert.deepEqual(await Promise.all(asked), ['a!', 'b!', 'a!']);
      assert.deepEqual(calls, [{ atMs: 1, keys: ['a', 'b'] }]);
    }));

  it('asks anew for who comes later: nothing is remembered', () =>
    onStoppedClock(async () => {
      const { gatherer, calls } = gathererThat();
      for (let nth = 0; nth < 2; nth += 1) {
        const asked = gatherer.get('a');
        mock.timers.tick(1);
        await asked;
      }
      assert.equal(calls.length, 2);
    }));

  it('asks for no more in one call than it may', () =>
    onStoppedClock(async () => {
      const { gatherer, calls } = gathererThat(undefined, { ...LIMITS, most: 2 });
      const asked = ['a', 'b', 'c'].map((key) => gatherer.get(key));
      mock.timers.tick(10);
      await Promise.all(asked);
      assert.deepEqual(
        calls.map(({ keys }) => keys),
        [['a', 'b'], ['c']],
      );
    }));

  it('turns away at once who would wait too long, and nobody before', () =>
    onStoppedClock(async () => {
      const { gatherer, calls } = gathererThat(undefined, { perSecond: 5, burst: 1, most: 2, longestWaitMs: 400 });
      // Of two in a call, the third call begins at 400 ms.
      const asked = Array.from({ length: 6 }, (_, nth) => gatherer.get(`k${nth}`));
      await assert.rejects(gatherer.get('k6'), TooManyAskError);
      for (let step = 0; step < 50; step += 1) mock.timers.tick(10);
      assert.equal((await Promise.all(asked)).length, 6);
      assert.ok((calls.at(-1)?.atMs ?? 0) <= 410, `the last call at ${calls.at(-1)?.atMs}`);
      const later = gatherer.get('k6');
      mock.timers.tick(200);
      assert.equal(await later, 'k6!');
    }));

  it('fails whom the call or the answer fails, and nobody else', () =>
    onStoppedClock(async () => {
      const { gatherer } = gathererThat((key) => (key === 'bad' ? Promise.reject(new Error('lost')) : key));
      const [good, bad] = [gatherer.get('good'), gatherer.get('bad')];
      mock.timers.tick(1);
      await assert.rejects(bad, /lost/);
      assert.equal(await good, 'good');

      const down = new Gatherer<string, string>(() => Promise.reject(new Error('down')), LIMITS, Date.now);
      const asked = down.get('a');
      mock.timers.tick(1);
      await assert.rejects(asked, /down/);
    }));

  it('stays within its rate however it is asked, and leaves nobody out', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat(400), { minLength: 1, maxLength: 60 }), async (pausesMs) =>
        onStoppedClock(async () => {
          const { gatherer, calls } = gathererThat();
          const asked: Promise<string>[] = [];
          for (const [nth, pauseMs] of pausesMs.entries()) {
            asked.push(gatherer.get(`k${nth}`));
            mock.timers.tick(pauseMs);
          }
          for (let step = 0; step < 100; step += 1) mock.timers.tick(100);
          await Promise.all(asked);
          for (const [nth, { atMs }] of calls.entries()) {
            const earlier = calls[nth - LIMITS.burst];
            if (earlier === undefined) continue;
            assert.ok(atMs - earlier.atMs >= 1000 / LIMITS.perSecond, `the calls at ${earlier.atMs} and ${atMs} ms`);
          }
          for (const [nth, { atMs }] of calls.entries()) {
            const within = calls.slice(0, nth + 1).filter((call) => call.atMs > atMs - 1000).length;
            assert.ok(within <= LIMITS.perSecond + LIMITS.burst, `${within} calls within a second`);
          }
        }),
      ),
    ));
});
