import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { pino } from 'pino';
import { type Units, usedMs } from '../../src/control/budget.js';
import {
  answer,
  type BudgetAnswer,
  type BudgetAsk,
  firstIssuer,
  floorUnits,
  isTooLate,
} from '../../src/control/issuer.js';
import { LateAskError, type Mark } from '../../src/temporal/budget-issuer.js';
import { LeaseKeeper } from '../../src/temporal/lease-keeper.js';
import { aBudget } from '../support/a-budget.js';
import { IDLE_USE } from '../support/idle-use.js';
import { VirtualTime } from '../support/virtual-time.js';

const BUDGET = aBudget({ perSecond: 100, perEndpoint: 100, maxWorkers: 4, leaseMs: 5_000, arrivesWithinMs: 20 });
const SHARE: Units = { all: 50 };
const ANSWER: BudgetAnswer = {
  lease: 1,
  units: SHARE,
  leaseMs: BUDGET.leaseMs,
  floorsInMs: BUDGET.leaseMs + usedMs(BUDGET),
  sharers: 2,
  tryMore: false,
  lanes: null,
  readsLeft: 100,
};

/** What the issuer's clock shows more than the worker's, ms. */
const AHEAD_MS = 1_000_000;

describe('the keeper of a lease', () => {
  let time: VirtualTime;
  let asks: { atMs: number; ask: BudgetAsk }[];
  let held: { units: Units; untilMs: number; atMs: number }[];
  let answers: boolean;
  let isLate: (ask: BudgetAsk) => boolean;
  let mark: () => Promise<Mark>;
  let left: { worker: string; reads: number }[];
  let answersInMs: number;
  let reads: number | undefined;
  let demand: number;
  let underWay: number;
  let keeper: LeaseKeeper;

  beforeEach(async () => {
    time = new VirtualTime();
    [asks, held, left, answers, answersInMs, demand, underWay] = [[], [], [], true, 0, 0, 0];
    reads = undefined;
    isLate = () => false;
    mark = async () => ({ id: 'run/7', answer: ANSWER });
    keeper = new LeaseKeeper({
      issuer: {
        ask: async (ask) => {
          asks.push({ atMs: time.now(), ask });
          if (answersInMs > 0) await new Promise<void>((resolve) => time.setTimer(resolve, answersInMs));
          if (!answers) throw new Error('no answer');
          if (isLate(ask)) throw new LateAskError();
          return { ...ANSWER, lease: asks.length, nowMs: time.now() + AHEAD_MS };
        },
        leave: async (worker, reads) => void left.push({ worker, reads }),
        mark: () => mark(),
      },
      governor: {
        hold: (units, untilMs) => held.push({ units, untilMs, atMs: time.now() }),
        tryMore: () => undefined,
        allowReads: () => undefined,
        use: () => ({ ...IDLE_USE, demand, underWay, reads: reads ?? asks.length * 3 }),
      },
      budget: BUDGET,
      worker: 'w1',
      now: time.now,
      setTimer: time.setTimer,
      logger: pino({ level: 'silent' }),
      setLanes: () => undefined,
      onRenewed: () => undefined,
    });
    await keeper.begin();
    void keeper.run();
  });

  const last = () => held.at(-1);

  it('renews while there is work each second, and otherwise well before the lease ends', async () => {
    await time.run(10_000);
    assert.deepEqual(
      asks.map(({ atMs }) => atMs),
      [0, 2_000, 4_000, 6_000, 8_000, 10_000],
    );
    demand = 10;
    await time.run(15_000);
    assert.ok(asks.length >= 9);
    assert.equal(asks.at(-1)?.ask.holding, asks.length - 1, 'it says what it holds');
    const told = asks.reduce((sum, { ask }) => sum + ask.reads, 0);
    assert.equal(told, 3 * (asks.length - 1), 'and each read once');
  });

  it('asks at once when a call has to wait, and not many times over', async () => {
    await time.run(500);
    for (let i = 0; i < 100; i += 1) keeper.askSoon();
    await time.run(510);
    assert.equal(asks.length, 2);
    for (let i = 0; i < 100; i += 1) keeper.askSoon();
    await time.run(520);
    assert.equal(asks.length, 2);
  });

  it('remembers that a call has to wait where it has just asked, and asks again as soon as may be', async () => {
    await time.run(500);
    keeper.askSoon();
    await time.run(600);
    keeper.askSoon();
    await time.run(2_000);
    assert.deepEqual(
      asks.map(({ atMs }) => atMs),
      [0, 500, 750],
    );
  });

  it('remembers it too while an answer is on its way, which may come from before', async () => {
    answersInMs = 400;
    await time.run(2_100);
    keeper.askSoon();
    await time.run(3_000);
    assert.deepEqual(
      asks.map(({ atMs }) => atMs),
      [0, 2_000, 2_400],
    );
  });

  it('asks an issuer that does not answer no more often because calls wait', async () => {
    answers = false;
    await time.run(2_000);
    for (let atMs = 2_000; atMs < 4_000; atMs += 10) {
      keeper.askSoon();
      await time.run(atMs);
    }
    assert.equal(asks.length, 5);
  });

  it('tells what is under way each time, whatever came of its lease meanwhile', async () => {
    underWay = 7;
    await time.run(2_000);
    assert.equal(asks.at(-1)?.ask.underWay, 7);
    answers = false;
    await time.run(30_000);
    underWay = 5;
    answers = true;
    await time.run(31_000);
    assert.equal(asks.at(-1)?.ask.underWay, 5);
  });

  it('counts a lease from before it asked', async () => {
    assert.deepEqual(last(), { units: SHARE, untilMs: 5_000, atMs: 0 });
  });

  it('goes over to its floor once no lease of anybody can count any more, and not before', async () => {
    answers = false;
    await time.run(60_000);
    const floors = held.filter(({ units }) => units['all'] === 25);
    const [first] = floors;
    // It looks from a little before its lease ends: from then on the issuer is known to be quiet.
    assert.ok(first !== undefined && first.atMs >= 2_000 + 5_000 + 1_020, String(first?.atMs));
    assert.ok(first.atMs < 11_000);
    assert.deepEqual(first.units, floorUnits(BUDGET));
    for (const { untilMs, atMs } of floors) assert.ok(untilMs <= atMs + 5_000);
    assert.ok((last()?.atMs ?? 0) > 59_000, 'and stays there');
  });

  it('uses nothing while the issuer answers others', async () => {
    answers = false;
    let nth = 0;
    mark = async () => {
      nth += 1;
      return { id: `run/${nth}`, answer: ANSWER };
    };
    await time.run(60_000);
    assert.equal(held.length, 1);
  });

  /** When it goes over to its floor, the newest answer to anybody being this one. */
  const floorWith = async (answer: BudgetAnswer | undefined) => {
    answers = false;
    mark = async () => (answer === undefined ? { id: 'run/none' } : { id: 'run/8', answer });
    await time.run(80_000);
    return held.find(({ units }) => units['all'] === 25)?.atMs ?? Number.NaN;
  };

  it('uses nothing as long as a lease of another may count that is longer than its own', async () => {
    const atMs = await floorWith({ ...ANSWER, floorsInMs: 61_020 });
    assert.ok(atMs >= 2_000 + 61_020 && atMs < 68_000, String(atMs));
  });

  it('reckons with the lease of an answer that says nothing of others, or with its own', async () => {
    const { floorsInMs: _, ...older } = ANSWER;
    const atMs = await floorWith({ ...older, leaseMs: 20_000 });
    assert.ok(atMs >= 2_000 + 21_020 && atMs < 28_000, String(atMs));
  });

  it('reckons by its own lease where it finds no answer', async () => {
    const atMs = await floorWith(undefined);
    assert.ok(atMs >= 2_000 + 6_020 && atMs < 13_000, String(atMs));
  });

  it('goes over to its floor though others are answered, where what they are granted is no more than a floor', async () => {
    answers = false;
    const grantedMs = time.now();
    mark = async () => ({ id: `run/${time.now()}`, answer: { ...ANSWER, floorsInMs: grantedMs + 6_020 - time.now() } });
    await time.run(60_000);
    const floors = held.filter(({ units }) => units['all'] === 25);
    assert.ok((floors[0]?.atMs ?? 0) >= 6_020 && (floors[0]?.atMs ?? 0) < 9_000, String(floors[0]?.atMs));
    assert.ok((last()?.atMs ?? 0) > 59_000, 'and stays there');
  });

  it('uses nothing while Temporal shows nothing', async () => {
    answers = false;
    mark = () => Promise.reject(new Error('unavailable'));
    await time.run(60_000);
    assert.equal(held.length, 1);
  });

  it('takes its share again as soon as it is answered', async () => {
    answers = false;
    await time.run(30_000);
    answers = true;
    await time.run(31_000);
    assert.deepEqual(last()?.units, SHARE);
  });

  it('holds nothing once it stops, and gives back what it had', async () => {
    await keeper.stop();
    assert.deepEqual(last()?.units, {});
    assert.deepEqual(
      left.map(({ worker }) => worker),
      ['w1'],
    );
    const many = asks.length;
    await time.run(60_000);
    assert.equal(asks.length, many);
  });

  it('tells as it leaves what it has read since it asked last', async () => {
    reads = 7;
    await time.run(2_000);
    reads = 12;
    await keeper.stop();
    assert.deepEqual(left, [{ worker: 'w1', reads: 5 }]);
    assert.equal(
      asks.reduce((sum, { ask }) => sum + ask.reads, 0),
      7,
    );
  });

  it('says until when it waits, by the clock of the issuer that answered last, later rather than sooner', async () => {
    assert.equal(asks[0]?.ask.waitsUntilMs, undefined);
    answersInMs = 300;
    await time.run(10_000);
    const told = asks.slice(1).map(({ atMs, ask }) => (ask.waitsUntilMs ?? Number.NaN) - (atMs + AHEAD_MS));
    assert.ok(told.length >= 4);
    assert.equal(told[0], 2_000);
    assert.deepEqual(new Set(told.slice(1)), new Set([2_300]), 'its answer was under way for 300 ms at most');
  });

  it('says so too while nobody answers: what is asked then may be heard long after it has ended', async () => {
    await time.run(2_500);
    answers = false;
    await time.run(6_000);
    assert.ok(asks.length >= 6);
    for (const { atMs, ask } of asks.slice(1)) assert.equal(ask.waitsUntilMs, atMs + AHEAD_MS + 2_000);
  });

  it('asks at once without, where the issuer takes for late what is not: its clock was set', async () => {
    await time.run(2_500);
    isLate = ({ waitsUntilMs }) => waitsUntilMs !== undefined;
    await time.run(4_100);
    const [late, again] = asks.slice(-2);
    assert.deepEqual([late?.atMs, again?.atMs], [4_000, 4_000]);
    assert.deepEqual([late?.ask.waitsUntilMs === undefined, again?.ask.waitsUntilMs], [false, undefined]);
    assert.deepEqual(last()?.atMs, 4_000);
    isLate = () => false;
    await time.run(6_100);
    assert.notEqual(asks.at(-1)?.ask.waitsUntilMs, undefined);
  });

  it('gives its lease back at once where it is to stop and nothing is under way', async () => {
    keeper.drain();
    await time.run(0);
    assert.equal(left.length, 1);
    const many = asks.length;
    await time.run(10_000);
    await keeper.stop();
    assert.deepEqual([asks.length, left.length], [many, 1], 'it asks for nothing more, and leaves once');
  });

  it('keeps its lease while it is to stop and something is under way', async () => {
    [underWay, demand] = [1, 1];
    keeper.drain();
    await time.run(10_000);
    assert.ok(asks.length >= 9, `${asks.length} asked`);
    assert.deepEqual(left, []);
    [underWay, demand] = [0, 0];
    await time.run(11_000);
    assert.equal(left.length, 1);
    assert.deepEqual(last()?.units, {});
  });

  it('lets its lease end by itself where it stops with calls under way', async () => {
    underWay = 1;
    await keeper.stop();
    assert.deepEqual(last()?.units, {});
    assert.deepEqual(left, []);
  });
});

