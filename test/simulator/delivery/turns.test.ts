import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { Turns } from '../../../src/simulator/delivery/turns.js';

describe('the attempts at one endpoint', () => {
  let turns: Turns;
  /** Those under way, oldest first, each with what ends it. */
  let underWay: { name: number; end: (answered: boolean | null) => void }[];
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    turns = new Turns();
    underWay = [];
  });
  afterEach(() => {
    turns.stop();
    mock.timers.reset();
  });

  const take = (name: number, dueMs = name) =>
    turns.take(dueMs, () => new Promise((end) => underWay.push({ name, end })));
  const takeMany = (count: number) => {
    for (let name = 0; name < count; name += 1) take(name);
  };
  const names = () => underWay.map(({ name }) => name);
  /** Ends the oldest that is under way, and lets what follows from it begin. */
  async function end(answered: boolean | null): Promise<void> {
    underWay.shift()?.end(answered);
    await new Promise((resolve) => setImmediate(resolve));
  }
  async function endMany(count: number, answered: boolean | null): Promise<void> {
    for (let n = 0; n < count; n += 1) await end(answered);
  }

  it('are 64 at once, and the next begins when one has ended', async () => {
    takeMany(70);
    assert.equal(underWay.length, 64);
    for (const answered of [true, false, null]) {
      await end(answered);
      assert.equal(underWay.length, 64);
    }
    assert.equal(names().at(-1), 66);
  });

  it('begin in the order in which they fall due, and of two together the first that came', async () => {
    takeMany(64);
    for (const [name, dueMs] of [
      [1_000, 500],
      [1_001, 400],
      [1_002, 400],
      [1_003, 300],
    ] as const) {
      take(name, dueMs);
    }
    await endMany(4, true);
    assert.deepEqual(names().slice(-4), [1_003, 1_001, 1_002, 1_000]);
  });

  it('are one at a time, with a pause between, where nobody has answered a hundred of them', async () => {
    takeMany(300);
    await endMany(163, false);
    assert.equal(underWay.length, 1);
    await end(false);
    assert.equal(underWay.length, 0);
    mock.timers.tick(9);
    assert.equal(underWay.length, 0);
    mock.timers.tick(1);
    assert.deepEqual(names(), [164]);
    // It is slow to fail: no second one joins it.
    mock.timers.tick(1_000);
    assert.deepEqual(names(), [164]);
    await end(false);
    assert.deepEqual(names(), [165]);
  });

  it('are as many as ever from the first that is answered', async () => {
    takeMany(400);
    await endMany(163, false);
    await end(true);
    assert.equal(underWay.length, 64);
    await endMany(99, false);
    assert.equal(underWay.length, 64);
  });

  it('are counted neither way where nobody was asked', async () => {
    takeMany(300);
    await endMany(200, null);
    assert.equal(underWay.length, 64);
  });

  it('begin no more once they are stopped', async () => {
    takeMany(70);
    turns.stop();
    await end(true);
    assert.equal(underWay.length, 63);
  });
});
