import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Fact, nextStep, type PaymentState } from '../../../src/domain/payment/index.js';
import { anyFacts, SEED } from '../../support/any-fact.js';
import {
  absent,
  after,
  CANCEL,
  EXPIRED,
  event,
  HOUR,
  keyOf,
  LOST,
  MINUTE,
  NOT_EXECUTED,
  PAST_LOST,
  PROVES_FROM,
  REJECTED,
  SECOND,
  SERVER_ERROR,
  STORED_SERVER_ERROR,
  sending,
  sent,
  settled,
  shown,
  T0,
  TERMS,
  taken,
} from '../../support/facts.js';
import { stepAt, table } from '../../support/plan-table.js';

/** A payment that expires long after everything else that can happen to it. */
const PATIENT = { expiresAtMs: T0 + 100 * HOUR };
const { keyLifeMs, patienceMs } = TERMS.timing;
const { expiresAtMs } = TERMS;
const LOOKED = absent(T0 + MINUTE, 1);
const HANDED: Fact = { type: 'handed_over', key: keyOf(1), unknown: true };
/** The next send or look after {@link LOST}, and after {@link LOOKED}. */
const AGAIN = T0 + SECOND;
const LOOK_AGAIN = T0 + 2 * MINUTE;

describe('an unsent payment', () => {
  table([
    ['is sent', [], T0, 'send'],
    ['is sent up to the last millisecond of its time', [], expiresAtMs - 1, 'send'],
    ['expires on time instead of being sent', [], expiresAtMs, 'expire'],
    ['refused for now waits its pause', [sending(), sent(NOT_EXECUTED)], T0, 'wait for repeat until +1 s'],
    ['refused for now is sent again after its pause', [sending(), sent(NOT_EXECUTED)], AGAIN, 'send'],
    [
      'refused for longer than it has wakes to expire',
      [sending(), sent(NOT_EXECUTED, { againAtMs: expiresAtMs + 1 })],
      T0,
      'wait for repeat until +900 s',
    ],
    ['taken back is sent again', [sending(), { type: 'taken_back', attempt: 1 }], T0, 'send'],
    ['called off closes without a word from Stripe', [CANCEL], T0, 'close'],
    ['refused for good closes', [sending(), sent(REJECTED)], T0, 'close'],
  ]);
});

describe('an unknown outcome', () => {
  const lost = [sending(), sent(LOST)];
  table(
    [
      ['waits its pause', lost, T0, 'wait for repeat until +1 s'],
      ['is repeated under the same key', lost, AGAIN, 'send'],
      ['is repeated as long as the key lives', [...lost, HANDED], T0 + keyLifeMs - 1, 'send'],
      ['with an older key only looks', [...lost, HANDED], T0 + keyLifeMs, 'find'],
      ['that is being left only looks', [...lost, CANCEL], AGAIN, 'find'],
      ['that has expired only looks', [...lost, EXPIRED], AGAIN, 'find'],
      ['after a first 500 is repeated', [sending(), sent(SERVER_ERROR)], AGAIN, 'send'],
      ['after a replayed 500 only looks', [sending(), sent(STORED_SERVER_ERROR)], AGAIN, 'find'],
      [
        'after a replayed 500 only looks, whatever came later',
        [sending(), sent(STORED_SERVER_ERROR), ...lost],
        AGAIN,
        'find',
      ],
      ['of a lost past looks before it writes', [PAST_LOST], T0, 'find'],
      ['of a lost past that was not found is sent under its key', [PAST_LOST, LOOKED], LOOK_AGAIN, 'send'],
      [
        'that a look did not find waits before the next',
        [...lost, CANCEL, LOOKED],
        T0 + MINUTE,
        'wait for repeat until +120 s',
      ],
      ['that a look did not find is looked for again', [...lost, CANCEL, LOOKED], LOOK_AGAIN, 'find'],
      [
        'that a look found without learning anything waits before the next',
        [
          ...lost,
          CANCEL,
          shown('read', 'succeeded', { amount: 5 }),
          { type: 'looked', attempt: 1, againAtMs: LOOK_AGAIN },
        ],
        T0 + MINUTE,
        'wait for repeat until +120 s',
      ],
      ['proved dead goes on under a new key', [...lost, absent(PROVES_FROM)], PROVES_FROM, 'reattempt'],
      ['proved dead and being left closes', [...lost, CANCEL, absent(PROVES_FROM)], PROVES_FROM, 'close'],
    ],
    PATIENT,
  );

  it('wakes from its pause to expire', () => {
    const paused = after(taken(), ...lost, sent(LOST, { againAtMs: expiresAtMs + 1 }));
    assert.equal(stepAt(paused, T0), 'wait for repeat until +900 s');
  });

  it('is repeated under the key it was first sent with', () => {
    const state = after(taken(), ...lost);
    const step = nextStep(state, AGAIN);
    assert.ok(step.do === 'send');
    assert.deepEqual(step.attempt, state.attempts[0]);
  });

  it('expires like any other, and is then looked for and not repeated', () => {
    const state = after(taken(), ...lost);
    assert.equal(stepAt(state, expiresAtMs), 'expire');
    assert.equal(stepAt(after(state, EXPIRED), expiresAtMs), 'find');
  });
});

