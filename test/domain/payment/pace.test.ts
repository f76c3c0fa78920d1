import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Fact, type IntentSource, open, type Step, type Terms } from '../../../src/domain/payment/index.js';
import { Adversary } from '../../support/adversary.js';
import { SEED } from '../../support/any-fact.js';
import { captureOf, FIRST, HOUR, MINUTE, offered, PAST_LOST, SECOND, T0, TERMS } from '../../support/facts.js';
import type { Dice } from '../../support/payment-life.js';

/** The same answers over and over, in turn: what makes a loop hot is that nothing ever changes. */
function inTurn(rolls: readonly number[]): Dice {
  let at = 0;
  return (sides) => (rolls[at++ % Math.max(1, rolls.length)] ?? 0) % sides;
}

type Event = (stripe: Adversary) => Fact;
const sight =
  (source: IntentSource): Event =>
  (stripe) => ({ type: 'intent', source, intent: stripe.anyIntent(), key: null, atMs: stripe.now });
const always =
  (fact: Fact): Event =>
  () =>
    fact;

/** What can come from outside while a payment waits. */
const EVENTS: readonly Event[] = [
  sight('webhook'),
  sight('webhook'),
  sight('webhook'),
  sight('sweep'),
  always(offered('pm_1')),
  always(offered('pm_2', 'confirm/2')),
  always(captureOf(1000)),
  always(captureOf(TERMS.amount, 'capture/2')),
  always({ type: 'cancel_requested', by: 'temporal' }),
  always({ type: 'look_wanted' }),
  always({ type: 'ruled_dead' }),
  always(PAST_LOST),
];

const anyCourse = fc.record({
  rolls: fc.array(fc.nat(99), { minLength: 1, maxLength: 12, size: 'max' }),
  events: fc.array(fc.nat(EVENTS.length - 1), { maxLength: 12, size: 'max' }),
  offSession: fc.boolean(),
  expiresInMs: fc.constantFrom(15 * MINUTE, 100 * HOUR),
});

/**
 * The quickest pause between two sends is 15 s once the first few are over, between two looks 30 s: 250 steps an hour,
 * with room for the first few, the ways from one attempt to the next, and what each event gives cause for.
 */
const MOST_AN_HOUR = 250 + 50;
const MOST_PER_EVENT = 12;

function course(
  {
    rolls,
    events,
    offSession,
    expiresInMs,
  }: {
    rolls: number[];
    events: number[];
    offSession: boolean;
    expiresInMs: number;
  },
  hours: number,
): Adversary {
  const terms: Terms = { ...TERMS, offSession, expiresAtMs: T0 + expiresInMs };
  const stripe = new Adversary(open(terms, FIRST), inTurn(rolls));
  for (const event of events) {
    stripe.runUntil(stripe.now + 10 * SECOND);
    const fact = EVENTS[event]?.(stripe);
    if (fact !== undefined) stripe.tell(fact);
    stripe.now += 10 * SECOND;
  }
  stripe.runUntil(stripe.now + hours * HOUR);
  return stripe;
}

describe('a payment, whatever Stripe answers', () => {
  it('takes a bounded number of steps an hour, and a few at one moment', () => {
    const tried = new Set<Step['do']>();
    fc.assert(
      fc.property(anyCourse, (chances) => {
        const stripe = course(chances, 3);
        for (const { do: step } of stripe.acted) tried.add(step);
        const { anHour, aMoment } = stripe.busiest();
        const told = stripe.told.length;
        assert.ok(anHour <= MOST_AN_HOUR + told * MOST_PER_EVENT, `${anHour} steps in an hour after ${told} events`);
        assert.ok(aMoment <= MOST_PER_EVENT, `${aMoment} steps at one moment`);
      }),
      { seed: SEED, numRuns: 1_500 },
    );
    const steps: Step['do'][] = [
      'send',
      'find',
      'read',
      'capture',
      'cancel',
      'expire',
      'reattempt',
      'report',
      'hand_over',
    ];
    for (const step of steps) assert.ok(tried.has(step), `${step} was never taken`);
  });

  it('slows down with its age: its second day takes a handful of steps an hour', () => {
    fc.assert(
      fc.property(anyCourse, (chances) => {
        const stripe = course(chances, 48);
        const late = stripe.acted.filter((a) => a.atMs > T0 + 24 * HOUR).length;
        assert.ok(late <= 24 * 12, `${late} steps in its second day`);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});
