import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nextRefund, type RefundFact, type RefundState, refundStanding } from '../../../src/domain/refund/index.js';
import { SEED } from '../../support/any-fact.js';
import { HOUR, MINUTE, T0, TERMS } from '../../support/facts.js';
import {
  afterAll,
  asked,
  BROKEN_REFUND,
  followed,
  KEPT_BROKEN_REFUND,
  LIMITED_REFUND,
  LOST_REFUND,
  OWNER,
  REFUND_TERMS,
  REFUSED_REFUND,
  refund,
  refundAbsent,
  refunding,
  refundLooked,
  refundMade,
  refundSent,
  told,
} from '../../support/refund-facts.js';

const RUNS = { seed: SEED, numRuns: 2_000 };

const anyStatus = fc.constantFrom(
  'pending',
  'requires_action',
  'succeeded',
  'failed',
  'canceled',
  'in_limbo',
  '__proto__',
);
const anyChanges = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  fc.constantFrom({ amount: 5 }, { id: 're_2' }, { currency: 'usd' }, { intent: null }, { account: 'second' }),
);
const anyAttempt = fc.integer({ min: 0, max: 3 });
const anyTime = fc.integer({ min: 0, max: 40 }).map((minutes) => T0 + minutes * MINUTE);
const anyOutcome = fc.oneof(
  fc.constantFrom(LOST_REFUND, LOST_REFUND, BROKEN_REFUND, KEPT_BROKEN_REFUND, LIMITED_REFUND, REFUSED_REFUND),
  fc.tuple(anyStatus, anyChanges).map(([status, changes]) => refundMade(status, changes)),
);
const anyFact: fc.Arbitrary<RefundFact> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(anyStatus, anyChanges).map(([status, changes]) => told(status, changes)) },
  { weight: 3, arbitrary: fc.tuple(anyAttempt, anyTime).map(([n, at]) => refunding(n, at)) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(anyAttempt, anyOutcome, anyTime)
      .map(([attempt, outcome, deadlineMs]) => refundSent(outcome, { attempt, deadlineMs })),
  },
  { weight: 4, arbitrary: fc.tuple(anyTime, anyAttempt).map(([at, n]) => refundAbsent(at, n)) },
  anyTime.map(refundLooked),
  fc.constantFrom<RefundFact>(
    { type: 'owned', owner: OWNER },
    { type: 'owned', owner: { kind: 'foreign' } },
    { type: 'past_lost', deadlineMs: T0 + HOUR },
    { type: 'cancel_requested' },
    { type: 'ruled_dead' },
    { type: 'handed_over', unknown: true },
    { type: 'alerted' },
  ),
);
/** Silence and looks: the way to a second attempt, which chance hardly finds. */
const anySilence = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(1, 1, 2)
      .chain((n) => fc.constantFrom(refunding(n), refundSent(LOST_REFUND, { attempt: n }))),
  },
  { weight: 2, arbitrary: fc.tuple(anyTime, fc.constantFrom(1, 2)).map(([at, n]) => refundAbsent(at, n)) },
);
const anyFacts = fc.oneof(
  fc.array(anyFact, { maxLength: 30, size: 'max' }),
  fc.array(fc.oneof({ weight: 4, arbitrary: anySilence }, anyFact), { maxLength: 30, size: 'max' }),
);
const anyStart = fc.constantFrom('asked', 'followed').map((how) => (how === 'asked' ? asked() : followed()));

