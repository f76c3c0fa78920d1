import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Scheduled } from '../../src/simulator/objects/simulated.js';
import { Store } from '../../src/simulator/state/store.js';
import { Agenda } from '../../src/simulator/time/agenda.js';
import { Clock } from '../../src/simulator/time/clock.js';
import { SEED } from '../support/any-fact.js';
import { T0 } from '../support/facts.js';

const ACCOUNT = 'acct';

/** An agenda over a store in memory, that notes what it carries out. Real time stands still. */
class Noted {
  readonly store = new Store({ folder: undefined });
  readonly clock = new Clock(this.store, () => T0);
  readonly done: string[] = [];
  hindered = false;
  readonly agenda = new Agenda({
    store: this.store,
    clock: this.clock,
    carryOut: (account, { id, dueMs }) => {
      if (this.hindered) throw new Error('no room');
      this.store.commit([[account, 'scheduled', id]]);
      this.done.push(`${id} at ${dueMs - T0}`);
    },
  });

  schedule(id: string, inMs: number): void {
    const row: Scheduled = { id, kind: 'payout_due', concerns: id, dueMs: this.clock.now() + inMs };
    this.store.commit([[ACCOUNT, 'scheduled', row]]);
  }

  unschedule(id: string): void {
    this.store.commit([[ACCOUNT, 'scheduled', id]]);
  }

  step(ms: number): void {
    this.clock.stepForward(ms);
    this.agenda.catchUp();
  }
}

type Act =
  | { readonly act: 'schedule'; readonly id: string; readonly inMs: number }
  | { readonly act: 'unschedule'; readonly id: string }
  | { readonly act: 'step'; readonly ms: number };

const anyId = fc.nat(5).map((n) => `due_${n}`);
const anyAct: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ act: fc.constant('schedule' as const), id: anyId, inMs: fc.nat(10) }),
  fc.record({ act: fc.constant('unschedule' as const), id: anyId }),
  fc.record({ act: fc.constant('step' as const), ms: fc.nat(8) }),
);

/** What is to be carried out, by going through everything at each step. In no order. */
function naive(acts: readonly Act[]): string[] {
  const waiting = new Map<string, number>();
  const done: string[] = [];
  let now = 0;
  for (const one of acts) {
    if (one.act === 'unschedule') waiting.delete(one.id);
    else if (one.act === 'schedule') waiting.set(one.id, now + one.inMs);
    else {
      now += one.ms;
      const ripe = [...waiting].filter(([, due]) => due <= now);
      for (const [id] of ripe) waiting.delete(id);
      done.push(...ripe.map(([id, due]) => `${id} at ${due}`));
    }
  }
  return done;
}

describe('an agenda', () => {
  it('carries out each thing once, when it is due and in that order, whatever was put off or taken back', () => {
    fc.assert(
      fc.property(fc.array(anyAct, { maxLength: 60 }), (acts) => {
        const noted = new Noted();
        for (const one of acts) {
          if (one.act === 'schedule') noted.schedule(one.id, one.inMs);
          else if (one.act === 'unschedule') noted.unschedule(one.id);
          else noted.step(one.ms);
        }
        const dues = noted.done.map((one) => Number(one.split(' at ')[1]));
        assert.deepEqual(
          dues,
          [...dues].sort((a, b) => a - b),
        );
        assert.deepEqual([...noted.done].sort(), naive(acts).sort());
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  it('carries out what is due together in the order in which it was scheduled', () => {
    const noted = new Noted();
    for (const id of ['due_3', 'due_1', 'due_2']) noted.schedule(id, 5);
    noted.step(5);
    assert.deepEqual(noted.done, ['due_3 at 5', 'due_1 at 5', 'due_2 at 5']);
  });

  it('forgets what was put off tens of thousands of times, and none of what is still to come', () => {
    const noted = new Noted();
    noted.schedule('last', 60_000);
    for (let i = 0; i < 25_000; i += 1) noted.schedule('put off', 30_000 - i);
    noted.schedule('first', 1);
    noted.step(100_000);
    assert.deepEqual(noted.done, ['first at 1', `put off at ${30_000 - 24_999}`, 'last at 60000']);
  });

  it('takes up what a former process has left, in its order', () => {
    const { store } = new Noted();
    for (const [id, dueMs] of [
      ['late', T0 + 20],
      ['early', T0 + 10],
    ] as const)
      store.commit([[ACCOUNT, 'scheduled', { id, kind: 'payout_due', concerns: id, dueMs }]]);
    const done: string[] = [];
    const clock = new Clock(store, () => T0 + 30);
    const carryOut = (account: string, { id }: Scheduled) => {
      done.push(id);
      store.commit([[account, 'scheduled', id]]);
    };
    new Agenda({ store, clock, carryOut }).catchUp();
    assert.deepEqual(done, ['early', 'late']);
  });

  it('tells who asks of what could not be carried out, and carries it out once it can be, before what is due later', () => {
    const noted = new Noted();
    noted.schedule('one', 1);
    noted.schedule('two', 2);
    noted.hindered = true;
    assert.throws(() => noted.step(5), /no room/);
    assert.throws(() => noted.agenda.catchUp(), /no room/);
    assert.deepEqual(noted.done, []);
    noted.hindered = false;
    noted.agenda.catchUp();
    assert.deepEqual(noted.done, ['one at 1', 'two at 2']);
  });
});
