import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seeded } from '../../../src/simulator/random.js';
import { Governor } from '../../../src/stripe/governor/governor.js';
import { VirtualTime } from '../../support/virtual-time.js';

const SEED = 20261123;
const PER_SECOND = 100;
const PACE_MS = 10;
const CHECKOUT = 1;
const RENEWAL = 3;

interface Scene {
  readonly time: VirtualTime;
  readonly setTimer: VirtualTime['setTimer'];
  readonly governor: Governor;
  readonly answerMs: () => number;
}

function scene(
  answerMs: () => number,
  onceAwake: (atMs: number) => number = (atMs) => atMs,
  perSecond = PER_SECOND,
): Scene {
  const time = new VirtualTime();
  const setTimer = (run: () => void, ms: number) => time.setTimer(run, onceAwake(time.now() + ms) - time.now());
  const governor = new Governor({ arrivesWithinMs: 1_000, backgroundFloor: 0.1 }, { now: time.now, setTimer });
  governor.hold({ all: perSecond, each: perSecond, concurrent: 1_000 }, Number.POSITIVE_INFINITY, 1);
  return { time, setTimer, governor, answerMs };
}

/** One call, from its asking to its answer. @returns how long it waited, ms. */
async function call({ governor, setTimer, answerMs }: Scene, merchant: string, priority: number): Promise<number> {
  const permit = await governor.admit({ endpoint: 'payment_intents.create', priority, merchant, waitMs: 1e9 });
  permit.written();
  await new Promise<void>((resolve) => void setTimer(resolve, answerMs()));
  permit.ended('passed');
  return permit.waitedMs;
}

interface Backlog {
  readonly merchant: string;
  readonly priority: number;
}

/** Keeps so many calls waiting, each followed by another. @returns how many were answered so far. */
function load(on: Scene, many: number, { merchant, priority }: Backlog): () => number {
  let answered = 0;
  const endless = async () => {
    for (;;) {
      await call(on, merchant, priority);
      answered += 1;
    }
  };
  for (let nth = 0; nth < many; nth += 1) void endless();
  return () => answered;
}

/** Pauses as between what happens by chance. */
const exponentials = (random: () => number) => (mean: number) => -Math.log(1 - random()) * mean;

/** Times of a worker's standing still: one a second, by chance, of `meanMs` by chance. */
function standstills(random: () => number, meanMs: number, forMs: number) {
  const exponential = exponentials(random);
  const times: { readonly from: number; readonly to: number }[] = [];
  for (let from = exponential(1_000); from < forMs; ) {
    const to = from + exponential(meanMs);
    times.push({ from, to });
    from = to + exponential(1_000);
  }
  return (atMs: number) => times.find(({ from, to }) => from <= atMs && atMs < to)?.to ?? atMs;
}

/** Two minutes of a backlog, beside somebody who comes ten times a second, by chance. */
async function besideBacklog(backlog: Backlog, stillMs: number) {
  const FOR_MS = 120_000;
  const random = seeded(SEED);
  const exponential = exponentials(random);
  const on = scene(() => 5 + random() * 10, standstills(random, stillMs, FOR_MS));
  const waits: number[] = [];
  const answered = load(on, 40, backlog);
  for (let atMs = exponential(100); atMs < FOR_MS; atMs += exponential(100)) {
    on.setTimer(async () => void waits.push(await call(on, 'small', CHECKOUT)), atMs);
  }
  await on.time.run(FOR_MS);
  waits.sort((a, b) => a - b);
  const at = (part: number) => waits[Math.floor(part * waits.length)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), used: (answered() + waits.length) / ((FOR_MS / 1_000) * PER_SECOND) };
}

