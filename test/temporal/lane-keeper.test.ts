import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import type { LaneRates } from '../../src/control/lane-rates.js';
import { LANE_CLASSES } from '../../src/domain/lanes.js';
import { LaneKeeper, laneRate, setLaneRate } from '../../src/temporal/lane-keeper.js';
import { LeaseKeeper } from '../../src/temporal/lease-keeper.js';
import { aBudget } from '../support/a-budget.js';
import { IDLE_USE } from '../support/idle-use.js';
import { VirtualTime } from '../support/virtual-time.js';

const RATES = { checkout: 90, background: 12.5 };

describe('the keeper of the lanes', () => {
  let nowMs: number;
  let server: Record<string, number | null>;
  let reads: number;
  let writes: number;
  let refuses: boolean;
  let refused: string;
  let takesMs: number;
  let writing: Promise<void>;
  let checkMs: number;
  let keeper: LaneKeeper;

  beforeEach(() => {
    [nowMs, reads, writes, refuses, refused, takesMs, checkMs] = [0, 0, 0, false, '', 0, 10_000];
    server = { checkout: null, background: null };
    writing = Promise.resolve();
    keeper = aKeeper();
  });

  const aKeeper = () =>
    new LaneKeeper({
      account: 'default',
      logger: pino({ level: 'silent' }),
      now: () => nowMs,
      setTimer: () => ({ cancel: () => undefined }),
      onDue: () => undefined,
      checkMs,
      read: async (lane) => {
        reads += 1;
        nowMs += takesMs;
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

  it('gives a server a pause after it has failed, however long that took', async () => {
    [refuses, takesMs] = [true, 3_000];
    await keeper.keep(RATES);
    assert.deepEqual([reads, nowMs], [2, 6_000]);
    await keeper.keep(RATES);
    assert.equal(reads, 2);
    nowMs = 8_000;
    await keeper.keep(RATES);
    assert.equal(reads, 3, 'the first lane failed at 3 s');
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

describe('the keeper of the lanes with a server that never answers', () => {
  /** A client of whose calls the first so many never settle, except by their deadlines: those are over at once here. */
  function clientOf(server: Record<string, number | null>, unanswered: { read: number; set: number }) {
    const laneOf = (queue: string) => queue.split('.').at(-1) ?? '';
    const never = new Promise<never>(() => undefined);
    const client = {
      options: { namespace: 'default', identity: 'test' },
      connection: {
        withDeadline: async (deadline: number, call: () => Promise<unknown>) => {
          assert.ok(deadline <= Date.now() + 10_000, 'somebody waits for it');
          let isOver = () => {};
          const over = new Promise<void>((resolve) => {
            isOver = resolve;
          }).then(() => Promise.reject(new Error('DEADLINE_EXCEEDED')));
          const called = call();
          setImmediate(isOver);
          return Promise.race([called, over]);
        },
      },
      workflowService: {
        describeTaskQueue: async ({ taskQueue }: { taskQueue: { name: string } }) => {
          unanswered.read -= 1;
          if (unanswered.read >= 0) return never;
          const requestsPerSecond = server[laneOf(taskQueue.name)];
          return { config: { queueRateLimit: { rateLimit: { requestsPerSecond } } } };
        },
        updateTaskQueueConfig: async (request: {
          taskQueue: string;
          updateQueueRateLimit: { rateLimit: { requestsPerSecond: number } };
        }) => {
          unanswered.set -= 1;
          if (unanswered.set >= 0) return never;
          server[laneOf(request.taskQueue)] = request.updateQueueRateLimit.rateLimit.requestsPerSecond;
        },
      },
    };
    return client as unknown as Client;
  }

  for (const unanswered of [
    { read: 1, set: 0 },
    { read: 0, set: 1 },
  ]) {
    const which = unanswered.read > 0 ? 'told' : 'set';
    it(`sets the other lane, and tries again where a limit was not ${which}`, { timeout: 10_000 }, async () => {
      const server: Record<string, number | null> = { checkout: null, background: null };
      const client = clientOf(server, { ...unanswered });
      let nowMs = 0;
      const keeper = new LaneKeeper({
        account: 'default',
        logger: pino({ level: 'silent' }),
        now: () => nowMs,
        setTimer: () => ({ cancel: () => undefined }),
        onDue: () => undefined,
        checkMs: 10_000,
        read: (lane) => laneRate(client, 'default', lane),
        write: (lane, rate) => setLaneRate(client, 'default', lane, rate, 'a test'),
      });
      await keeper.keep(RATES);
      assert.deepEqual(server, { checkout: null, background: RATES.background });
      nowMs = 5_000;
      await keeper.keep(RATES);
      assert.deepEqual(server, RATES);
    });
  }
});

describe('the lanes of a worker at rest', () => {
  const CHECK_MS = 10_000;
  let time: VirtualTime;
  let server: Record<string, number | null>;
  let refuses: boolean;
  let lanes: LaneRates | null;
  let asks: number;
  let keeper: LaneKeeper;
  let lease: LeaseKeeper;

  beforeEach(async () => {
    time = new VirtualTime();
    server = { checkout: null, background: null };
    [refuses, lanes, asks] = [false, RATES, 0];
    const logger = pino({ level: 'silent' });
    const budget = aBudget({ leaseMs: 60_000, laneCheckMs: CHECK_MS });
    keeper = new LaneKeeper({
      account: 'default',
      logger,
      now: time.now,
      setTimer: time.setTimer,
      checkMs: budget.laneCheckMs,
      read: async (lane) => {
        if (refuses) throw new Error('not on this server');
        return server[lane] ?? null;
      },
      write: async (lane, rate) => {
        server[lane] = rate;
      },
      onDue: () => lease.askSoon(),
    });
    const answer = { units: { all: 50 }, leaseMs: budget.leaseMs, sharers: 1, tryMore: false, readsLeft: 100 };
    lease = new LeaseKeeper({
      issuer: {
        ask: async () => {
          asks += 1;
          return { lease: asks, lanes, ...answer };
        },
        leave: async () => undefined,
        mark: async () => ({ id: 'run/7' }),
      },
      governor: {
        hold: () => undefined,
        tryMore: () => undefined,
        allowReads: () => undefined,
        use: () => IDLE_USE,
      },
      budget,
      worker: 'w1',
      now: time.now,
      setTimer: time.setTimer,
      logger,
      setLanes: (rates) => void keeper.keep(rates),
      onRenewed: () => undefined,
    });
    await lease.begin();
    void lease.run();
  });

  it('are put right as soon as the budget says, however long its leases are', async () => {
    await time.run(1_000);
    for (const lane of LANE_CLASSES) {
      server[lane] = 0;
      await time.run(time.now() + CHECK_MS);
      assert.deepEqual(server, RATES);
    }
    assert.ok(asks <= 4, `${asks} asked`);
  });

  it('are tried again soon where the server refused them', async () => {
    refuses = true;
    server['checkout'] = 0;
    await time.run(CHECK_MS + 1_000);
    refuses = false;
    await time.run(CHECK_MS + 6_000);
    assert.deepEqual(server, RATES);
  });

  it('are left to the worker that sees to them now', async () => {
    await time.run(1_000);
    lanes = null;
    server['background'] = 20;
    await time.run(200_000);
    assert.equal(server['background'], 20);
    assert.ok(asks <= 12, `${asks} asked, as ever`);
  });

  it('are looked at no more once it stops', async () => {
    await keeper.stop();
    await time.run(CHECK_MS + 1_000);
    assert.equal(asks, 1);
  });
});
