import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { Turns } from '../../../src/simulator/delivery/turns.js';

describe('the attempts at one endpoint', () => {
  let turns: Turns<number>;
  /** Those under way, oldest first, each with what ends it. */
  let underWay: { name: number; end: (answered: boolean | null) => void }[];
  /** Those for which another spoke, a list each time. */
  let spokenFor: number[][];
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    turns = new Turns({
      ask: (name) => new Promise((end) => underWay.push({ name, end })),
      unanswered: (all) => spokenFor.push([...all]),
    });
    [underWay, spokenFor] = [[], []];
  });
  afterEach(() => {
    turns.stop();
    mock.timers.reset();
  });

  const take = (name: number, dueMs = name) => turns.take(dueMs, name);
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

  it('have one speak for all that are due, with a pause between, where nobody has answered a hundred of them', async () => {
    takeMany(300);
    await endMany(99, false);
    assert.deepEqual([underWay.length, spokenFor], [64, []]);
    await end(false);
    assert.deepEqual([underWay.length, spokenFor.length], [63, 1]);
    assert.deepEqual([spokenFor[0]?.[0], spokenFor[0]?.length], [163, 137]);
    await endMany(63, false);
    take(400);
    take(401);
    assert.equal(underWay.length, 0);
    mock.timers.tick(9);
    assert.equal(underWay.length, 0);
    mock.timers.tick(1);
    assert.deepEqual(names(), [400]);
    // It is slow to fail: no second one joins it.
    take(402);
    mock.timers.tick(1_000);
    assert.deepEqual(names(), [400]);
    await end(false);
    assert.deepEqual(spokenFor.slice(1), [[401, 402]]);
  });

  it('go on at once past those that are not to be made any more, where nobody is there', async () => {
    takeMany(163);
    await endMany(163, false);
    mock.timers.tick(10);
    for (let name = 500; name < 600; name += 1) take(name);
    await endMany(99, null);
    assert.deepEqual(names(), [599]);
  });

  it('are as many as ever from the first that is answered', async () => {
    takeMany(163);
    await endMany(163, false);
    mock.timers.tick(10);
    takeMany(300);
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