describe('a full limit', () => {
  it('has room for checkout within a pace and a half, however what is beside it came', async () => {
    await fc.assert(
      fc.asyncProperty(
        // Background comes in crowds and pauses, so that what counts now is left in crowds, and with gaps, a second later.
        fc.array(fc.record({ afterMs: fc.nat(300), many: fc.integer({ min: 1, max: 40 }) }), {
          minLength: 30,
          maxLength: 60,
        }),
        fc.array(fc.integer({ min: 1.5 * PACE_MS, max: 200 }), { minLength: 50, maxLength: 100 }),
        fc.integer({ min: 1, max: 400 }),
        async (crowds, pauses, answerMs) => {
          const on = scene(() => answerMs);
          const waits: number[] = [];
          let atMs = 0;
          for (const { afterMs, many } of crowds) {
            atMs += afterMs;
            on.time.setTimer(() => {
              for (let nth = 0; nth < many; nth += 1) void call(on, 'large', RENEWAL);
            }, atMs);
          }
          atMs = 0;
          for (const pauseMs of pauses) {
            atMs += pauseMs;
            on.time.setTimer(async () => void waits.push(await call(on, 'small', CHECKOUT)), atMs);
          }
          await on.time.run(1e6);
          assert.equal(waits.length, pauses.length);
          // And a pace, which may be another's just now; timers are of whole ms.
          assert.ok(Math.max(...waits) <= 2.5 * PACE_MS + 1, `${Math.max(...waits)} ms`);
        },
      ),
      { seed: SEED, numRuns: 100 },
    );
  });

  it('spares nothing of an even stream, however long its answers take', async () => {
    for (const [perSecond, answerMs] of [
      [2, 2_000],
      [5, 2_000],
      [50, 2_000],
      [50, 600],
    ] as const) {
      const FOR_MS = 120_000;
      const answered = async (others: boolean) => {
        const on = scene(() => answerMs, undefined, perSecond);
        const ofBacklog = load(on, 4 * perSecond, { merchant: 'large', priority: RENEWAL });
        let ofCheckout = 0;
        for (let atMs = 1; others && atMs < FOR_MS; atMs += 30_000) {
          on.setTimer(async () => {
            await call(on, 'small', CHECKOUT);
            ofCheckout += 1;
          }, atMs);
        }
        await on.time.run(FOR_MS);
        return ofBacklog() + ofCheckout;
      };
      const [alone, beside] = [await answered(false), await answered(true)];
      assert.ok(beside >= 0.99 * alone, `${perSecond}/s, answers of ${answerMs} ms: ${beside} and not ${alone}`);
    }
  });

  it('wakes for whoever may go, at the time at which it may', async () => {
    const call = fc.record({
      afterMs: fc.nat(120),
      priority: fc.constantFrom(1, 1, 2, 3, 3, 3),
      merchant: fc.constantFrom('a', 'b', 'c'),
      many: fc.integer({ min: 1, max: 12 }),
      // Not a whole number of ms, as those are for which the governor sleeps.
      waitMs: fc.constantFrom(50.25, 400.25, 3_000.25, 60_000.25),
      answerMs: fc.integer({ min: 1, max: 1_500 }),
      end: fc.constantFrom('passed', 'passed', 'passed', 'passed', 'unknown', 'global-rate'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { minLength: 30, maxLength: 120 }),
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom(0, 20, 1_000),
        async (calls, all, arrivesWithinMs) => {
          const time = new VirtualTime();
          let wakesMs = Number.POSITIVE_INFINITY;
          const setTimer = (run: () => void, ms: number) => {
            if (ms % 1 === 0) wakesMs = time.now() + ms;
            return time.setTimer(run, ms);
          };
          const governor = new Governor({ arrivesWithinMs, backgroundFloor: 0.1 }, { now: time.now, setTimer });
          const hold = () => governor.hold({ all, each: all, concurrent: 1_000 }, 1e9, 1);
          hold();
          let atMs = 0;
          for (const { afterMs, many, answerMs, end, ...turn } of calls) {
            atMs += afterMs;
            for (let nth = 0; nth < many; nth += 1) {
              time.setTimer(() => {
                void governor.admit({ endpoint: 'payment_intents.create', ...turn }).then(
                  (permit) => {
                    permit.written();
                    time.setTimer(() => permit.ended(end as 'passed'), answerMs);
                  },
                  () => undefined,
                );
              }, atMs);
            }
          }
          for (let turnMs = 4_000; turnMs < atMs; turnMs += 4_000)
            time.setTimer(() => governor.tryMore(), turnMs + 0.5);
          const sent = () => Object.values(governor.use().sent).reduce((sum, many) => sum + many, 0);
          // The same lease again has it look who may go.
          for (let lookMs = 0.75; lookMs < atMs + 5_000; lookMs += 37) {
            time.setTimer(() => {
              const [before, due] = [sent(), wakesMs];
              hold();
              if (sent() > before)
                assert.ok(due <= time.now() + 1, `at ${time.now()}, and it would sleep until ${due}`);
            }, lookMs);
          }
          await time.run(atMs + 5_000);
        },
      ),
      // Smaller cases of one that fails take minutes to find.
      { seed: SEED, numRuns: 60, endOnFailure: true },
    );
  });

  for (const [what, backlog, p99Ms] of [
    ['background', { merchant: 'large', priority: RENEWAL }, 45],
    ['a large merchant', { merchant: 'large', priority: CHECKOUT }, 85],
  ] as const) {
    it(`is used by ${what}, and who comes now and then does not wait for what was caught up a second ago`, async () => {
      for (const stillMs of [0, 20, 60]) {
        const { p50, p99, used } = await besideBacklog(backlog, stillMs);
        const said = `still for ${stillMs} ms: ${p50} and ${p99} ms, ${used}`;
        assert.ok(p50 <= PACE_MS && p99 <= p99Ms, said);
        assert.ok(used >= (stillMs < 60 ? 0.985 : 0.965), said);
      }
    });
  }
});
