import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { after, before, describe, it } from 'node:test';
import { openStore, type Store } from '../../src/store/store.js';
import { createLogger } from '../../src/telemetry/logger.js';

/** Created or asked in this thread, PGlite would hold it for seconds; what is allowed is what a busy machine may add. */
const LONGEST_DELAY_MS = 200;

describe('the payment path beside PGlite', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'penstock-loop-'));
  let store: Store;
  before(() => {
    store = openStore({
      config: { databaseUrl: undefined, dataDir },
      logger: createLogger('silent', 'test'),
      mayEmbed: true,
    });
  });
  after(async () => {
    await store.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /**
   * The longest time for which this thread did nothing else meanwhile, and how long it all took, ms. What counts is for how long
   * the loop was at work from one look to the next: a look that comes late says as little as that the machine did something else.
   */
  async function delayDuring(work: () => Promise<unknown>): Promise<{ longestMs: number; tookMs: number }> {
    let longestMs = 0;
    let last = performance.eventLoopUtilization();
    const look = () => {
      const now = performance.eventLoopUtilization();
      longestMs = Math.max(longestMs, performance.eventLoopUtilization(now, last).active);
      last = now;
    };
    const looking = setInterval(look, 5);
    const startedAt = performance.now();
    await work();
    look();
    clearInterval(looking);
    return { longestMs, tookMs: performance.now() - startedAt };
  }

  it('is not held up while the files of the store are created', async () => {
    const { longestMs, tookMs } = await delayDuring(() => store.database.query('select 1'));
    assert.ok(tookMs > 2 * LONGEST_DELAY_MS, `it took ${tookMs} ms: too little to show anything`);
    assert.ok(longestMs < LONGEST_DELAY_MS, `${longestMs} ms`);
  });

  it('is not held up by a large aggregate', async () => {
    const sum = 'select sum(n % 7) from generate_series(1, 3000000) as n';
    const { longestMs, tookMs } = await delayDuring(() => store.database.query(sum));
    assert.ok(tookMs > 2 * LONGEST_DELAY_MS, `it took ${tookMs} ms: too little to show anything`);
    assert.ok(longestMs < LONGEST_DELAY_MS, `${longestMs} ms`);
  });
});