describe('workers that share a budget', () => {
  let time: VirtualTime;
  let issuer: ReturnType<typeof firstIssuer>;
  /** The issuer hears of an ask so much later. */
  let latencyMs: number;
  let last: Mark;
  let held: Record<string, { all: number; untilMs: number }>;

  beforeEach(() => {
    time = new VirtualTime();
    [issuer, latencyMs, last, held] = [firstIssuer(0), 0, { id: 'run/none' }, {}];
  });

  const hear = (ask: BudgetAsk): BudgetAnswer => {
    if (isTooLate(ask, time.now())) throw new LateAskError();
    const answered = answer(issuer, ask, time.now(), true);
    issuer = answered.issuer;
    last = { id: `run/${answered.answer.lease}`, answer: answered.answer };
    return answered.answer;
  };

  const start = async (worker: string) => {
    const keeper = new LeaseKeeper({
      issuer: {
        ask: (ask, withinMs) =>
          new Promise((resolve, reject) => {
            time.setTimer(() => reject(new Error('DEADLINE_EXCEEDED')), withinMs);
            time.setTimer(() => {
              try {
                resolve(hear(ask));
              } catch (error) {
                reject(error);
              }
            }, latencyMs);
          }),
        leave: async () => undefined,
        mark: async () => last,
      },
      governor: {
        hold: ({ all = 0 }, untilMs) => {
          held[worker] = { all, untilMs };
        },
        tryMore: () => undefined,
        allowReads: () => undefined,
        use: () => ({ ...IDLE_USE, demand: 30 }),
      },
      budget: BUDGET,
      worker,
      now: time.now,
      setTimer: time.setTimer,
      logger: pino({ level: 'silent' }),
      setLanes: () => undefined,
      onRenewed: () => undefined,
    });
    void keeper.begin().then(() => keeper.run());
  };

  const inUse = (worker: string) => {
    const { all = 0, untilMs = 0 } = held[worker] ?? {};
    return time.now() < untilMs ? all : 0;
  };

  /** Lets time pass, in which each is to have this much, and together never more than the budget. */
  const each = async (untilMs: number, isRight: (all: number) => boolean) => {
    while (time.now() < untilMs) {
      await time.run(time.now() + 100);
      const all = Object.keys(held).map(inUse);
      assert.ok(all.reduce((sum, one) => sum + one, 0) <= BUDGET.perSecond, `${all} at ${time.now()}`);
      assert.ok(all.every(isRight), `${all} at ${time.now()}`);
    }
  };

  it('use their floors while answers take longer than they wait, though one asks that was never answered', async () => {
    const floor = floorUnits(BUDGET)['all'] ?? Number.NaN;
    await start('a');
    await start('b');
    await each(10_000, () => true);
    latencyMs = 3_000;
    await start('new');
    await each(28_000, () => true);
    await each(90_000, (all) => all === floor);
    assert.deepEqual(Object.keys(held), ['a', 'b', 'new']);
    latencyMs = 0;
    await each(102_000, (all) => all > 0);
    await each(120_000, (all) => all > floor);
  });
});
