import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GoneError, limitsFor, NoRoomError, type TurnLimits, Turns, weightOf } from '../../src/webhooks/turns.js';
import { SEED } from '../support/any-fact.js';

const MB = 1024 * 1024;

/** Work that ends when it is told to, and the order in which it was begun. */
class Desk {
  readonly begun: string[] = [];
  readonly most = new Map<string, number>();
  mostInAll = 0;
  private readonly under = new Map<string, (() => void)[]>();

  constructor(private readonly turns: Turns) {}

  take(account: string, { bytes = 1, gone = new AbortController().signal, name = account } = {}): Promise<string> {
    return this.turns.take(account, bytes, gone, () => {
      this.begun.push(name);
      return new Promise<string>((resolve) => {
        const ends = [...(this.under.get(account) ?? []), () => resolve(name)];
        this.under.set(account, ends);
        this.most.set(account, Math.max(ends.length, this.most.get(account) ?? 0));
        this.mostInAll = Math.max(this.mostInAll, this.running);
      });
    });
  }

  get running(): number {
    return [...this.under.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Ends the oldest work of the account, of any where none is named, and waits until what follows it has begun. */
  async end(account = [...this.under].find(([, ends]) => ends.length > 0)?.[0]): Promise<void> {
    this.under.get(account ?? '')?.shift()?.();
    await settled();
  }

  async endAll(): Promise<void> {
    while (this.running > 0) await this.end();
  }
}

/** Whatever follows from what has happened has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** What waits, by name, and what room that leaves: counted anew each time. */
class CountedRoom {
  readonly waiting = new Map<string, { readonly account: string; readonly bytes: number }>();

  constructor(private readonly limits: Pick<TurnLimits, 'ownBytes' | 'commonBytes'>) {}

  isThereFor(account: string, bytes: number): boolean {
    const sums = new Map<string, number>();
    for (const one of this.waiting.values()) sums.set(one.account, (sums.get(one.account) ?? 0) + one.bytes);
    const before = sums.get(account);
    if (before === undefined || before + bytes <= this.limits.ownBytes) return true;
    sums.set(account, before + bytes);
    const borrowed = [...sums.values()].map((sum) => Math.max(0, sum - this.limits.ownBytes));
    return bytes === 0 || borrowed.reduce((all, one) => all + one) <= this.limits.commonBytes;
  }
}

describe('turns at handing events over', () => {
  const LIMITS = { atOnce: 4, atOncePerAccount: 2, ownBytes: 1_000, commonBytes: 1_000 };

  it('are taken at once while there are some', async () => {
    const desk = new Desk(new Turns(LIMITS));
    const all = [desk.take('a'), desk.take('a'), desk.take('b'), desk.take('b')];
    assert.equal(desk.begun.length, 4);
    await desk.endAll();
    assert.deepEqual(await Promise.all(all), ['a', 'a', 'b', 'b']);
  });

  it("never exceed an account's share, nor all of them", async () => {
    const desk = new Desk(new Turns(LIMITS));
    const all = ['a', 'b', 'c'].flatMap((account) => Array.from({ length: 20 }, () => desk.take(account)));
    await settled();
    await desk.endAll();
    assert.equal((await Promise.all(all)).length, 60);
    assert.equal(desk.mostInAll, 4);
    for (const account of ['a', 'b', 'c']) assert.equal(desk.most.get(account), 2);
  });

  it('are free for another account however many of one wait', async () => {
    const desk = new Desk(new Turns(LIMITS));
    const flood = Array.from({ length: 900 }, () => desk.take('flooded'));
    const other = desk.take('other');
    assert.deepEqual(desk.begun, ['flooded', 'flooded', 'other'], 'it did not wait at all');
    await desk.endAll();
    await Promise.all([...flood, other]);
  });

  it('go round the accounts that wait: one with a single event is next but for one of each other', async () => {
    const desk = new Desk(new Turns({ ...LIMITS, atOnce: 2, atOncePerAccount: 2 }));
    const all = ['a', 'b'].flatMap((account) => Array.from({ length: 50 }, () => desk.take(account)));
    const last = desk.take('c');
    for (let i = 0; i < 4; i += 1) await desk.end();
    assert.ok(desk.begun.slice(2, 6).includes('c'), desk.begun.join(' '));
    await desk.endAll();
    await Promise.all([...all, last]);
    // While both wait, neither is served twice in a row.
    const together = desk.begun.filter((name) => name !== 'c').slice(2, 60);
    for (let i = 1; i < together.length; i += 1) assert.notEqual(together[i], together[i - 1], `at ${i}`);
  });

  it('come in the order of arrival within an account', async () => {
    const desk = new Desk(new Turns({ ...LIMITS, atOnce: 1, atOncePerAccount: 1 }));
    const names = Array.from({ length: 30 }, (_, i) => `${i}`);
    const all = names.map((name) => desk.take('a', { name }));
    await desk.endAll();
    await Promise.all(all);
    assert.deepEqual(desk.begun, names);
  });

  it('have room for what waits of an account in its own room and in what is left of the common one, and no more', async () => {
    const desk = new Desk(new Turns({ atOnce: 1, atOncePerAccount: 1, ownBytes: 50, commonBytes: 100 }));
    // The first does not wait, whatever it weighs.
    const taken = [desk.take('a', { bytes: 1_000 }), desk.take('a', { bytes: 60 }), desk.take('a', { bytes: 60 })];
    await assert.rejects(desk.take('a', { bytes: 31 }), NoRoomError);
    taken.push(desk.take('b', { bytes: 80 }));
    await assert.rejects(desk.take('b', { bytes: 1 }), NoRoomError, 'the rest is lent to both');
    await assert.rejects(desk.take('a', { bytes: 1 }), NoRoomError);
    await desk.endAll();
    assert.equal((await Promise.all(taken)).length, 4);
    const again = [desk.take('b'), desk.take('b', { bytes: 150 })];
    await assert.rejects(desk.take('b'), NoRoomError);
    await desk.endAll();
    assert.deepEqual(await Promise.all(again), ['b', 'b'], 'room comes back');
  });

  it('leave each account its own room, however much waits of another', async () => {
    const desk = new Desk(new Turns({ atOnce: 1, atOncePerAccount: 1, ownBytes: 50, commonBytes: 100 }));
    const flood = Array.from({ length: 1_000 }, () =>
      desk.take('flooded', { bytes: 10 }).catch((error: Error) => error),
    );
    const others = ['b', 'c', 'd'].flatMap((account) => [desk.take(account), desk.take(account, { bytes: 49 })]);
    for (const account of ['b', 'c', 'd']) await assert.rejects(desk.take(account), NoRoomError);
    await desk.endAll();
    assert.deepEqual(await Promise.all(others), ['b', 'b', 'c', 'c', 'd', 'd']);
    const held = (await Promise.all(flood)).filter((end) => end === 'flooded');
    // One that was begun at once, its own room and all of the common one.
    assert.equal(held.length, 1 + 5 + 10);
  });

  it('are waited for by one that is larger than all room, where it waits alone', async () => {
    const desk = new Desk(new Turns({ atOnce: 1, atOncePerAccount: 1, ownBytes: 50, commonBytes: 100 }));
    const taken = [desk.take('a'), desk.take('a', { bytes: 1_000 })];
    await assert.rejects(desk.take('a'), NoRoomError);
    taken.push(desk.take('b', { bytes: 20 }), desk.take('b', { bytes: 30 }));
    await assert.rejects(desk.take('b'), NoRoomError, 'nothing is left to be lent');
    await desk.endAll();
    assert.deepEqual(await Promise.all(taken), ['a', 'a', 'b', 'b']);
  });

  it('are left by whoever has gone: the work is not begun, and the room is free', async () => {
    const shown: number[] = [];
    const limits = { atOnce: 1, atOncePerAccount: 1, ownBytes: 2, commonBytes: 0 };
    const desk = new Desk(new Turns(limits, (_account, waiting) => shown.push(waiting)));
    const first = desk.take('a', { name: 'first' });
    const gone = new AbortController();
    const left = desk.take('a', { gone: gone.signal, name: 'left' });
    const stays = desk.take('a', { name: 'stays' });
    gone.abort();
    await assert.rejects(left, GoneError);
    const after = desk.take('a', { name: 'after' });
    await desk.endAll();
    assert.deepEqual(await Promise.all([first, stays, after]), ['first', 'stays', 'after']);
    assert.deepEqual(desk.begun, ['first', 'stays', 'after']);
    assert.deepEqual(shown, [1, 2, 1, 2, 1, 0]);
    await assert.rejects(desk.take('a', { gone: gone.signal }), GoneError, 'who has gone before does not come in');
  });

  it('are given back by work that fails, and its error is the caller of its own', async () => {
    const turns = new Turns({ atOnce: 1, atOncePerAccount: 1, ownBytes: 100, commonBytes: 0 });
    const { signal } = new AbortController();
    const failing = turns.take('a', 1, signal, () => Promise.reject(new Error('Temporal is away')));
    const next = turns.take('b', 1, signal, async () => 'taken');
    await assert.rejects(failing, /Temporal is away/);
    assert.equal(await next, 'taken');
  });

  it('begin or refuse every event once, by what waits then, whatever comes and goes in whatever order', async () => {
    const accounts = ['a', 'b', 'c', 'd'] as const;
    const limits = { atOnce: 3, atOncePerAccount: 2, ownBytes: 20, commonBytes: 30 };
    const taking = fc.record({
      do: fc.constant('take' as const),
      account: fc.constantFrom(...accounts),
      // Now and then one is larger than all the room there is.
      bytes: fc.oneof({ weight: 20, arbitrary: fc.nat(20) }, fc.constant(70)),
    });
    const leaving = fc.record({ do: fc.constant('leave' as const), nth: fc.nat(60) });
    const ending = fc.record({ do: fc.constant('end' as const), account: fc.constantFrom(...accounts, undefined) });
    const step = fc.oneof({ weight: 4, arbitrary: taking }, leaving, ending);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 100 }), async (steps) => {
        const desk = new Desk(new Turns(limits));
        const ends: Promise<string>[] = [];
        const leavers: AbortController[] = [];
        const room = new CountedRoom(limits);
        for (const one of steps) {
          if (one.do === 'take') {
            const gone = new AbortController();
            leavers.push(gone);
            const name = `${ends.length}`;
            let isRefused = false;
            const taken = desk.take(one.account, { bytes: one.bytes, gone: gone.signal, name });
            ends.push(
              taken.catch((error: Error) => {
                isRefused = error instanceof NoRoomError;
                return error.name;
              }),
            );
            await settled();
            if (!desk.begun.includes(name)) {
              assert.equal(isRefused, !room.isThereFor(one.account, one.bytes), `${one.bytes} at ${one.account}`);
              if (!isRefused) room.waiting.set(name, one);
            }
          } else if (one.do === 'leave') {
            leavers[one.nth]?.abort();
            room.waiting.delete(`${one.nth}`);
          } else await desk.end(one.account);
          for (const name of desk.begun) room.waiting.delete(name);
        }
        await desk.endAll();
        const came = await Promise.all(ends);
        assert.equal(new Set(desk.begun).size, desk.begun.length, 'none begun twice');
        const served = came.filter((end) => end !== 'GoneError' && end !== 'NoRoomError');
        assert.deepEqual([...served].sort(), [...desk.begun].sort(), 'begun is served');
        assert.ok(desk.mostInAll <= 3);
        for (const most of desk.most.values()) assert.ok(most <= 2);
        // Nothing is left of what was borrowed: to the byte, one account has its own room and all of the common one.
        const begun = [1, 2].map(() => desk.take('a'));
        const filling = Array.from({ length: 50 }, () => desk.take('a'));
        await assert.rejects(desk.take('a'), NoRoomError);
        await desk.endAll();
        assert.equal((await Promise.all([...begun, ...filling])).length, 52);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});

describe('the limits of a process', () => {
  const NORMAL_PER_SECOND = 30;
  const STRIPE_WAITS_SECONDS = 20;
  const BURST = 10 * NORMAL_PER_SECOND * STRIPE_WAITS_SECONDS;
  const TYPICAL = weightOf(4_096);

  it('hold ten times a busy account for as long as Stripe waits, without anything being handed over, of however many', async () => {
    for (const accounts of [1, 2, 5, 10, 32]) {
      const desk = new Desk(new Turns(limitsFor(accounts)));
      const burst = Array.from({ length: BURST }, () => desk.take('bursting', { bytes: TYPICAL }));
      // Each of the others sends what it does in two seconds, into its own room.
      const others = Array.from({ length: accounts - 1 }, (_, nth) => `other-${nth}`);
      const rest = others.flatMap((account) =>
        Array.from({ length: 2 * NORMAL_PER_SECOND }, () => desk.take(account, { bytes: TYPICAL })),
      );
      await desk.endAll();
      const all = await Promise.all([...burst, ...rest]);
      assert.equal(all.length, BURST + (accounts - 1) * 2 * NORMAL_PER_SECOND);
    }
  });

  it('leave turns to others', () => {
    for (const accounts of [2, 5, 32]) {
      const { atOnce, atOncePerAccount } = limitsFor(accounts);
      assert.ok(atOncePerAccount < atOnce);
    }
  });

  it('bound what all accounts together take, and give each room for the largest event', () => {
    for (const accounts of [1, 2, 5, 10, 32]) {
      const { ownBytes, commonBytes } = limitsFor(accounts);
      assert.ok(accounts * ownBytes + commonBytes <= 256 * MB);
      assert.ok(ownBytes > weightOf(MB));
    }
    const { ownBytes, commonBytes } = limitsFor(100);
    assert.deepEqual([ownBytes, commonBytes], [2 * MB, 192 * MB], 'many accounts take a little more');
  });
});
