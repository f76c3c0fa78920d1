import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ANSWERED_WITHIN_MS, FLOOR_MS, type Units, WINDOW_MS } from '../../src/control/budget.js';
import {
  firstLeases,
  type Grant,
  grant,
  type Leases,
  type LeaseTerms,
  leave,
  NO_LEASES,
} from '../../src/control/leases.js';

const SEED = 20261122;
const TERMS: LeaseTerms = {
  units: { all: 100, each: 25, concurrent: 50 },
  floor: { all: 12, each: 3, concurrent: 6 },
  leaseMs: 5_000,
  usedMs: 1_020,
  heardOnly: true,
};

/** Three workers that go by these are as many as there may be: all their floors together are the budget. */
const OF_THREE: LeaseTerms = { ...TERMS, floor: { all: 33, each: 8, concurrent: 16 } };

/** A worker as it is at its most careless within the rules: it uses all of whatever it may have been told. */
class Worker {
  constructor(readonly terms: LeaseTerms) {}

  /** The newest lease that reached it. */
  holding = 0;
  units: Units = {};
  untilMs = Number.NEGATIVE_INFINITY;
  /** What it had at Stripe, by when that stops counting. */
  used: { units: Units; untilMs: number }[] = [];
  /** When each of its calls ends. */
  private calls: number[] = [];
  /** When the issuer heard of it last, as far as that is on record. */
  heardMs = Number.NEGATIVE_INFINITY;
  /** The newest answer to anybody that it saw, and when by that no lease counts that is more than a floor. */
  seen = { lease: 0, agedMs: Number.POSITIVE_INFINITY };
  demand = 0;
  /** It sends nothing more, and leaves once its calls are over. */
  draining = false;

  take(lease: number, units: Units, untilMs: number, nowMs: number): void {
    this.spend(nowMs);
    if (lease < this.holding) return;
    this.holding = lease;
    this.units = units;
    this.untilMs = untilMs;
  }

  /** Nobody answers it: it looks at what was answered last, and goes over to its floor where that is certain to be free. */
  look(last: Grant, nowMs: number): void {
    if (last.lease !== this.seen.lease)
      this.seen = { lease: last.lease, agedMs: nowMs + (last.floorsInMs ?? Number.NaN) };
    if (this.draining || nowMs < Math.max(this.untilMs, this.seen.agedMs)) return;
    this.spend(nowMs);
    const { floor, leaseMs, usedMs } = this.terms;
    this.units = floor;
    this.untilMs = nowMs + FLOOR_MS - (usedMs - WINDOW_MS);
    // What it begins now counts as long as the floor does, and what it had begun before does no more.
    this.underWay(nowMs);
    this.heardMs = Math.max(this.heardMs, this.untilMs - leaseMs);
  }

  /** It sends all that it may, at the last moment that it may. */
  spend(nowMs: number): void {
    const atMs = Math.min(nowMs, this.untilMs);
    if (Number.isFinite(atMs)) this.used.push({ units: this.units, untilMs: atMs + this.terms.usedMs });
  }

  /** It begins as many calls as it may. */
  begin(lastingMs: number, nowMs: number): void {
    const most = nowMs < this.untilMs && !this.draining ? (this.units['concurrent'] ?? 0) : 0;
    const more = Math.max(0, most - this.underWay(nowMs));
    this.calls.push(...Array.from({ length: more }, () => nowMs + lastingMs));
  }

  underWay(nowMs: number): number {
    // What remains: calls that outlast the lease of a worker that the issuer hears nothing of.
    if (nowMs >= this.heardMs + this.terms.leaseMs + this.terms.usedMs) this.calls = [];
    this.calls = this.calls.filter((endMs) => nowMs < endMs);
    return this.calls.length;
  }

