import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GoneError, limitsFor, NoRoomError, Turns, weightOf } from '../../src/webhooks/turns.js';
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

describe('turns at handing events over', () => {
  const LIMITS = { atOnce: 4, atOncePerAccount: 2, waiting: 1_000, waitingBytes: 10 * MB };

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

  it('have no room beyond the bounds of count and bytes, which are of each account alone', async () => {
    const desk = new Desk(new Turns({ atOnce: 1, atOncePerAccount: 1, waiting: 3, waitingBytes: 100 }));
    const taken = [desk.take('a'), ...[1, 2, 3].map(() => desk.take('a'))];
    await assert.rejects(desk.take('a'), NoRoomError);
    taken.push(desk.take('b', { bytes: 60 }));
    await assert.rejects(desk.take('b', { bytes: 41 }), NoRoomError);
    taken.push(desk.take('b', { bytes: 40 }));
    // Larger than all the room there is, but alone.
    taken.push(desk.take('c', { bytes: 1_000 }));
    await assert.rejects(desk.take('c'), NoRoomError);
    await desk.endAll();
    assert.equal((await Promise.all(taken)).length, 7);
    const again = desk.take('a');
    await desk.endAll();
    assert.equal(await again, 'a', 'room comes back');
  });

  it('are left by whoever has gone: the work is not begun, and the room is free', async () => {
    const shown: number[] = [];
    const limits = { atOnce: 1, atOncePerAccount: 1, waiting: 2, waitingBytes: 100 };
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
    const turns = new Turns({ atOnce: 1, atOncePerAccount: 1, waiting: 5, waitingBytes: 100 });
    const { signal } = new AbortController();
    const failing = turns.take('a', 1, signal, () => Promise.reject(new Error('Temporal is away')));
    const next = turns.take('b', 1, signal, async () => 'taken');
    await assert.rejects(failing, /Temporal is away/);
    assert.equal(await next, 'taken');
  });

  it('begin or refuse every event once, whatever comes and goes in whatever order', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('take' as const), account: fc.constantFrom('a', 'b', 'c'), bytes: fc.nat(30) }),
      fc.record({ do: fc.constant('leave' as const), nth: fc.nat(20) }),
      fc.record({ do: fc.constant('end' as const), account: fc.constantFrom('a', 'b', 'c', undefined) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const limits = { atOnce: 3, atOncePerAccount: 2, waiting: 4, waitingBytes: 60 };
        const desk = new Desk(new Turns(limits));
        const ends: Promise<string>[] = [];
        const leavers: AbortController[] = [];
        for (const one of steps) {
          if (one.do === 'take') {
            const gone = new AbortController();
            leavers.push(gone);
            const name = `${ends.length}`;
            const options = { bytes: one.bytes, gone: gone.signal, name };
            ends.push(desk.take(one.account, options).catch((error: Error) => error.name));
          } else if (one.do === 'leave') leavers[one.nth]?.abort();
          else await desk.end(one.account);
        }
        await desk.endAll();
        const came = await Promise.all(ends);
        assert.equal(new Set(desk.begun).size, desk.begun.length, 'none begun twice');
        const served = came.filter((end) => end !== 'GoneError' && end !== 'NoRoomError');
        assert.deepEqual([...served].sort(), [...desk.begun].sort(), 'begun is served');
        assert.ok(desk.mostInAll <= 3);
        for (const most of desk.most.values()) assert.ok(most <= 2);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});

describe('the limits of a process', () => {
  it('hold ten times a busy account for as long as Stripe waits, without anything being handed over', () => {
    const NORMAL_PER_SECOND = 30;
    const STRIPE_WAITS_SECONDS = 20;
    const { waiting, waitingBytes } = limitsFor(1);
    const held = Math.min(waiting, Math.floor(waitingBytes / weightOf(4_096)));
    assert.ok(held >= 10 * NORMAL_PER_SECOND * STRIPE_WAITS_SECONDS, `${held}`);
  });

  it('leave turns to others, and bound what all accounts together take', () => {
    for (const accounts of [2, 5, 32]) {
      const { atOnce, atOncePerAccount, waitingBytes } = limitsFor(accounts);
      assert.ok(atOncePerAccount < atOnce);
      assert.ok(waitingBytes * accounts <= 256 * MB);
      assert.ok(waitingBytes > weightOf(MB), 'the largest event has room');
    }
  });
});
