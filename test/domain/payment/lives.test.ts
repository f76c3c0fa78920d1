import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { currentAttempt, isUnknown, type PaymentStatus, standing } from '../../../src/domain/payment/index.js';
import { SEED } from '../../support/any-fact.js';
import { HOUR, MINUTE } from '../../support/facts.js';
import { diceOf, EXPIRES_AT, PaymentLife } from '../../support/payment-life.js';

const RUNS = { seed: SEED, numRuns: 3_000 };

/** What the API has to say of each status Stripe can rest in. */
const STATUS_OF: Readonly<Record<string, PaymentStatus>> = {
  requires_action: 'requires_action',
  requires_payment_method: 'requires_payment_method',
  requires_capture: 'authorized',
  processing: 'processing',
  succeeded: 'succeeded',
  canceled: 'canceled',
};

/**
 * Everything that can befall a payment by chance: cards that are declined, ask, take days or do not exist; replies lost
 * before and after Stripe acted; 500s that are kept; events early, late, twice and without their key; the customer in
 * the browser meanwhile; captures and cancels.
 */
const anyLife = fc
  .record({
    rolls: fc.array(fc.nat(59), { maxLength: 80, size: 'max' }),
    happenings: fc.nat(14),
    manual: fc.boolean(),
    first: fc.constantFrom(
      'pm_card_pays',
      'pm_card_declines',
      'pm_0_declines',
      'pm_0_asks',
      'pm_card_asks',
      'pm_0_slow',
    ),
  })
  .map(({ rolls, happenings, manual, first }) => {
    const life = new PaymentLife(diceOf(rolls), manual, first);
    for (let i = 0; i < happenings; i += 1) {
      const step = life.run();
      if (step.do === 'close') break;
      if (step.untilMs !== null && step.untilMs - life.now < MINUTE) life.now = step.untilMs;
      life.happen();
    }
    life.calmDown();
    life.runUntil(life.now + MINUTE);
    life.deliverAll();
    life.runUntil(life.now + 2 * HOUR);
    return life;
  });

describe('a payment lived against a Stripe in memory', () => {
  it('shows what Stripe shows, once every event has come, however it came', () => {
    const seen: Record<string, number> = {};
    fc.assert(
      fc.property(anyLife, ({ state, stripe, now }) => {
        const { status, outcome } = standing(state);
        const truth = stripe.intents.find((i) => i.status === 'succeeded') ?? stripe.intents.at(-1);
        assert.ok(now < EXPIRES_AT);
        assert.deepEqual([state.oddities, state.disregarded], [[], 0]);
        // An answer that was lost for good stays unknown, and says so.
        if (outcome === 'unknown' || truth === undefined || state.leaving !== null) return;
        const tries = state.attempts.length > 1 ? 'more tries' : 'one try';
        seen[`${truth.status}, ${tries}`] = (seen[`${truth.status}, ${tries}`] ?? 0) + 1;
        assert.equal(status, STATUS_OF[truth.status]);
      }),
      RUNS,
    );
    for (const status of Object.keys(STATUS_OF)) {
      for (const tries of ['one try', 'more tries']) {
        assert.ok((seen[`${status}, ${tries}`] ?? 0) > 10, `${status}, ${tries}: ${seen[`${status}, ${tries}`]}`);
      }
    }
  });

  it('charges once at most, and ends by itself as Stripe ended it, with nothing left that could still collect', () => {
    const ends: Record<string, number> = {};
    fc.assert(
      fc.property(anyLife, (life) => {
        // Its time runs out; a bank and an authorisation nobody captures have their own.
        life.runUntil(EXPIRES_AT + 30 * HOUR);
        life.stripe.bankDecides(true);
        life.deliverAll();
        life.runUntil(life.now + HOUR);
        life.stripe.stripeCancels();
        life.deliverAll();
        life.sweep();
        const step = life.runUntil(life.now + 30 * HOUR);
        const { state, stripe } = life;
        const paid = stripe.intents.filter((i) => i.status === 'succeeded');
        assert.ok(paid.length <= 1);
        assert.deepEqual([state.oddities, state.disregarded], [[], 0]);
        assert.equal(state.amountCaptured, paid[0]?.received ?? 0);
        ends[state.end?.status ?? 'none'] = (ends[state.end?.status ?? 'none'] ?? 0) + 1;
        // Only what may have met a 500 is beyond every proof, and goes on being looked for.
        if (isUnknown(currentAttempt(state))) return assert.ok(currentAttempt(state).serverError);
        assert.equal(step.do, 'close');
        assert.equal(state.end?.status === 'succeeded', paid.length === 1);
        assert.ok(stripe.intents.every((i) => i.status === 'canceled' || i.status === 'succeeded'));
      }),
      RUNS,
    );
    for (const end of ['succeeded', 'canceled']) assert.ok((ends[end] ?? 0) > 100, `only ${ends[end]} ended ${end}`);
  });
});
