import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complaintsAbout } from '../../src/domain/job-period.js';
import { HOUR, T0 } from '../support/facts.js';

const DAY = 24 * HOUR;

describe("a job's period", () => {
  const fields = (fromMs: number, toMs: number) => complaintsAbout(fromMs, toMs, T0).map(({ field }) => field);

  it('may end now, and be as short as a second or as long as 400 days', () => {
    assert.deepEqual(fields(T0 - DAY, T0), []);
    assert.deepEqual(fields(T0 - 1_000, T0), []);
    assert.deepEqual(fields(T0 - 400 * DAY, T0), []);
  });

  it('is refused by the field that is wrong', () => {
    assert.deepEqual(fields(T0 - 400 * DAY - 1, T0), ['to'], 'too long');
    assert.deepEqual(fields(T0, T0), ['to'], 'empty');
    assert.deepEqual(fields(T0, T0 - 1), ['to'], 'inverted');
    assert.deepEqual(fields(T0 - DAY, T0 + 1), ['to'], 'in the future');
    assert.deepEqual(fields(T0 + DAY, T0 + 2 * DAY), ['from', 'to'], 'all of it in the future');
    assert.deepEqual(fields(Date.UTC(2011, 0) - 1, Date.UTC(2011, 0)), ['from'], 'before there was a Stripe');
  });
});
