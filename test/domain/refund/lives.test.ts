import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Reply } from '../../../src/domain/outcome.js';
import { type RefundSnapshot, type RefundStep, refundStanding } from '../../../src/domain/refund/index.js';
import { SEED } from '../../support/any-fact.js';
import { HOUR, MINUTE, T0 } from '../../support/facts.js';
import { type Dice, diceOf } from '../../support/payment-life.js';
import { asked, followed, refund } from '../../support/refund-facts.js';
import { MiniRefunds, RefundLife, type RefundStripe, refundError } from '../../support/refund-life.js';

const DAY = 24 * HOUR;
const anyChances = fc.record({
  rolls: fc.array(fc.nat(59), { maxLength: 40, size: 'max' }),
  end: fc.constantFrom('succeeded', 'failed', 'canceled'),
  eventsLost: fc.boolean(),
});

describe('a refund lived against a Stripe in memory', () => {
  it('is made once at most, and ends as Stripe ended it, whatever was lost on the way', () => {
    const ends: Record<string, number> = {};
    fc.assert(
      fc.property(anyChances, ({ rolls, end, eventsLost }) => {
        const stripe = new MiniRefunds(diceOf(rolls), end);
        const life = new RefundLife(asked(), stripe);
        life.runUntil(T0 + 3 * DAY);
        stripe.settle();
        if (!eventsLost && stripe.made.length > 0) life.hear(stripe.retrieve());
        const rests = life.runUntil(T0 + 10 * DAY);
        const { status, outcome, final, failure } = refundStanding(life.state);
        ends[outcome ?? status] = (ends[outcome ?? status] ?? 0) + 1;
        assert.ok(stripe.made.length <= 1, 'never twice');
        assert.equal(life.state.disregarded, 0);
        if (outcome === 'unknown')
          return assert.equal(life.state.attempt?.serverError, true, 'only a 500 is beyond proof');
        assert.deepEqual([rests, final], ['closed', true]);
        if (stripe.made.length === 1) assert.equal(status, end);
        else assert.deepEqual([status, failure?.code], ['failed', 'charge_already_refunded']);
        assert.equal(life.state.alerted, status !== 'succeeded', 'people are told when the customer gets no money');
      }),
      { seed: SEED, numRuns: 3_000 },
    );
    for (const end of ['succeeded', 'failed', 'canceled', 'unknown']) {
      assert.ok((ends[end] ?? 0) > 20, `only ${ends[end]} ended ${end}`);
    }
  });

  it('that failed after it had closed is told of once, by the run that goes on from it', () => {
    const stripe = new MiniRefunds(diceOf([]), 'succeeded');
    const life = new RefundLife(asked(), stripe);
    life.runUntil(T0);
    stripe.settle();
    life.hear(stripe.retrieve());
    assert.equal(life.runUntil(T0 + HOUR), 'closed');
    const later = new RefundLife(life.state, stripe);
    for (let twice = 0; twice < 2; twice += 1) later.hear(refund('failed'));
    assert.equal(later.runUntil(T0 + HOUR), 'closed');
    assert.deepEqual(
      later.acted.map((a) => a.do),
      ['alert'],
    );
  });
});

/** Answers with anything, the same over and over. */
function anyMind(dice: Dice): RefundStripe {
  const statuses = ['pending', 'in_limbo', 'requires_action', 'succeeded', 'failed', 'canceled'];
  const odd = [{}, {}, { amount: 5 }, { id: 're_2' }];
  const any = () => refund(statuses[dice(6)] ?? 'pending', odd[dice(4)]);
  const replies = (): Reply<RefundSnapshot>[] => [
    { kind: 'lost', why: 'no answer in time' },
    { kind: 'object', object: any(), replayed: false },
    refundError(500),
    refundError(500, true),
    refundError(429),
    refundError(400),
    refundError(402),
    refundError(409),
    { kind: 'not_sent', why: 'connection_refused' },
    { kind: 'not_sent', why: 'key_too_old' },
  ];
  return {
    create: () => replies()[dice(10)] ?? refundError(500),
    find: () => (dice(2) === 0 ? null : any()),
    retrieve: any,
  };
}

describe('a refund, whatever Stripe answers', () => {
  it('keeps a measured pace: a bounded number of steps an hour, and a handful on its second day', () => {
    const tried = new Set<RefundStep['do']>();
    const inTurn = (rolls: readonly number[]): Dice => {
      let at = 0;
      return (sides) => (rolls[at++ % rolls.length] ?? 0) % sides;
    };
    const anyCourse = fc.record({
      rolls: fc.array(fc.nat(99), { minLength: 1, maxLength: 10, size: 'max' }),
      events: fc.array(fc.constantFrom('pending', 'in_limbo', 'succeeded', 'failed'), { maxLength: 3 }),
      made: fc.constantFrom('here', 'elsewhere'),
      reset: fc.boolean(),
    });
    fc.assert(
      fc.property(anyCourse, ({ rolls, events, made, reset }) => {
        const life = new RefundLife(made === 'here' ? asked() : followed(), anyMind(inTurn(rolls)));
        if (reset) life.learn({ type: 'past_lost', deadlineMs: T0 });
        for (const status of events) {
          life.runUntil(life.now + MINUTE);
          life.hear(refund(status));
        }
        life.runUntil(T0 + 2 * DAY);
        for (const { do: step } of life.acted) tried.add(step);
        const within = (from: number, span: number) =>
          life.acted.filter((a) => a.atMs >= from && a.atMs < from + span).length;
        assert.ok(within(T0, HOUR) <= 300, `${within(T0, HOUR)} steps in the first hour`);
        assert.ok(within(T0 + DAY, DAY) <= 24 * 12, `${within(T0 + DAY, DAY)} steps on the second day`);
        for (const { atMs } of life.acted) assert.ok(within(atMs, 1) <= 6, `${within(atMs, 1)} steps at one moment`);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
    const steps: RefundStep['do'][] = ['send', 'find', 'read', 'identify', 'alert', 'hand_over'];
    for (const step of steps) assert.ok(tried.has(step), `${step} was never taken`);
  });
});
