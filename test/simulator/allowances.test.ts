import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RollingCount, UpdateCounts } from '../../src/simulator/limits/allowances.js';
import { Limiter } from '../../src/simulator/limits/limiter.js';
import { limitsSchema } from '../../src/simulator/limits/schema.js';
import { Counts } from '../../src/simulator/requests/counts.js';
import { SEED } from '../support/any-fact.js';
import { HOUR, MINUTE, T0 } from '../support/facts.js';

const MONTH = 30 * 24 * HOUR;
const RUNS = { seed: SEED, numRuns: 300 };

/** Times in order, with gaps as long as `longest`. */
const anyTimes = (longest: number) =>
  fc.array(fc.oneof(fc.constant(0), fc.nat(longest)), { maxLength: 100 }).map((gaps) => {
    let at = T0;
    return gaps.map((gap) => {
      at += gap;
      return at;
    });
  });

describe('an allowance', () => {
  it('of 30 days forgets nothing within them, and nothing is counted an hour longer', () => {
    fc.assert(
      fc.property(anyTimes(MONTH / 10), fc.nat(MONTH), (times, later) => {
        const count = new RollingCount();
        for (const at of times) count.add(at);
        const now = (times.at(-1) ?? T0) + later;
        const within = (span: number) => times.filter((at) => at > now - span).length;
        const counted = count.count(now);
        assert.ok(counted >= within(MONTH) && counted <= within(MONTH + HOUR));
      }),
      RUNS,
    );
  });

  it('of an hour is each intent’s own, and exact', () => {
    const intents = ['pi_1', 'pi_2', 'pi_3'];
    fc.assert(
      fc.property(anyTimes(20 * MINUTE), fc.nat(2 * HOUR), (times, later) => {
        const counts = new UpdateCounts();
        const ofWhich = (nth: number) => intents[nth % intents.length] as string;
        for (const [nth, at] of times.entries()) counts.add(ofWhich(nth), at);
        const now = (times.at(-1) ?? T0) + later;
        for (const intent of intents) {
          const within = times.filter((at, nth) => ofWhich(nth) === intent && at > now - HOUR).length;
          assert.equal(counts.count(intent, now), within);
        }
      }),
      RUNS,
    );
  });

  it('of reads takes neither writes nor the reporting API into account', () => {
    const limiter = new Limiter();
    const counts = new Counts();
    limiter.set(undefined, limitsSchema.parse({ reads: { floor: 1, per_transaction: 0 } }).limits);
    const send = (method: string, endpoint: string) => {
      const arrival = { account: 'acct_one', endpoint, method, id: '', atMs: T0, nowMs: T0 };
      const refusal = limiter.refusal(arrival, counts.traffic('acct_one', endpoint));
      if (refusal === undefined) limiter.admitted(arrival);
      return refusal;
    };
    const free = ['reporting.report_runs.list', 'reporting.report_types.retrieve'];
    for (let i = 0; i < 3; i += 1) {
      assert.equal(send('POST', 'payment_intents.create'), undefined);
      for (const endpoint of free) assert.equal(send('GET', endpoint), undefined);
    }
    assert.deepEqual([send('GET', 'charges.list'), send('GET', 'charges.list')], [undefined, 'resource-specific']);
    for (const endpoint of free) assert.equal(send('GET', endpoint), undefined);
  });
});
