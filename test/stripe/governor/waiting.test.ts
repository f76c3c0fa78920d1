import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Waiter, Waiting } from '../../../src/stripe/governor/waiting.js';

/** Calls of one priority at one endpoint, by their merchants. */
class Calls {
  readonly went: string[] = [];
  private readonly waiting = new Waiting();
  private nth = 0;

  come(merchant: string, many = 1): void {
    for (let i = 0; i < many; i += 1) {
      this.nth += 1;
      const waiter: Waiter = {
        ...{ merchant, endpoint: 'payment_intents.create', priority: 1, waitMs: 1e9, askedMs: this.nth },
        ...{ go: () => undefined, giveUp: () => undefined },
      };
      this.waiting.add(waiter);
    }
  }

  go(many = 1): void {
    for (let i = 0; i < many; i += 1) {
      const [head] = this.waiting.heads();
      if (head === undefined) return;
      this.waiting.take(head);
      this.went.push(head.merchant);
    }
  }
}

describe('calls that wait in a worker', () => {
  it('a merchant that comes while another has many waiting goes next', () => {
    const calls = new Calls();
    calls.come('large', 10);
    calls.go(3);
    calls.come('small', 2);
    calls.go(4);
    assert.deepEqual(calls.went.slice(3), ['small', 'large', 'small', 'large']);
  });

  it('whoever comes back after each of its turns has no more than one among others', () => {
    const calls = new Calls();
    const others = ['a', 'b', 'c', 'd'];
    for (const merchant of others) calls.come(merchant, 40);
    calls.go(4);
    for (let i = 0; i < 100; i += 1) {
      if (i === 0 || calls.went.at(-1) === 'eager') calls.come('eager');
      calls.go();
    }
    const turns = (merchant: string) => calls.went.slice(4).filter((who) => who === merchant).length;
    for (const merchant of [...others, 'eager']) assert.equal(turns(merchant), 20, merchant);
  });

  it('a crowd of merchants with one call each, one for every turn there is, does not keep the others waiting', () => {
    const calls = new Calls();
    calls.come('large', 100);
    calls.go(1);
    for (let i = 0; i < 100; i += 1) {
      calls.come(`one of many ${i}`);
      calls.go();
    }
    // As where each waits behind all others that are there: those that came since its last turn go before its next.
    const large = calls.went.flatMap((who, i) => (who === 'large' ? [i] : []));
    assert.deepEqual(large.slice(0, 8), [0, 2, 5, 9, 14, 20, 27, 35]);
  });

  it('of two that both wait all the while, none has two turns more than the other', () => {
    const arrivals = fc.array(
      fc.record({ merchant: fc.integer({ min: 0, max: 5 }), goes: fc.integer({ min: 0, max: 3 }) }),
      {
        minLength: 10,
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(arrivals, (steps) => {
        const calls = new Calls();
        calls.come('a', 500);
        calls.come('b', 500);
        for (const { merchant, goes } of steps) {
          calls.come(`other ${merchant}`);
          calls.go(goes);
        }
        let ahead = 0;
        for (const who of calls.went) {
          ahead += who === 'a' ? 1 : who === 'b' ? -1 : 0;
          assert.ok(Math.abs(ahead) <= 1, calls.went.join(' '));
        }
      }),
    );
  });

  it('lets each go once, in the order of its merchant', () => {
    const steps = fc.array(
      fc.record({ merchant: fc.integer({ min: 0, max: 3 }), goes: fc.integer({ min: 0, max: 2 }) }),
    );
    fc.assert(
      fc.property(steps, (all) => {
        const calls = new Calls();
        for (const { merchant, goes } of all) {
          calls.come(String(merchant));
          calls.go(goes);
        }
        calls.go(all.length);
        const came = all.map(({ merchant }) => String(merchant)).sort();
        assert.deepEqual([...calls.went].sort(), came);
      }),
    );
  });
});
