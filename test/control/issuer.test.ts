import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answer, type BudgetAsk, type Issuer, isTooLate, left, NEW_ISSUER, TURN_MS } from '../../src/control/issuer.js';
import { aBudget } from '../support/a-budget.js';

const BUDGET = aBudget({ perSecond: 100, perEndpoint: 100, leaseMs: 5_000 });
const IDLE = { checkoutPerSecond: 0, backgroundPerSecond: 0, backgroundWaits: false };

class Asked {
  issuer: Issuer = NEW_ISSUER;
  nowMs = 1_000_000;
  private readonly holding = new Map<string, number>();

  ask(worker: string, changes: Partial<BudgetAsk> = {}) {
    const holding = this.holding.get(worker) ?? 0;
    const ask = { worker, holding, budget: BUDGET, demand: 50, rose: false, lanes: IDLE, reads: 0, ...changes };
    const { issuer, answer: given } = answer(this.issuer, ask, this.nowMs, true);
    this.issuer = JSON.parse(JSON.stringify(issuer));
    this.holding.set(worker, given.lease);
    return given;
  }

  /** Everybody asks each second, for so long. */
  everybody(workers: readonly string[], forMs: number) {
    const turns: string[] = [];
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs; this.nowMs += 1_000) {
      for (const worker of workers) if (this.ask(worker).tryMore) turns.push(worker);
    }
    return turns;
  }
}

describe('the issuer of a budget', () => {
  it('has one worker at a time try more, each in its turn', () => {
    const asked = new Asked();
    asked.everybody(['a', 'b', 'c'], 20_000);
    const turns = asked.everybody(['a', 'b', 'c'], 6 * TURN_MS);
    assert.equal(turns.length, 6);
    for (const worker of ['a', 'b', 'c']) assert.equal(turns.filter((who) => who === worker).length, 2);
  });

  it('tells the others, once, when one found that more gets through', () => {
    const asked = new Asked();
    asked.everybody(['a', 'b', 'c'], TURN_MS * 3);
    // Right after the turn of this slot was given.
    asked.everybody(['a', 'b', 'c'], 1_000);
    asked.nowMs -= 500;
    assert.equal(asked.ask('a', { rose: true }).tryMore, false);
    assert.deepEqual([asked.ask('b').tryMore, asked.ask('c').tryMore], [true, true]);
    assert.deepEqual([asked.ask('a').tryMore, asked.ask('b').tryMore, asked.ask('c').tryMore], [false, false, false]);
  });

  it('has one worker see to the lanes, and another when that one leaves', () => {
    const asked = new Asked();
    asked.everybody(['a', 'b'], 8_000);
    assert.notEqual(asked.ask('a').lanes, null);
    assert.equal(asked.ask('b').lanes, null);
    asked.issuer = left(asked.issuer, 'a', 0, asked.nowMs);
    assert.notEqual(asked.ask('b').lanes, null, 'what it sent still counts, and it sees to nothing');
  });

  it('takes an ask for too late once nobody waits for the answer, and never one that does not say until when', () => {
    const asked = new Asked();
    const { nowMs = Number.NaN } = asked.ask('a');
    assert.equal(nowMs, asked.nowMs);
    const ask = { worker: 'a', holding: 1, budget: BUDGET, demand: 0, rose: false, lanes: IDLE, reads: 0 };
    assert.equal(isTooLate(ask, nowMs + 1_000_000), false);
    assert.equal(isTooLate({ ...ask, waitsUntilMs: nowMs + 2_000 }, nowMs + 1_999), false);
    assert.equal(isTooLate({ ...ask, waitsUntilMs: nowMs + 2_000 }, nowMs + 2_000), true);
  });

  it('grants nobody what another has under way', () => {
    const asked = new Asked();
    asked.everybody(['a', 'b'], 8_000);
    asked.ask('a', { underWay: BUDGET.concurrent - 1 });
    asked.nowMs += 2_000;
    assert.equal(asked.ask('b', { underWay: 0 }).units['concurrent'], 1);
    asked.ask('a', { underWay: 0 });
    assert.ok((asked.ask('b', { underWay: 1 }).units['concurrent'] ?? 0) > 1);
  });

  it('counts the reads of all workers over 30 days', () => {
    const asked = new Asked();
    const DAY = 86_400_000;
    assert.equal(asked.ask('a', { reads: 4_000 }).readsLeft, 6_000);
    asked.nowMs += 20 * DAY;
    assert.equal(asked.ask('b', { reads: 5_000 }).readsLeft, 1_000);
    asked.nowMs += 9 * DAY;
    assert.equal(asked.ask('a').readsLeft, 1_000);
    asked.nowMs += 3 * DAY;
    assert.equal(asked.ask('a').readsLeft, 5_000);
  });

  it('counts what a worker read last as it leaves', () => {
    const asked = new Asked();
    asked.ask('a', { reads: 4_000 });
    asked.issuer = left(asked.issuer, 'a', 500, asked.nowMs);
    assert.equal(asked.ask('b').readsLeft, 5_500);
  });

  it('leaves background what checkout does not use, and its floor in any case', () => {
    const asked = new Asked();
    asked.everybody(['a', 'b'], 8_000);
    const busy = (checkoutPerSecond: number) => ({ checkoutPerSecond, backgroundPerSecond: 1, backgroundWaits: true });
    asked.ask('b', { lanes: busy(40) });
    const some = asked.ask('a', { lanes: busy(40) }).lanes;
    assert.deepEqual(some, { checkout: 90, background: 24 });
    asked.ask('b', { lanes: busy(60) });
    assert.deepEqual(asked.ask('a', { lanes: busy(60) }).lanes, { checkout: 90, background: 10 });
    asked.ask('b', { lanes: IDLE });
    assert.deepEqual(asked.ask('a', { lanes: IDLE }).lanes, { checkout: 100, background: 100 });
  });
});