  counting(what: string, nowMs: number): number {
    if (what === 'concurrent') return this.underWay(nowMs);
    const now = nowMs < this.untilMs ? (this.units[what] ?? 0) : 0;
    return Math.max(now, ...this.used.filter((u) => nowMs < u.untilMs).map((u) => u.units[what] ?? 0), 0);
  }
}

type Step =
  | {
      do: 'ask';
      worker: number;
      demand: number;
      lost: boolean;
      lateMs: number;
      meanwhileMs: number;
      /** How long after the issuer's own time of the answer that is on record, and who looks meanwhile. */
      shownMs: number;
      looking: number[];
    }
  | { do: 'begin'; worker: number; lastingMs: number }
  | { do: 'leave'; worker: number }
  | { do: 'wait'; ms: number; renew: number[]; looking: number[] };

/** Who is not answered looks at what was answered last about so often, ms. */
const LOOK_EVERY_MS = 1_000;

/** Up to six leases. */
const lastingMs = fc.integer({ min: 1, max: 30_000 });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      worker: fc.nat(2),
      demand: fc.nat(300),
      lost: fc.boolean(),
      lateMs: fc.nat(3_000),
      meanwhileMs: lastingMs,
      shownMs: fc.oneof(fc.constant(0), fc.nat(ANSWERED_WITHIN_MS)),
      looking: fc.subarray([0, 1, 2]),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('begin' as const), worker: fc.nat(2), lastingMs }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), worker: fc.nat(2) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof({ weight: 3, arbitrary: fc.nat(4_000) }, { weight: 1, arbitrary: fc.nat(70_000) }),
      renew: fc.subarray([0, 1, 2]),
      looking: fc.subarray([0, 1, 2]),
    }),
  },
);

/** By what a worker goes: others while a budget's times are changed and workers are restarted one after the other. */
const terms = fc.constantFrom(
  OF_THREE,
  { ...OF_THREE, leaseMs: 60_000 },
  { ...OF_THREE, leaseMs: 2_000, usedMs: 1_000 },
  { ...OF_THREE, usedMs: 2_000 },
);

