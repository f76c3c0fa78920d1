import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { followDelayMs, ownerBy, ownerById } from '../../src/domain/following.js';
import { SEED } from '../support/any-fact.js';
import { HOUR, intent, MINUTE } from '../support/facts.js';

const PAYMENT = { kind: 'payment', paymentId: 'pay.acme.order-1', merchant: 'acme' } as const;
const FOREIGN = { kind: 'foreign' } as const;
const labelled = (deployment: string, workflowId: string) =>
  intent('succeeded', { labels: { deployment, workflowId, attempt: 1 } });

describe('whose a refund or a dispute is', () => {
  it('is the payment’s whose labels its intent carries', () => {
    assert.deepEqual(ownerBy(labelled('d1', 'pay.acme.order-1'), 'd1'), PAYMENT);
    assert.deepEqual(ownerById('pay.acme.order-1'), PAYMENT);
  });

  it('is nobody’s here without an intent, without labels, with another deployment’s, or with no payment’s', () => {
    for (const shown of [
      null,
      intent('succeeded', { labels: null }),
      labelled('d2', 'pay.acme.order-1'),
      labelled('d1', 'refund.acme.order-1.r'),
      labelled('d1', 'pay.acme'),
    ]) {
      assert.deepEqual(ownerBy(shown, 'd1'), FOREIGN);
    }
  });
});

describe('how long an event is waited for', () => {
  it('is a quarter of the age, at least until an event counts as overdue and at most a day', () => {
    assert.equal(followDelayMs(0, 2 * MINUTE), 2 * MINUTE);
    assert.equal(followDelayMs(8 * HOUR, 2 * MINUTE), 2 * HOUR);
    assert.equal(followDelayMs(1_000 * HOUR, 2 * MINUTE), 24 * HOUR);
    // A clock that was set back must not make it ask at once, over and over.
    assert.equal(followDelayMs(-HOUR, 2 * MINUTE), 2 * MINUTE);
  });

  it('costs some dozens of reads over the months a dispute can take', () => {
    fc.assert(
      fc.property(fc.integer({ min: 30_000, max: HOUR }), (overdueMs) => {
        let reads = 0;
        for (let ageMs = 0; ageMs < 90 * 24 * HOUR; reads += 1) ageMs += followDelayMs(ageMs, overdueMs);
        assert.ok(reads > 80 && reads < 150, `${reads} reads`);
      }),
      { seed: SEED, numRuns: 100 },
    );
  });
});
