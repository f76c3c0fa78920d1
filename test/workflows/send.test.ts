import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ActivityFailure, ApplicationFailure, CancelledFailure, RetryState } from '@temporalio/common';
import { unsent } from '../../src/domain/sending.js';
import { mustHaveBegun, type SendTerms, sendOnce } from '../../src/workflows/send.js';
import { settled, T0, TERMS } from '../support/facts.js';

const SEND_TERMS: SendTerms = {
  account: 'default',
  livemode: false,
  acceptedAtMs: T0,
  notAfterMs: TERMS.expiresAtMs,
  timing: TERMS.timing,
};

describe('a send that nothing takes back', () => {
  it('and that was taken back all the same ends the run, and is no workflow task repeated for ever', async () => {
    const cause = new CancelledFailure('taken back');
    const takenBack = new ActivityFailure(
      'canceled',
      'createRefund',
      '1',
      RetryState.CANCEL_REQUESTED,
      'worker',
      cause,
    );
    const result = await sendOnce(unsent('key'), SEND_TERMS, () => Promise.reject(takenBack));
    assert.equal(result, 'never_begun');
    // Of all that a workflow can throw, only a Temporal failure ends it.
    assert.throws(
      () => mustHaveBegun(result, 'a refund'),
      (error) => error instanceof ApplicationFailure && error.nonRetryable === true && /a refund/.test(error.message),
    );
  });

  it('is answered as it was', async () => {
    const outcome = settled('succeeded');
    const result = await sendOnce(unsent('key'), SEND_TERMS, () => Promise.resolve({ outcome, againInMs: 0 }));
    assert.equal(mustHaveBegun(result, 'a capture'), result);
  });
});
