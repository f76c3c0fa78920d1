import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type BudgetUse,
  type CountedSecond,
  firstAtStripe,
  leftOverOf,
  type Passed,
  stepsOf,
  useOf,
} from '../../bench/figures/budget.js';
import {
  checkBeside,
  checkHidden,
  checkJobCalls,
  checkLeftOver,
  checkUse,
  checkWorst,
} from '../../bench/figures/budget-checks.js';
import { stepping } from '../../bench/rows/budget-use.js';
import { DEFAULT_ROWS, ROWS } from '../../bench/rows/index.js';

const FROM_MS = 1_763_800_000_000;
const second = (nth: number, sent: number, allowed = sent): CountedSecond => ({
  at_ms: FROM_MS + nth * 1_000,
  sent,
  allowed,
});

describe('the use of a limit', () => {
  it('is what was let through of all that would have been, over the seconds of its steps and no others', () => {
    const seconds = [second(-1, 50), second(0, 100), second(0, 5, 0), second(1, 60), second(2, 30), second(3, 70)];
    const steps = [
      { perSecond: 100, seconds: 2 },
      { perSecond: 50, seconds: 1 },
    ];
    const { sent, allowed, refused, used, refusedShare } = useOf(stepsOf(seconds, FROM_MS, steps));
    assert.deepEqual([sent, allowed, refused], [195, 190, 5]);
    assert.deepEqual(
      stepsOf(seconds, FROM_MS, steps).map((step) => [step.allowed, step.refused]),
      [
        [160, 5],
        [30, 0],
      ],
    );
    assert.equal(used, 190 / 250);
    assert.equal(refusedShare, 5 / 195);
  });

  it('of which nothing was used is 0, and nothing of it refused', () => {
    const { used, refusedShare } = useOf(stepsOf([], FROM_MS, [{ perSecond: 1, seconds: 1 }]));
    assert.deepEqual([used, refusedShare], [0, 0]);
  });

  it('that steps unseen is five steps of one length', () => {
    assert.deepEqual(
      stepping(60).map(({ perSecond, seconds }) => [perSecond, seconds]),
      [100, 60, 100, 30, 100].map((perSecond) => [perSecond, 60]),
    );
  });
});

describe('what checkout leaves', () => {
  const at = (ms: number, work: Passed['work']): Passed => ({ atMs: FROM_MS + ms, work });

  it('is counted within the window, and background at its least in any stretch of it', () => {
    const checkout = Array.from({ length: 80 }, (_, nth) => at(nth * 125, 'checkout'));
    const early = Array.from({ length: 15 }, (_, nth) => at(nth * 300, 'background'));
    const late = Array.from({ length: 4 }, (_, nth) => at(5_000 + nth * 1_000, 'background'));
    const outside = [at(-1, 'background'), at(10_000, 'background'), at(10_000, 'checkout')];
    const left = leftOverOf([...checkout, ...early, ...late, ...outside], FROM_MS, 10, 10);
    assert.deepEqual(left, { checkout: 80, background: 19, share: 19 / 20, leastPerSecond: 4 / 5 });
  });

  it('starves background where a stretch has none of it', () => {
    assert.equal(leftOverOf([at(0, 'background')], FROM_MS, 10, 10).leastPerSecond, 0);
  });
});

describe('a payment at Stripe', () => {
  it('is there with its first request, and what is not of a payment is nobody', () => {
    const logged = (atMs: number, idempotencyKey: string | null) => ({ atMs, idempotencyKey, status: 200 });
    const first = firstAtStripe([
      logged(5, 'penstock/1/pay.shop.a/create/default/1'),
      logged(6, null),
      logged(7, 'bench-1'),
      logged(8, 'penstock/1/pay.shop.a/create/default/1'),
      logged(9, 'penstock/1/pay.shop.b/create/default/1'),
    ]);
    assert.deepEqual(
      [...first],
      [
        ['pay.shop.a', 5],
        ['pay.shop.b', 9],
      ],
    );
  });
});

