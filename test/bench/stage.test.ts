import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { weather } from '../../bench/rows/storm.js';

/** Far too few to say anything: this is whether the bench and its plain sample still work. */
const PAYMENTS = 8;

describe('a storm of the bench', () => {
  for (const system of ['plain', 'plain, own keys', 'penstock'] as const) {
    it(`is lived through by ${system}, and every payment is counted`, async () => {
      const outcome = await weather(system, { payments: PAYMENTS, killed: false }, 1);
      assert.equal(outcome.payments, PAYMENTS);
      assert.equal(outcome.lost, 0);
      assert.equal(outcome.succeededUncharged, 0);
      assert.ok(
        (outcome.stripeCalls ?? 0) >= (system === 'penstock' ? 1 : 2),
        `${outcome.stripeCalls} calls for each payment`,
      );
      if (system === 'penstock') assert.equal(outcome.chargedTwice + outcome.chargedButFailed, 0);
    });
  }
});