describe('patience with an unknown outcome', () => {
  const lost = [sending(1, T0 + MINUTE), sent(LOST)];
  const handOverAt = T0 + MINUTE + patienceMs;
  const pausing = sent(LOST, { againAtMs: handOverAt + MINUTE });
  table(
    [
      ['ends an hour after the key was first used', lost, handOverAt, 'hand_over'],
      ['does not end earlier', lost, handOverAt - 1, 'send'],
      ['ends once only', [...lost, HANDED], handOverAt, 'send'],
      ['ends during a pause', [...lost, pausing], handOverAt - 1, 'wait for repeat until +3660 s'],
      ['ended no longer breaks a pause', [...lost, pausing, HANDED], handOverAt, 'wait for repeat until +3720 s'],
      ['ends for one that is being left, too', [...lost, CANCEL], handOverAt, 'hand_over'],
      ['ends for one whose past is lost', [PAST_LOST], T0 + patienceMs, 'hand_over'],
      [
        'is not spent on an intent that Stripe has shown',
        [...lost, event('processing')],
        handOverAt,
        'wait for stripe until told',
      ],
    ],
    PATIENT,
  );
});

describe('a payment whose intent is known', () => {
  const isIn = (status: string) => [sending(), sent(settled(status))];
  table([
    ['processing waits for Stripe with no timer', isIn('processing'), T0, 'wait for stripe until told'],
    ['waits for the customer until it expires', isIn('requires_action'), T0, 'wait for customer until +900 s'],
    [
      'waits for a payment method until it expires',
      isIn('requires_payment_method'),
      T0,
      'wait for payment_method until +900 s',
    ],
    ['expires while it waits', isIn('requires_action'), expiresAtMs, 'expire'],
    ['expired cancels the intent', [...isIn('requires_action'), EXPIRED], expiresAtMs, 'cancel pi_1'],
    ['called off cancels the intent', [...isIn('requires_payment_method'), CANCEL], T0, 'cancel pi_1'],
    ['called off while processing waits for Stripe', [...isIn('processing'), CANCEL], T0, 'wait for stripe until told'],
    ['puzzled by an event reads first', [...isIn('requires_action'), event('requires_magic')], T0, 'read'],
    [
      'puzzled once reads once',
      [...isIn('requires_action'), event('requires_magic'), shown('read', 'requires_magic')],
      T0,
      'wait for customer until +900 s',
    ],
  ]);

  it('declined off-session cancels the intent, and reports nothing before Stripe has cancelled it', () => {
    const declined = after(taken({ offSession: true }), ...isIn('requires_payment_method'));
    assert.equal(stepAt(declined, T0), 'cancel pi_1');
    assert.equal(declined.end, null);
    assert.equal(stepAt(after(declined, event('canceled')), T0), 'close');
  });
});

describe('a payment that has ended', () => {
  const paid = [sending(), sent(settled('succeeded'))];
  const LOOK: Fact = { type: 'look_wanted' };
  const second = event('succeeded', { id: 'pi_2' });
  table([
    ['waits for the event with no timer', paid, T0 + 100 * HOUR, 'wait for webhook until told'],
    ['closes with the event', [...paid, event('succeeded')], T0, 'close'],
    ['is puzzled by no event any more', [...paid, event('succeeded'), event('requires_magic')], T0, 'close'],
    ['closes with the sweep in its place', [...paid, shown('sweep', 'succeeded')], T0, 'close'],
    ['reads once when the sweep asks it to', [...paid, LOOK], T0, 'read'],
    ['reports an oddity before it closes', [...paid, event('succeeded'), second], T0, 'report pi_2'],
    [
      'reports an oddity once',
      [...paid, event('succeeded'), second, { type: 'reported', intent: 'pi_2' }],
      T0,
      'close',
    ],
  ]);
});

describe('nextStep, over any facts at all', () => {
  it('never sends what has ended, is being left, has expired or was sent too long ago, and never waits in the past', () => {
    const tried = new Map<string, number>();
    // While a send is under way the plan is not asked.
    const idle = (state: PaymentState) => state.attempts.every((a) => !a.sending);
    const times = fc.integer({ min: T0, max: T0 + 30 * HOUR });
    fc.assert(
      fc.property(anyFacts, fc.constantFrom({}, PATIENT), times, (facts, terms, now) => {
        const state = after(taken(terms), ...facts);
        if (!idle(state)) return;
        const step = nextStep(state, now);
        tried.set(step.do, (tried.get(step.do) ?? 0) + 1);
        if (step.do === 'wait') assert.ok(step.untilMs === null || step.untilMs > now);
        if (step.do === 'close')
          assert.ok(state.end !== null && state.endSeen && state.oddities.every((o) => o.reported));
        if (step.do === 'cancel') assert.ok(state.leaving !== null && state.end === null);
        if (step.do === 'reattempt') assert.ok(step.attempt.dead && state.end === null && state.leaving === null);
        if (step.do !== 'send') return;
        assert.ok(state.end === null && state.leaving === null && now < state.terms.expiresAtMs);
        assert.ok(step.attempt.seen === null && !step.attempt.dead && !step.attempt.repeatIsUseless);
        const bornAt = step.attempt.birthMs ?? now;
        assert.ok(!step.attempt.mayHaveArrived || now < bornAt + keyLifeMs);
      }),
      { seed: SEED, numRuns: 3_000 },
    );
    for (const step of [
      'wait',
      'close',
      'cancel',
      'send',
      'find',
      'read',
      'report',
      'reattempt',
      'hand_over',
      'expire',
    ]) {
      assert.ok((tried.get(step) ?? 0) > 0, `${step} was never tried`);
    }
  });
});