function eachStep(
  start: RefundState,
  facts: readonly RefundFact[],
  check: (before: RefundState, fact: RefundFact, now: RefundState) => void,
): void {
  let before = deepFreeze(start);
  for (const fact of facts) {
    const now = deepFreeze(nextRefund(before, deepFreeze(fact)));
    check(before, fact, now);
    before = now;
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

describe('nextRefund, over any facts at all', () => {
  it('never throws, never writes to what it was given, and makes states that survive JSON', () => {
    fc.assert(
      fc.property(anyStart, anyFacts, (start, facts) => {
        eachStep(start, facts, (_before, _fact, now) => assert.deepEqual(JSON.parse(JSON.stringify(now)), now));
      }),
      RUNS,
    );
  });

  it('never goes back: not from failed or canceled, and from succeeded only to those', () => {
    const kept = { succeeded: 0, failed: 0, canceled: 0 };
    fc.assert(
      fc.property(anyStart, anyFacts, (start, facts) => {
        eachStep(start, facts, (before, _fact, now) => {
          const [was, is] = [before.seen?.status, now.seen?.status];
          assert.ok(before.seen === null || now.seen?.id === before.seen.id, 'one refund, and no other');
          if (was === 'failed' || was === 'canceled') assert.equal(is, was);
          if (was === 'succeeded') assert.ok(is === 'succeeded' || is === 'failed' || is === 'canceled');
          if (was === 'succeeded' || was === 'failed' || was === 'canceled') kept[was] += 1;
        });
      }),
      RUNS,
    );
    for (const [status, times] of Object.entries(kept)) assert.ok(times > 100, `only ${times} ${status}`);
  });

  it('has one attempt at a time, under one key, and opens the next only when the one before was never made', () => {
    let opened = 0;
    fc.assert(
      fc.property(anyStart, anyFacts, (start, facts) => {
        eachStep(start, facts, (before, fact, now) => {
          const [was, is] = [before.attempt, now.attempt];
          if (was === null || is === null) return assert.equal(was, is, 'what is only followed is never sent');
          if (is.number === was.number) {
            assert.equal(is.key, was.key);
            for (const flag of ['mayHaveArrived', 'serverError', 'repeatIsUseless'] as const) {
              assert.ok(is[flag] || !was[flag], flag);
            }
            return assert.ok(is.lastDeadlineMs >= was.lastDeadlineMs);
          }
          opened += 1;
          assert.ok(is.number === was.number + 1 && is.key !== was.key && is.sends === 0 && !is.mayHaveArrived);
          assert.ok(was.mayHaveArrived && !was.sending && !was.serverError && before.seen === null);
          assert.ok(fact.type === 'absent' && fact.atMs >= was.lastDeadlineMs + TERMS.timing.proofDelayMs);
        });
      }),
      RUNS,
    );
    assert.ok(opened > 50, `only ${opened} were opened`);
  });

  it('counts only what agrees with what was asked for, and says failed or canceled only of what holds no money', () => {
    fc.assert(
      fc.property(anyStart, anyFacts, (start, facts) => {
        eachStep(start, facts, (_before, _fact, { seen, attempt, givenUp }) => {
          const { account, amount, currency, intent } = REFUND_TERMS;
          if (seen !== null) {
            assert.deepEqual(
              [seen.account, seen.amount, seen.currency, seen.intent],
              [account, amount, currency, intent],
            );
          }
          assert.ok(givenUp === null || seen === null, 'what Stripe shows is not given up');
          const mayExist = attempt?.mayHaveArrived === true && attempt.rejected === null;
          assert.ok(givenUp === null || givenUp.kind === 'canceled' || !mayExist);
        });
      }),
      RUNS,
    );
  });
});

describe('nextRefund, over what Stripe could really show', () => {
  const paths = [
    ['succeeded'],
    ['pending', 'succeeded'],
    ['pending', 'succeeded', 'failed'],
    ['pending', 'failed'],
    ['requires_action', 'canceled'],
    ['pending', 'canceled'],
    ['requires_action', 'succeeded', 'failed'],
  ];
  const anyTelling = fc.constantFrom(...paths).chain((path) =>
    fc.record({
      path: fc.constant(path),
      order: fc.shuffledSubarray(path, { minLength: path.length }),
      twins: fc.array(fc.constantFrom(...path), { maxLength: 4 }),
      start: anyStart,
    }),
  );

  it('ends in the same standing whatever the order and the number of times it is told', () => {
    fc.assert(
      fc.property(anyTelling, ({ path, order, twins, start }) => {
        const standing = (statuses: readonly string[]) =>
          refundStanding(afterAll(start, ...statuses.map((status) => told(status))));
        assert.equal(standing(path).status, path.at(-1));
        for (const statuses of [order, [...order, ...twins], [...twins, ...order]]) {
          assert.deepEqual(standing(statuses), standing(path));
        }
      }),
      RUNS,
    );
  });

  it('takes an answer and an event of the same refund for the same fact', () => {
    fc.assert(
      fc.property(fc.constantFrom(...paths), (path) => {
        const byEvents = afterAll(asked(), refunding(), ...path.map((status) => told(status)));
        const byReply = afterAll(asked(), refunding(), ...path.map((status) => refundSent(refundMade(status))));
        assert.deepEqual(byReply.seen, byEvents.seen);
        assert.deepEqual(byReply.seen, refund(path.at(-1) ?? ''));
      }),
      { seed: SEED, numRuns: 50 },
    );
  });
});
