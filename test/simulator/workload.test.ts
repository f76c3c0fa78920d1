import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import { type RunOptions, runWorkload } from '../../src/simulator/workload/run.js';

const FIXED_SEED = 20_260_106;
/** Another one each time; it stands in the test's name, so that what it finds can be replayed. */
const RANDOM_SEED = randomInt(2 ** 32);

/** Runs it, and whatever does not add up is said with the way to see it again. */
async function runs(options: RunOptions) {
  const result = await runWorkload(options);
  const replay = `npm run simulator -- replay ${options.seed} --operations ${options.operations}`;
  assert.deepEqual(result.violations, [], replay);
  return result;
}

describe('random operations with faults on the simulator', () => {
  for (const [what, seed] of [
    ['a fixed seed', FIXED_SEED],
    ['any seed', RANDOM_SEED],
  ] as const) {
    it(`leave books that add up, after 10,000 of them (${what}: ${seed})`, async () => {
      const { counts } = await runs({ seed, operations: 10_000, auditEvery: 1_000 });
      // What nobody did nobody was tried by.
      for (const [kind, least] of [
        ['create an intent', 300],
        ['capture', 30],
        ['refund', 50],
        ['give evidence', 10],
        ['pay out', 3],
        ['repeat', 50],
      ] as const) {
        assert.ok((counts[kind]?.['200'] ?? 0) >= least, `${kind} succeeded ${counts[kind]?.['200']} times`);
      }
      for (const outcome of ['lost', 'unreadable', '500', '429', '402', '409']) {
        assert.ok((counts['create an intent']?.[outcome] ?? 0) > 0, `creations ended in ${outcome}`);
      }
    });
  }

  it('have the same answers and the same end with the same seed, and others with another', async () => {
    const run = (seed: number) => runs({ seed, operations: 1_000 });
    const [first, again, other] = [await run(FIXED_SEED), await run(FIXED_SEED), await run(FIXED_SEED + 1)];
    assert.equal(again.digest, first.digest);
    assert.deepEqual(again.counts, first.counts);
    assert.notEqual(other.digest, first.digest);
  });

  it('leave books that add up where the oldest payments are forgotten', async () => {
    await runs({ seed: FIXED_SEED, operations: 8_000, auditEvery: 500, history: 10 });
  });
});