describe('the targets of the budget', () => {
  const use = (changes: Partial<BudgetUse>) => ({
    ...{ sent: 6_000, allowed: 6_000, refused: 0, used: 0.98, refusedShare: 0 },
    ...{ workers: 2, steps: [], worstSecond: 100, underWayMs: 5 },
    ...changes,
  });
  const held = (checks: readonly { readonly held: boolean }[]) => checks.map((check) => check.held);

  it('want 98% of a limit that is known, and no 429', () => {
    assert.deepEqual(held(checkUse(use({}))), [true, true]);
    assert.deepEqual(held(checkUse(use({ used: 0.9799 }))), [false, true]);
    assert.deepEqual(held(checkUse(use({ refused: 1 }))), [true, false]);
  });

  it('want 97.5% of one that is not, and less than 0.5% refused', () => {
    assert.deepEqual(held(checkHidden(use({ used: 0.975, refusedShare: 0.0049 }))), [true, true]);
    assert.deepEqual(held(checkHidden(use({ used: 0.974, refusedShare: 0.005 }))), [false, false]);
  });

  it('hold the worst second of every stage to the limit', () => {
    const stage = (worstSecond: number) => ({ workers: 1, sent: 1, refused: 0, worstSecond });
    assert.deepEqual(held(checkWorst([stage(40), stage(100)], 100)), [true]);
    assert.deepEqual(held(checkWorst([stage(101), stage(40)], 100)), [false]);
  });

  it('hold beside a backlog when chance at its worst leaves them standing, and nothing was left out', () => {
    const part = { p50: 1, p99: 1 };
    const of = (p99: number) => ({ p50: 1, p99, way: { decided: part, handedOver: part, sent: part } });
    const beside = (again: number, unsent = 0, elsewhere = 100, leastWorkedPerSecond = 90) => ({
      ...{ alone: of(100), beside: of(110), elsewhere: of(elsewhere), aloneAgain: of(again) },
      ...{ backlog: 1, payments: 1, refused: 0, unsent, leastWorkedPerSecond, leftPerSecond: 100 },
    });
    assert.deepEqual(held(checkBeside(beside(100), 'p99', 1.2)), [true, true, true, true]);
    assert.deepEqual(held(checkBeside(beside(109), 'p99', 1.2)), [true, true, true, true]);
    assert.deepEqual(held(checkBeside(beside(110), 'p99', 1.2)), [false, true, true, true]);
    assert.deepEqual(held(checkBeside(beside(90), 'p99', 1.2)), [false, true, true, true], 'either way');
    assert.deepEqual(held(checkBeside(beside(100, 1), 'p99', 1.2)), [true, true, true, false]);
    assert.deepEqual(held(checkBeside(beside(100, 0, 90), 'p99', 1.2)), [true, false, true, true]);
    assert.deepEqual(held(checkBeside(beside(100, 0, 100, 79), 'p99', 1.2)), [true, true, false, true]);
  });

  it('want 95% of what is left for background, and its floor', () => {
    const left = (share: number, leastPerSecond: number) => ({
      ...{ checkout: 98, asked: 100, background: 1, perSecond: 20, floorPerSecond: 2, seconds: 1, refused: 0 },
      ...{ share, leastPerSecond },
    });
    assert.deepEqual(held(checkLeftOver(left(0.95, 2))), [true, true, true]);
    assert.deepEqual(held(checkLeftOver({ ...left(0.95, 2), checkout: 97 })), [false, true, true]);
    assert.deepEqual(held(checkLeftOver(left(0.94, 1.8))), [true, false, false]);
  });

  it('want no call too many of a job, and nothing left undone', () => {
    const job = (calls: number, wrong = 0) => ({ of: 1, calls, counted: calls, wrong, seconds: 1 });
    assert.deepEqual(held(checkJobCalls({ reconciliation: job(101), recovery: job(12) })), [true, true, true, true]);
    assert.deepEqual(held(checkJobCalls({ reconciliation: job(102), recovery: job(13) })), [false, false, true, true]);
    assert.deepEqual(held(checkJobCalls({ reconciliation: job(1, 1), recovery: job(1) })), [true, true, false, true]);
    const miscounted = { ...job(1), calls: 2 };
    assert.deepEqual(held(checkJobCalls({ reconciliation: miscounted, recovery: job(1) })), [true, true, true, false]);
  });
});

describe('the default set', () => {
  it('leaves out what takes minutes by itself, and nothing else', () => {
    const apart = Object.keys(ROWS).filter((name) => !DEFAULT_ROWS.includes(name));
    assert.deepEqual(apart, [
      'acknowledgement',
      'simulator',
      'budget-worst-second',
      'hidden-limit',
      'checkout-beside-background',
      'merchant-fairness',
      'background-left-over',
    ]);
  });
});
