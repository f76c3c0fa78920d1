import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Waiter, Waiting } from '../../../src/stripe/governor/waiting.js';

interface Call {
  readonly merchant: string;
  readonly endpoint: string;
  readonly nth: number;
}

/** Calls of one priority. */
class Calls {
  readonly went: Call[] = [];
  private readonly waiting = new Waiting();
  private readonly calls = new Map<Waiter, Call>();

  come(merchant: string, many = 1, endpoint = 'create'): void {
    for (let i = 0; i < many; i += 1) {
      const nth = this.calls.size;
      const waiter: Waiter = {
        ...{ merchant, endpoint, priority: 1, waitMs: 1e9, askedMs: nth },
        ...{ go: () => undefined, giveUp: () => undefined },
      };
      this.calls.set(waiter, { merchant, endpoint, nth });
      this.waiting.add(waiter);
    }
  }

  /** The next that goes, at any endpoint or where only one is open. */
  go(many = 1, open?: string): void {
    for (let i = 0; i < many; i += 1) {
      const head = [...this.waiting.heads()].find(({ endpoint }) => open === undefined || endpoint === open);
      if (head === undefined) return;
      this.waiting.take(head, 0);
      const call = this.calls.get(head);
      assert.ok(call !== undefined);
      this.went.push(call);
    }
  }

  get merchants(): string[] {
    return this.went.map(({ merchant }) => merchant);
  }
}

const STEPS = fc.array(
  fc.record({
    merchant: fc.integer({ min: 0, max: 5 }).map(String),
    endpoint: fc.constantFrom('create', 'list'),
    goes: fc.integer({ min: 0, max: 3 }),
  }),
  { minLength: 10, maxLength: 60 },
);

describe('calls that wait in a worker', () => {
  it('a merchant that comes while another has many waiting goes next', () => {
    const calls = new Calls();
    calls.come('large', 10);
    calls.go(3);
    calls.come('small', 2);
    calls.go(4);
    assert.deepEqual(calls.merchants.slice(3), ['small', 'large', 'small', 'large']);
  });

  it('those that come meanwhile go in the order in which they came', () => {
    const calls = new Calls();
    calls.come('large', 10);
    calls.go(3);
    for (const merchant of ['one', 'another', 'a third']) calls.come(merchant);
    calls.go(4);
    assert.deepEqual(calls.merchants.slice(3), ['one', 'another', 'a third', 'large']);
  });

  it('whoever comes back after each of its turns has no more than one among others', () => {
    const calls = new Calls();
    const others = ['a', 'b', 'c', 'd'];
    for (const merchant of others) calls.come(merchant, 40);
    calls.go(4);
    for (let i = 0; i < 100; i += 1) {
      if (i === 0 || calls.merchants.at(-1) === 'eager') calls.come('eager');
      calls.go();
    }
    const turns = (merchant: string) => calls.merchants.slice(4).filter((who) => who === merchant).length;
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
    // More and more wait, and each has its turn first: where newcomers wait behind all others, it is 1, 3, 6, 10, 15, ...
    const large = calls.merchants.flatMap((who, i) => (who === 'large' ? [i] : []));
    assert.deepEqual(large.slice(0, 6), [0, 3, 8, 15, 24, 35]);
  });

  it('a crowd at one endpoint keeps nobody there waiting while others go elsewhere', () => {
    const calls = new Calls();
    calls.come('patient', 10, 'create');
    calls.go(1, 'create');
    calls.come('busy', 1_000, 'list');
    for (let i = 0; i < 20; i += 1) {
      calls.come(`one of many ${i}`, 1, 'create');
      calls.go(1, 'create');
      calls.go(3, 'list');
    }
    const patient = calls.merchants.filter((who) => who === 'patient').length;
    assert.ok(patient >= 5, `${patient} of ten went`);
  });

  it('while one waits no other has two turns', () => {
    fc.assert(
      fc.property(STEPS, (steps) => {
        const calls = new Calls();
        calls.come('patient', 500);
        for (const { merchant, endpoint, goes } of steps) {
          calls.come(merchant, 1, endpoint);
          calls.go(goes);
        }
        let since = new Set<string>();
        for (const who of calls.merchants) {
          assert.ok(!since.has(who), calls.merchants.join(' '));
          since = who === 'patient' ? new Set() : since.add(who);
        }
      }),
    );
  });

  it('each goes once, those of one merchant at one endpoint in the order in which they came', () => {
    fc.assert(
      fc.property(STEPS, (steps) => {
        const calls = new Calls();
        for (const { merchant, endpoint, goes } of steps) {
          calls.come(merchant, 1, endpoint);
          calls.go(goes);
        }
        calls.go(steps.length);
        assert.equal(new Set(calls.went.map(({ nth }) => nth)).size, steps.length);
        for (const { merchant, endpoint } of steps) {
          const own = calls.went.filter((call) => call.merchant === merchant && call.endpoint === endpoint);
          const order = own.map(({ nth }) => nth);
          assert.deepEqual(
            order,
            [...order].sort((a, b) => a - b),
          );
        }
      }),
    );
  });
});
