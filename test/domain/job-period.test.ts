import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complaintsAbout, complaintsAboutEvents, recoverable } from '../../src/domain/job-period.js';
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

describe('a period of events', () => {
  const MINUTE = 60_000;
  const KEPT = 30 * DAY;
  const fields = (fromMs: number | null, toMs: number | null, now = T0) =>
    complaintsAboutEvents({ fromMs, toMs }, now).map(({ field }) => field);

  it('without an end or a beginning is one that Stripe has events of, whenever in the minute it is asked for', () => {
    const minute = Math.floor(T0 / MINUTE) * MINUTE;
    for (const now of [minute, minute + 1, minute + MINUTE - 1]) {
      const toMs = now - MINUTE - 1_000;
      for (const given of [
        { fromMs: null, toMs: null },
        { fromMs: null, toMs },
        { fromMs: now - DAY, toMs: null },
      ]) {
        const period = recoverable(given, now);
        assert.ok(period.fromMs >= now - KEPT && period.fromMs < period.toMs && period.toMs <= now);
        assert.deepEqual(complaintsAboutEvents(given, now), []);
      }
    }
    assert.deepEqual(
      recoverable({ fromMs: null, toMs: null }, minute),
      recoverable({ fromMs: null, toMs: null }, minute + 9),
    );
  });

  it('is refused by a field that was sent', () => {
    assert.deepEqual(fields(null, T0 - KEPT - DAY), ['to'], 'forgotten, all of it');
    assert.deepEqual(fields(null, T0 + DAY), ['to'], 'in the future');
    assert.deepEqual(fields(T0 - KEPT - 1, null), ['from'], 'forgotten, some of it');
    assert.deepEqual(fields(T0 - 500 * DAY, null), ['from'], 'long forgotten');
    assert.deepEqual(fields(Math.floor(T0 / MINUTE) * MINUTE, null), ['from'], 'empty as yet');
    assert.deepEqual(fields(T0 + DAY, null), ['from'], 'still to come');
    assert.deepEqual(fields(T0 - DAY, T0 - 2 * DAY), ['to'], 'inverted');
  });
});
