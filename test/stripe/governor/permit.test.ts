import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limitCause } from '../../../src/stripe/governor/permit.js';

describe('the reason of a 429', () => {
  for (const reason of ['global-rate', 'endpoint-rate', 'global-concurrency', 'endpoint-concurrency'] as const) {
    it(`${reason} is that limit of the account`, () => {
      assert.equal(limitCause(reason), reason);
    });
  }

  it('is not there where two calls met on one object: that says nothing of the account (lock_timeout)', () => {
    assert.equal(limitCause(null), 'passed');
  });

  it('resource-specific is one object’s own limit, and says nothing of the account', () => {
    assert.equal(limitCause('resource-specific'), 'passed');
  });

  it('that nobody knows yet is taken for the widest limit', () => {
    for (const reason of ['lunar-phase', '', 'constructor', 'Global-Rate'])
      assert.equal(limitCause(reason), 'global-rate');
  });
});
