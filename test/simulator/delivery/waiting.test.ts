import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { Waiting } from '../../../src/simulator/delivery/waiting.js';
import { Store } from '../../../src/simulator/state/store.js';
import { Clock } from '../../../src/simulator/time/clock.js';
import { HOUR, MINUTE, T0 } from '../../support/facts.js';

const DAY = 24 * HOUR;

describe('what waits for a time', () => {
  let clock: Clock;
  let waiting: Waiting;
  /** What was done, and as of when, since T0. */
  let done: [what: string, asOfMs: number][];
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: T0 });
    clock = new Clock(new Store({ folder: undefined }), Date.now);
    waiting = new Waiting(clock);
    done = [];
  });
  afterEach(() => {
    waiting.stop();
    mock.timers.reset();
  });

  const at = (dueMs: number, what: string) => waiting.at(T0 + dueMs, (asOfMs) => done.push([what, asOfMs - T0]));
  const step = (ms: number) => {
    clock.stepForward(ms);
    waiting.catchUp();
  };

  it('is done when it is due, in the order in which it falls due, whenever it was said', () => {
    at(3_000, 'third');
    at(1_000, 'first');
    at(2_000, 'second');
    at(2_000, 'with it');
    mock.timers.tick(999);
    assert.equal(done.length, 0);
    mock.timers.tick(1);
    assert.deepEqual(done, [['first', 1_000]]);
    mock.timers.tick(2_000);
    assert.deepEqual(
      done.map(([what]) => what),
      ['first', 'second', 'with it', 'third'],
    );
  });

  it('is never done within the call that says it, and at once after it where it is overdue', () => {
    at(0, 'now');
    at(-MINUTE, 'overdue');
    assert.equal(done.length, 0);
    mock.timers.tick(1);
    assert.deepEqual(
      done.map(([what]) => what),
      ['overdue', 'now'],
    );
    assert.equal(done[0]?.[1], -MINUTE, 'as of when it was due');
  });

  it('is done by the step that passes it, as of when it was due, and what follows from it once it is said', () => {
    waiting.at(T0 + HOUR, (asOfMs) => {
      done.push(['first', asOfMs - T0]);
      waiting.at(asOfMs + HOUR, (next) => done.push(['next', next - T0]));
    });
    at(3 * HOUR, 'not yet');
    step(2 * HOUR + MINUTE);
    assert.deepEqual(done, [['first', HOUR]]);
    mock.timers.tick(1);
    assert.deepEqual(done, [
      ['first', HOUR],
      ['next', 2 * HOUR],
    ]);
  });

  it('is not done while the clock stands still, save what is due already, and goes on when it runs', () => {
    at(HOUR, 'later');
    clock.freeze();
    waiting.catchUp();
    mock.timers.tick(DAY);
    assert.equal(done.length, 0);
    at(0, 'due');
    mock.timers.tick(1);
    assert.deepEqual(done, [['due', 0]]);
    clock.run();
    waiting.catchUp();
    mock.timers.tick(HOUR - 1);
    assert.equal(done.length, 1);
    mock.timers.tick(1);
    assert.equal(done.length, 2);
  });

  it('is done no sooner where it lies further off than a timer goes', () => {
    at(60 * DAY, 'in two months');
    // Both times that a timer has come to its end.
    for (const days of [24.9, 24.9]) mock.timers.tick(days * DAY);
    assert.equal(done.length, 0);
    mock.timers.tick(10.2 * DAY);
    assert.equal(done.length, 1);
  });

  it('is done where real time stands still too, after as much of it as was to pass', () => {
    mock.timers.reset();
    mock.timers.enable({ apis: ['setTimeout'] });
    const still = new Waiting(new Clock(new Store({ folder: undefined }), () => T0));
    still.at(T0 + 20, (asOfMs) => done.push(['due', asOfMs - T0]));
    mock.timers.tick(20);
    assert.deepEqual(done, [['due', 20]]);
    still.stop();
  });

  it('is forgotten once it is stopped', () => {
    at(1_000, 'before');
    waiting.stop();
    at(1_000, 'after');
    mock.timers.tick(DAY);
    assert.equal(done.length, 0);
  });
});
