import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { orPaced } from '../../src/activities/exchange.js';
import { NotSentError } from '../../src/stripe/classify.js';
import { NoBudgetError } from '../../src/stripe/governor/permit.js';
import { MeteredGateway } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

const PARTS = { now: () => 0, random: () => 0.5 };

function paced(work: () => Promise<unknown>): Promise<unknown> {
  return new MockActivityEnvironment({ attempt: 1, scheduledTimestampMs: 0 }).run(() => orPaced(PARTS, work()));
}

async function failureOf(work: () => Promise<unknown>): Promise<unknown> {
  return paced(work).then(
    () => assert.fail('it was answered'),
    (error: unknown) => error,
  );
}

describe('a list that is not answered', () => {
  it('for want of budget comes back when there may be some', async () => {
    const failure = await failureOf(() => Promise.reject(new NotSentError('no_budget', 3_600_000)));
    assert.ok(failure instanceof ApplicationFailure);
    assert.equal(failure.nextRetryDelay, 3_600_000);
    assert.equal(failure.nonRetryable, false);
  });

  it("for a limit of Stripe's comes back at the pace of its cause", async () => {
    const simulated = await Simulated.start({ steadyNow: () => 0 });
    try {
      const { gateway } = new MeteredGateway({ one: simulated.base });
      await simulated.control.limits({ requests_per_second: 1 });
      await gateway.listIntents('one', 0, 1_000).catch(() => undefined);
      const failure = await failureOf(() => gateway.listIntents('one', 0, 1_000));
      assert.ok(failure instanceof ApplicationFailure);
      assert.match(failure.message, /global-rate/);
      assert.ok(Number(failure.nextRetryDelay) >= 750);
    } finally {
      await simulated.stop();
    }
  });

  it('for a fault of our own is left to the retry policy', async () => {
    const fault = new TypeError('a bug');
    assert.equal(await failureOf(() => Promise.reject(fault)), fault);
  });
});

describe('a write that the budget has no room for in time', () => {
  it('was not sent, and says when to come again', async () => {
    const admit = () => Promise.reject(new NoBudgetError(4_000));
    const { gateway, metered } = new MeteredGateway({ one: 'http://127.0.0.1:1' }, { admit });
    const reply = await gateway.retrieveIntent('one', 'pi_1');
    assert.deepEqual(reply, { kind: 'not_sent', why: 'no_budget', againInMs: 4_000 });
    assert.equal(metered.length, 0);
  });
});
