import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Outcome } from '../../src/domain/outcome.js';
import { answered, begun, mayRepeat, type Sending, unsent } from '../../src/domain/sending.js';
import { anyOutcome, SEED } from '../support/any-fact.js';
import {
  HOUR,
  KEPT_REFUSAL,
  LOST,
  NOT_EXECUTED,
  REJECTED,
  SERVER_ERROR,
  STORED_SERVER_ERROR,
  settled,
  T0,
} from '../support/facts.js';

const LIFE = 20 * HOUR;
const send = (operation: Sending, outcome: Outcome, atMs = T0, times = {}) =>
  answered(begun(operation, atMs), { outcome, deadlineMs: atMs, againAtMs: atMs, ...times });
const fresh = () => unsent('some key');

describe('an operation', () => {
  it('of which nothing was sent has nothing to hide', () => {
    const { key, birthMs, sends, sending, mayHaveArrived, rejected } = fresh();
    assert.deepEqual(
      [key, birthMs, sends, sending, mayHaveArrived, rejected],
      ['some key', null, 0, false, false, null],
    );
  });

  it('may have arrived once an answer stays out or shows something, and not by a refusal', () => {
    for (const outcome of [LOST, SERVER_ERROR, STORED_SERVER_ERROR, settled('processing')]) {
      assert.equal(send(fresh(), outcome).mayHaveArrived, true, outcome.kind);
    }
    for (const outcome of [NOT_EXECUTED, REJECTED, KEPT_REFUSAL]) {
      assert.equal(send(fresh(), outcome).mayHaveArrived, false, outcome.kind);
    }
  });

  it('has its key born with the first send that may have arrived, and never again', () => {
    const refused = send(fresh(), NOT_EXECUTED, T0);
    const lost = send(refused, LOST, T0 + HOUR);
    assert.equal(lost.birthMs, T0 + HOUR);
    assert.equal(send(send(lost, NOT_EXECUTED, T0 + 2 * HOUR), LOST, T0 + 3 * HOUR).birthMs, T0 + HOUR);
    assert.equal(lost.sends, 2);
  });

  it('is refused for good by the only send’s answer, or by one that is kept under its key', () => {
    assert.equal(send(fresh(), REJECTED).rejected?.code, 'resource_missing');
    assert.equal(send(send(fresh(), LOST), REJECTED).rejected, null);
    assert.equal(send(send(fresh(), LOST), KEPT_REFUSAL).rejected?.kind, 'declined');
  });

  it('is repeated while its key lives and a repeat can tell', () => {
    const lost = send(fresh(), LOST);
    assert.deepEqual([mayRepeat(lost, LIFE, T0 + LIFE - 1), mayRepeat(lost, LIFE, T0 + LIFE)], [true, false]);
    assert.equal(mayRepeat(send(fresh(), STORED_SERVER_ERROR), LIFE, T0), false);
    assert.equal(mayRepeat(fresh(), LIFE, T0 + 1_000 * HOUR), true, 'a key that was never used is not old');
  });

  it('forgets nothing, whatever answers come and however late', () => {
    const anyTime = fc.integer({ min: T0, max: T0 + 30 * HOUR });
    const anySend = fc.record({ outcome: anyOutcome, bornMs: anyTime, deadlineMs: anyTime, againAtMs: anyTime });
    fc.assert(
      fc.property(fc.array(anySend, { maxLength: 12 }), (sends) => {
        let was: Sending = fresh();
        for (const { outcome, bornMs, ...times } of sends) {
          const started = begun(was, bornMs);
          const is = answered(started, { outcome, ...times });
          assert.ok(started.sending && !is.sending && is.sends === was.sends + 1 && is.key === was.key);
          for (const flag of ['mayHaveArrived', 'serverError', 'repeatIsUseless'] as const)
            assert.ok(is[flag] || !was[flag]);
          assert.ok(is.lastDeadlineMs >= was.lastDeadlineMs && is.lastDeadlineMs >= times.deadlineMs);
          assert.ok(is.againAtMs >= was.againAtMs && is.againAtMs >= times.againAtMs);
          if (was.mayHaveArrived) assert.equal(is.birthMs, was.birthMs);
          if (was.mayHaveArrived && was.rejected === null) assert.equal(is.rejected, null);
          was = is;
        }
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });
});
