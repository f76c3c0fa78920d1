import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ActivityFailure, ApplicationFailure, RetryState, TimeoutFailure, TimeoutType } from '@temporalio/common';
import { callsTold } from '../../src/workflows/calls-told.js';

const ended = (state: RetryState, cause?: Error) =>
  new ActivityFailure('failed', 'recoverWebhooks', '1', state, 'worker', cause);
const notSettled = (...details: unknown[]) => ApplicationFailure.create({ message: 'not settled: lost', details });

describe('the calls of an activity that failed', () => {
  it('are those that its last try told of', () => {
    assert.equal(callsTold(ended(RetryState.MAXIMUM_ATTEMPTS_REACHED, notSettled(3))), 3);
  });

  it('and are known too where its time was up before the next try', () => {
    const late = new TimeoutFailure('no time for another', undefined, TimeoutType.SCHEDULE_TO_CLOSE);
    assert.equal(callsTold(ended(RetryState.TIMEOUT, late)), undefined);
    // As the server says it of one that was waiting after a try that failed.
    Object.assign(late, { cause: notSettled(2) });
    assert.equal(callsTold(ended(RetryState.TIMEOUT, late)), 2);
  });

  it('are unknown of one that told of none', () => {
    assert.equal(callsTold(ended(RetryState.MAXIMUM_ATTEMPTS_REACHED, notSettled())), undefined);
    assert.equal(callsTold(new TypeError('a bug')), undefined);
  });
});