describe('leases on a budget', () => {
  it('never add up to more than the budget, nor with floors, whoever comes, goes, dies, hears late or not at all, by whatever times', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.tuple(terms, terms, terms), (steps, three) => {
        let leases: Leases = firstLeases(0);
        let nowMs = 0;
        let last: Grant | undefined;
        const workers = three.map((terms) => new Worker(terms));
        const holds = () => {
          for (const [what, most] of Object.entries(TERMS.units)) {
            const sum = workers.reduce((total, worker) => total + worker.counting(what, nowMs), 0);
            assert.ok(sum <= most, `${sum} of ${what} at ${nowMs}`);
          }
        };
        const passes = (ms: number, looking: readonly number[], everyMs = LOOK_EVERY_MS) => {
          for (const endMs = nowMs + ms; nowMs < endMs; nowMs = Math.min(endMs, nowMs + everyMs)) {
            for (const nth of looking) if (last !== undefined) workers[nth]?.look(last, nowMs);
            holds();
          }
        };
        const ask = (nth: number, given: Partial<Extract<Step, { do: 'ask' }>> = {}) => {
          const { lateMs = 0, meanwhileMs = 0, lost = false, shownMs = 0, looking = [] } = given;
          const worker = workers[nth] as Worker;
          const askedMs = nowMs;
          const { holding, demand } = worker;
          const told = { worker: String(nth), holding, demand, underWay: worker.underWay(nowMs) };
          // What it told is old by the time it is heard.
          worker.begin(meanwhileMs, nowMs);
          nowMs += lateMs;
          holds();
          const answered = grant(leases, told, worker.terms, nowMs);
          leases = JSON.parse(JSON.stringify(answered.leases));
          const grantedMs = nowMs;
          passes(
            shownMs,
            looking.filter((other) => other !== nth),
            LOOK_EVERY_MS / 5,
          );
          last = answered.grant;
          worker.heardMs = grantedMs;
          const { lease, units, leaseMs } = answered.grant;
          const isHeard = !lost && nowMs - askedMs <= ANSWERED_WITHIN_MS;
          if (isHeard) worker.take(lease, units, askedMs + leaseMs, nowMs);
        };
        const leaveOnceOver = (worker: Worker, nth: number) => {
          if (!worker.draining || worker.underWay(nowMs) > 0) return;
          worker.spend(nowMs);
          worker.untilMs = Math.min(worker.untilMs, nowMs);
          worker.draining = false;
          leases = leave(leases, String(nth), nowMs);
        };
        for (const it of steps) {
          if (it.do === 'wait') {
            for (const nth of it.renew) if (workers[nth]?.holding !== 0) ask(nth);
            passes(it.ms, it.looking);
          } else {
            const worker = workers[it.worker] as Worker;
            if (it.do === 'leave') worker.draining = true;
            if (it.do === 'begin') worker.begin(it.lastingMs, nowMs);
            if (it.do === 'ask') {
              worker.demand = it.demand;
              ask(it.worker, it);
            }
          }
          workers.forEach(leaveOnceOver);
          holds();
        }
      }),
      { seed: SEED, numRuns: 4_000 },
    );
  });

  const settled = (demands: Record<string, number>, rounds = 6) => {
    let leases = NO_LEASES;
    const holding: Record<string, number> = {};
    let shares: Record<string, Units> = {};
    let nowMs = 100_000;
    for (let i = 0; i < rounds; i += 1) {
      nowMs += 1_500;
      shares = {};
      for (const [worker, demand] of Object.entries(demands)) {
        const given = grant(leases, { worker, holding: holding[worker] ?? 0, demand }, TERMS, nowMs);
        leases = given.leases;
        holding[worker] = given.grant.lease;
        shares[worker] = given.grant.units;
      }
    }
    return { leases, shares, nowMs, holding };
  };

  it('come to the whole budget between them, by demand', () => {
    const { shares } = settled({ a: 99, b: 299, c: 0 }, 10);
    const sum = Object.values(shares).reduce((total, units) => total + (units['all'] ?? 0), 0);
    assert.equal(sum, 100);
    assert.ok((shares['b']?.['all'] ?? 0) > 2 * (shares['a']?.['all'] ?? 0));
  });

  it('give each worker something of everything, however much the others want', () => {
    const { shares } = settled({ a: 5_000, b: 1, c: 0 }, 12);
    for (const worker of ['a', 'b', 'c']) {
      for (const what of Object.keys(TERMS.units)) assert.ok((shares[worker]?.[what] ?? 0) >= 1, `${worker} ${what}`);
    }
  });

  it('of an idle account are half of it, so that whoever joins has a share at once', () => {
    const { leases, shares, nowMs } = settled({ a: 0, b: 0 }, 12);
    assert.deepEqual([shares['a']?.['all'], shares['b']?.['all']], [26, 25]);
    const joined = grant(leases, { worker: 'c', holding: 0, demand: 20 }, TERMS, nowMs);
    assert.ok((joined.grant.units['all'] ?? 0) >= 40, JSON.stringify(joined.grant.units));
  });

  it('of what little there is of an endpoint are all of it, long before the account is busy', () => {
    const { shares } = settled({ a: 14, b: 6 }, 12);
    const of = (what: string) => (shares['a']?.[what] ?? 0) + (shares['b']?.[what] ?? 0);
    assert.equal(of('each'), 25, 'wanted by those that are there');
    assert.ok(of('all') <= 51, 'there is enough for all');
    assert.equal(of('concurrent'), 26);
  });

  it('of an endpoint whose rate changes while workers are restarted add up to no more than it either way', () => {
    const before = TERMS;
    const after = { ...TERMS, units: { ...TERMS.units, 'payment_intents.create': 30 } };
    for (const [older, newer] of [
      [before, after],
      [after, before],
    ] as const) {
      let leases = NO_LEASES;
      const held: Record<string, Units> = {};
      const holding: Record<string, number> = {};
      let nowMs = 100_000;
      const ask = (worker: string, terms: LeaseTerms, demand = 200) => {
        const given = grant(leases, { worker, holding: holding[worker] ?? 0, demand }, terms, nowMs);
        leases = given.leases;
        holding[worker] = given.grant.lease;
        held[worker] = given.grant.units;
      };
      const most = () => {
        const each = Object.values(held).map((units) => units['payment_intents.create'] ?? units['each'] ?? 0);
        return each.reduce((sum, one) => sum + one, 0);
      };
      for (let round = 0; round < 12; round += 1) {
        nowMs += 1_500;
        ask('a', older, 1);
        ask('b', older);
      }
      for (let round = 0; round < 12; round += 1) {
        nowMs += 1_500;
        ask('a', newer);
        assert.ok(most() <= 30, `${most()} of an endpoint's 30`);
        ask('b', older);
        assert.ok(most() <= 30, `${most()} of an endpoint's 30`);
      }
    }
  });

  it('of a dead worker are granted again a lease and a second after it was heard of last, not sooner', () => {
    const { leases, nowMs, holding } = settled({ a: 100, b: 100 }, 10);
    const ask = (atMs: number) =>
      grant(leases, { worker: 'a', holding: holding['a'] ?? 0, demand: 100 }, { ...TERMS }, atMs).grant.units['all'];
    // Granted elsewhere meanwhile, so that the issuer was not away.
    const elsewhereMs = nowMs + 6_000;
    const kept = { ...leases, grantedMs: elsewhereMs, heardMs: elsewhereMs, countsUntilMs: elsewhereMs + 6_020 };
    const later = grant(kept, { worker: 'a', holding: holding['a'] ?? 0, demand: 100 }, TERMS, nowMs + 6_021);
    assert.equal(ask(nowMs + 3_900), 50);
    assert.equal(later.grant.units['all'], 100);
  });

  it('are floors, after nothing was granted for a lease, until every floor has ended since somebody heard', () => {
    const before = { ...firstLeases(990_000), grantedMs: 995_000 };
    let leases: Leases = before;
    const ask = (holding: number, nowMs: number) => {
      const given = grant(leases, { worker: 'a', holding, demand: 100 }, TERMS, nowMs);
      leases = given.leases;
      return given.grant.units['all'];
    };
    assert.equal(ask(0, 1_000_000), TERMS.floor['all']);
    assert.equal(ask(1, 1_000_500), TERMS.floor['all'], 'until now the others may have gone on looking');
    assert.equal(ask(2, 1_004_000), TERMS.floor['all']);
    assert.equal(ask(3, 1_006_519), TERMS.floor['all']);
    assert.equal(ask(4, 1_008_499), TERMS.floor['all']);
    assert.equal(ask(5, 1_008_500), 100);
  });

  it('are granted as they were to runs from before, whoever heard', () => {
    const terms = { ...TERMS, heardOnly: false };
    const before = { ...firstLeases(990_000), grantedMs: 995_000 };
    let leases: Leases = before;
    const shares = [1_000_000, 1_004_000, 1_006_020].map((nowMs) => {
      const given = grant(leases, { worker: 'a', holding: 0, demand: 100 }, terms, nowMs);
      leases = given.leases;
      return given.grant.units['all'];
    });
    assert.deepEqual(shares, [12, 12, 100]);
  });

  /** Workers of these terms that ask when they are told to, each of what it heard last. */
  const fleet = (termsOf: Readonly<Record<string, LeaseTerms>>) => {
    let leases = firstLeases(0);
    const holding: Record<string, number> = {};
    return (worker: string, nowMs: number, { lost = false, underWay = 0 } = {}) => {
      const ask = { worker, holding: holding[worker] ?? 0, demand: 100, underWay };
      const given = grant(leases, ask, termsOf[worker] ?? TERMS, nowMs);
      leases = given.leases;
      if (!lost) holding[worker] = given.grant.lease;
      const { units, floorsInMs = Number.NaN } = given.grant;
      return { all: units['all'] ?? Number.NaN, floorsAtMs: nowMs + floorsInMs };
    };
  };

  it('of whom nobody knows that it hears are floors once nobody else does, and keep nobody from theirs', () => {
    const ask = fleet({});
    ask('a', 0);
    assert.equal(ask('a', 1_000).all, 100);
    const floors: number[] = [];
    for (let nowMs = 2_500; nowMs <= 60_000; nowMs += 2_500) {
      const { all, floorsAtMs } = ask('new', nowMs, { lost: true });
      floors.push(floorsAtMs);
      if (nowMs >= 6_000) assert.ok(all <= 12, `${all} at ${nowMs}`);
    }
    assert.deepEqual(new Set(floors.slice(1)), new Set([5_000 + 6_020]));
    // One that hears is given more, once the others have seen it.
    assert.equal(ask('a', 61_000).all, 12);
    assert.deepEqual(ask('a', 62_000), { all: 12, floorsAtMs: 68_020 });
    assert.equal(ask('a', 66_000).all, 12);
    assert.equal(ask('a', 69_999).all, 12);
    assert.equal(ask('a', 70_000).all, 100);
  });

  it('keep workers off their floors that are more than one: of one that nobody hears with more under way, too', () => {
    const ask = fleet({});
    ask('a', 0);
    ask('a', 1_000);
    for (let nowMs = 2_500; nowMs <= 60_000; nowMs += 2_500) {
      const { floorsAtMs } = ask('new', nowMs, { lost: true, underWay: 7 });
      assert.equal(floorsAtMs, nowMs + 6_020);
    }
  });

  it('are floors until those of others have ended, by however short leases who asks goes', () => {
    const ask = fleet({ short: { ...TERMS, leaseMs: 2_000 } });
    ask('a', 0);
    ask('a', 1_000);
    // The other may have gone over to its floor, for five seconds at the last moment.
    ask('short', 20_000);
    const begunMs = 20_500;
    for (let nowMs = begunMs; nowMs < begunMs + 8_000; nowMs += 500) assert.equal(ask('short', nowMs).all, 12);
    assert.equal(ask('short', begunMs + 8_000).all, 100);
  });

  it('are floors where the answer may be heard only when others are on theirs', () => {
    for (const [nowMs, share] of [
      [5_019, 100],
      [5_020, 12],
    ] as const) {
      const ask = fleet({});
      ask('a', 0);
      assert.equal(ask('a', 1_000).all, 100);
      // All that was granted counts no more at 7,020, and what is granted now is heard within two seconds.
      assert.equal(ask('a', nowMs).all, share);
    }
  });

  it('are floors once every lease has ended by the terms of who held it, however long those of who asks are', () => {
    const ask = fleet({ long: { ...TERMS, leaseMs: 60_000 } });
    ask('a', 0);
    assert.equal(ask('a', 1_000).all, 100);
    assert.equal(ask('long', 1_000 + 8_000).all, 12);
  });

  it('of a run from before count by what is remembered of them, by whatever terms who asks goes', () => {
    const holdings = [{ lease: 1, units: { all: 98 }, untilMs: 60_000 }];
    const before: Leases = { ...firstLeases(0), next: 2, grantedMs: 0, holders: { a: { holdings, demand: 98 } } };
    const { grant: given } = grant(before, { worker: 'b', holding: 0, demand: 1 }, TERMS, 1_000);
    assert.equal(given.floorsInMs, 60_000 + 1_020 - 1_000);
  });

  it('say how long any lease may count, the longest of them', () => {
    const ask = fleet({ long: { ...TERMS, leaseMs: 60_000 } });
    assert.equal(ask('long', 0).floorsAtMs, 61_020);
    assert.equal(ask('a', 1_000).floorsAtMs, 61_020);
  });

  it('are nothing, where it is forgotten what was granted before, until that has ended', () => {
    const first = grant(NO_LEASES, { worker: 'a', holding: 0, demand: 100 }, TERMS, 1_000_000);
    assert.equal(first.grant.units['all'], 0);
    const soon = grant(first.leases, { worker: 'a', holding: 1, demand: 100 }, TERMS, 1_004_000);
    assert.equal(soon.grant.units['all'], 0);
    const after = grant(soon.leases, { worker: 'a', holding: 2, demand: 100 }, TERMS, 1_008_000);
    assert.equal(after.grant.units['all'], 100);
  });

  /** Workers that ask in turn; gives what each is granted of what may be under way. */
  const asking = () => {
    let leases = firstLeases(0);
    const holding: Record<string, number> = {};
    return (worker: string, nowMs: number, tells: { underWay?: number } = {}, { lost = false } = {}) => {
      const ask = { worker, holding: holding[worker] ?? 0, demand: 100, ...tells };
      const given = grant(leases, ask, TERMS, nowMs);
      leases = given.leases;
      if (!lost) holding[worker] = given.grant.lease;
      return given.grant.units['concurrent'];
    };
  };

  it('grant nobody what another has under way, until it tells that it is over', () => {
    const ask = asking();
    assert.equal(ask('a', 0, { underWay: 0 }), 50);
    assert.equal(ask('b', 10, { underWay: 0 }), 0);
    for (let nowMs = 1_000; nowMs <= 20_000; nowMs += 1_000) {
      assert.ok((ask('a', nowMs, { underWay: 50 }) ?? 50) <= 26, 'its share is smaller, and its calls go on');
      assert.equal(ask('b', nowMs + 10, { underWay: 0 }), 0, `at ${nowMs}`);
    }
    ask('a', 21_000, { underWay: 30 });
    assert.equal(ask('b', 21_010, { underWay: 0 }), 20);
    ask('a', 22_000, { underWay: 0 });
    assert.equal(ask('b', 22_010, { underWay: 20 }), 25);
  });

  it('reckon with what a worker has under way that is back after its lease has ended', () => {
    const ask = asking();
    ask('a', 0, { underWay: 0 });
    for (let nowMs = 1_000; nowMs < 8_000; nowMs += 1_000) ask('b', nowMs, { underWay: 0 });
    assert.equal(ask('b', 8_000, { underWay: 0 }), 50, 'nothing was heard of the other for too long');
    assert.equal(ask('a', 8_500, { underWay: 40 }), 0);
    assert.equal(ask('b', 9_000, { underWay: 10 }), 10);
  });

  it('reckon with what was begun after it was told, be it heard when the lease that it was begun under has aged', () => {
    const ask = asking();
    assert.equal(ask('a', 0, { underWay: 0 }), 50);
    ask('b', 3_000, { underWay: 0 });
    assert.equal(ask('a', 3_010, { underWay: 0 }, { lost: true }), 25);
    // Told shortly before its lease ended, and on its way for so long; meanwhile it began all that it could.
    ask('a', 6_030, { underWay: 0 }, { lost: true });
    assert.equal(ask('b', 6_040, { underWay: 0 }), 0);
  });

  it('of workers that do not tell what they have under way are free again once they have aged', () => {
    const ask = asking();
    assert.equal(ask('a', 0), 50);
    assert.equal(ask('b', 10), 0);
    assert.equal(ask('a', 20), 25);
    ask('a', 30);
    assert.equal(ask('b', 1_000), 0);
    assert.equal(ask('b', 1_050), 25);
  });

  it('are there at once where nobody was before', () => {
    const { units } = grant(firstLeases(1_000_000), { worker: 'a', holding: 0, demand: 100 }, TERMS, 1_000_010).grant;
    assert.equal(units['all'], 100);
  });
});
