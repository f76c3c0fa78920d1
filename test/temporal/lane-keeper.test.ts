import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { pino } from 'pino';
import { LaneKeeper } from '../../src/temporal/lane-keeper.js';

const RATES = { checkout: 90, background: 12.5 };

describe('the keeper of the lanes', () => {
  let nowMs: number;
  let server: Record<string, number | null>;
  let reads: number;
  let writes: number;
  let refuses: boolean;
  let refused: string;
  let writing: Promise<void>;
  let checkMs: number;
  let keeper: LaneKeeper;

  beforeEach(() => {
    [nowMs, reads, writes, refuses, refused, checkMs] = [0, 0, 0, false, '', 10_000];
    server = { checkout: null, background: null };
    writing = Promise.resolve();
    keeper = aKeeper();
  });

  const aKeeper = () =>
    new LaneKeeper({
      account: 'default',
      logger: pino({ level: 'silent' }),
      now: () => nowMs,
      checkMs,
      read: async (lane) => {
        reads += 1;
        if (refuses) throw new Error('not on this server');
        return server[lane] ?? null;
      },
      write: async (lane, rate) => {
        writes += 1;
        await writing;
        if (lane === refused) throw new Error('Expected exactly one row to be updated');
        server[lane] = Math.fround(rate);
      },
    });

  it('sets what is wanted, once', async () => {
    for (; nowMs < 9_000; nowMs += 1_000) await keeper.keep(RATES);
    assert.deepEqual(server, RATES);
    assert.deepEqual([reads, writes], [2, 2]);
  });

  it('leaves alone what a worker before it has set', async () => {
    server = { ...RATES };
    await keeper.keep(RATES);
    assert.equal(writes, 0);
  });

  it('puts right what somebody changed', async () => {
    await keeper.keep(RATES);
    server['checkout'] = 0;
    nowMs = 10_000;
    await keeper.keep(RATES);
    assert.deepEqual(server, RATES);
  });

  it('does not wait for a server that refuses, and asks it again later', async () => {
    refuses = true;
    for (; nowMs < 30_000; nowMs += 1_000) await keeper.keep(RATES);
    assert.equal(reads, 12, 'each lane six times');
    refuses = false;
    await keeper.keep(RATES);
    assert.deepEqual(server, RATES);
  });

  it('does not leave the lanes as they are for an hour because one call failed, where they are looked at so seldom', async () => {
    checkMs = 3_600_000;
    keeper = aKeeper();
    refuses = true;
    await keeper.keep(RATES);
    refuses = false;
    for (; nowMs < 5_000; nowMs += 1_000) await keeper.keep(RATES);
    assert.equal(reads, 2, 'each lane once, and not again and again');
    await keeper.keep(RATES);
    assert.deepEqual(server, RATES);
  });

  it('sets the one lane, though the server refuses what is wanted of the other', async () => {
    const { checkout } = RATES;
    refused = 'checkout';
    await keeper.keep(RATES);
    assert.equal(server['background'], RATES.background);
    refused = '';
    nowMs = 5_000;
    await keeper.keep(RATES);
    assert.equal(server['checkout'], checkout);
  });

  it('goes on with the other lane as ever while the server refuses one', async () => {
    refused = 'checkout';
    for (; nowMs < 4_000; nowMs += 1_000) {
      await keeper.keep({ ...RATES, background: nowMs + 1 });
      assert.equal(server['background'], nowMs + 1);
    }
  });

  it('stops once what it is setting is set: cut off, it would have the server refuse all that come after', async () => {
    let written = () => {};
    writing = new Promise((resolve) => {
      written = resolve;
    });
    const kept = keeper.keep(RATES);
    await new Promise(setImmediate);
    let isStopped = false;
    const stopped = keeper.stop().then(() => {
      isStopped = true;
    });
    await new Promise(setImmediate);
    assert.deepEqual([writes, isStopped], [1, false]);
    written();
    await Promise.all([stopped, kept]);
    assert.deepEqual(server, { ...RATES, background: null }, 'the other lane is not begun');
  });

  it('begins nothing once it has stopped, whatever it was looking at', async () => {
    const kept = keeper.keep(RATES);
    await keeper.stop();
    await kept;
    await keeper.keep(RATES);
    assert.deepEqual([reads, writes], [1, 0]);
  });
});
