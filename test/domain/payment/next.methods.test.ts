import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IntentSnapshot } from '../../../src/domain/intent.js';
import {
  currentAttempt,
  type Fact,
  next,
  nextStep,
  type PaymentState,
  standing,
} from '../../../src/domain/payment/index.js';
import {
  after,
  CANCEL,
  confirmKeyOf,
  EXPIRED,
  keyOf,
  LOST,
  NOT_EXECUTED,
  offered,
  REJECTED,
  sending,
  sent,
  settled,
  shown,
  T0,
  TERMS,
  taken,
} from '../../support/facts.js';

/** Sights of the intent as Stripe shows them: real ids, whatever token was offered. */
const CARD = { paymentMethod: 'pm_real_1', errorPaymentMethod: null, errorCharge: null };
const DECLINED_1 = { paymentMethod: null, errorPaymentMethod: 'pm_real_1', errorCharge: 'ch_1', latestCharge: 'ch_1' };
const DECLINED_2 = { paymentMethod: null, errorPaymentMethod: 'pm_real_2', errorCharge: 'ch_2', latestCharge: 'ch_2' };
/** An authentication that failed made no charge: the latest one is the first attempt's. */
const NOT_AUTHENTICATED_2 = { ...DECLINED_2, errorCharge: null, latestCharge: 'ch_1' };
const ASKS_2 = { paymentMethod: 'pm_real_2', latestCharge: 'ch_1' };
const SLOW_2 = { paymentMethod: 'pm_real_2', latestCharge: 'ch_2' };

const declined = (changes: Partial<IntentSnapshot> = DECLINED_1) =>
  after(taken(), sending(), sent(settled('requires_payment_method', changes)));
const second = () => after(declined(), offered('pm_card_other'));
const lost = () => after(second(), sending(2), sent(LOST, { attempt: 2 }));
const replied = (status: string, changes: Partial<IntentSnapshot>) =>
  after(second(), sending(2), sent(settled(status, changes), { attempt: 2 }));
const event = (status: string, changes: Partial<IntentSnapshot>, key: string | null = null): Fact =>
  shown('webhook', status, changes, key);
const read = (state: PaymentState, status: string, changes: Partial<IntentSnapshot>): Fact => ({
  ...shown('read', status, changes),
  asOf: state.facts,
});
const seen = (state: PaymentState) => state.attempts.map((a) => a.seen?.intent.status ?? 'nothing');

describe('another payment method', () => {
  it('is another attempt on the same intent, and shows as processing until Stripe has answered', () => {
    assert.deepEqual(seen(second()), ['requires_payment_method', 'nothing']);
    assert.equal(currentAttempt(second()).operation, 'confirm/1');
    const { status, payment_intent, failure } = standing(second());
    assert.deepEqual([status, payment_intent, failure], ['processing', 'pi_1', null]);
    assert.deepEqual([standing(lost()).status, standing(lost()).outcome], ['processing', 'unknown']);
  });

  it('is taken only by a payment that waits for one', () => {
    for (const state of [
      taken(),
      after(taken(), sending(), sent(LOST)),
      after(taken(), sending(), sent(settled('requires_action', CARD))),
      after(declined(), CANCEL),
      after(declined(), EXPIRED),
      after(taken({ offSession: true }), sending(), sent(settled('requires_payment_method', DECLINED_1))),
      second(),
      lost(),
      replied('succeeded', SLOW_2),
    ]) {
      assert.equal(next(state, offered('pm_third', 'confirm/2')), state);
    }
  });

  it('that Stripe would not take says why, and another is taken', () => {
    const refused = after(second(), sending(2), sent(REJECTED, { attempt: 2 }));
    const { status, failure } = standing(refused);
    assert.deepEqual([status, failure?.code], ['requires_payment_method', 'resource_missing']);
    assert.equal(after(refused, offered('pm_third', 'confirm/2')).attempts.length, 3);
  });

  it('refused because the customer was quicker says nothing of a failure: the intent is under way', () => {
    const sendingIt = after(second(), sending(2));
    const shownByRefusal = next(sendingIt, read(sendingIt, 'processing', SLOW_2));
    const refused = next(shownByRefusal, sent(REJECTED, { attempt: 2 }));
    assert.deepEqual([standing(refused).status, standing(refused).failure], ['processing', null]);
  });

  it('with the same card works, whichever way the first attempt failed', () => {
    for (const first of [DECLINED_1, { ...DECLINED_1, errorCharge: null, latestCharge: null }]) {
      const again = after(declined(first), offered('pm_real_1'), sending(2), sent(LOST, { attempt: 2 }));
      for (const paid of [event('succeeded', CARD), read(again, 'succeeded', CARD)]) {
        assert.deepEqual([standing(next(again, paid)).status, next(again, paid).end?.attempt], ['succeeded', 2]);
      }
      const shut = { ...DECLINED_1, errorCharge: 'ch_2', latestCharge: 'ch_2' };
      assert.deepEqual(seen(next(again, event('requires_payment_method', shut, confirmKeyOf(2)))), [
        'requires_payment_method',
        'requires_payment_method',
      ]);
    }
  });
});

describe('late news of the first attempt', () => {
  const states: readonly [string, () => PaymentState][] = [
    ['offered', second],
    ['refused for now', () => after(second(), sending(2), sent(NOT_EXECUTED, { attempt: 2 }))],
    ['being sent', () => after(second(), sending(2))],
    ['of unknown outcome', lost],
    ['asking the customer', () => replied('requires_action', ASKS_2)],
    ['processing', () => replied('processing', SLOW_2)],
  ];
  for (const [name, make] of states) {
    it(`moves nothing while the second is ${name}`, () => {
      const state = make();
      for (const key of [null, keyOf(1)]) {
        const now = next(state, event('requires_payment_method', DECLINED_1, key));
        assert.deepEqual({ ...now, facts: 0, disregarded: 0 }, { ...state, facts: 0, disregarded: 0 }, `${key}`);
      }
      for (const [status, changes] of [
        ['requires_action', { ...CARD, latestCharge: null }],
        ['processing', CARD],
      ] as const) {
        const now = next(state, event(status, changes));
        assert.deepEqual(seen(now), seen(state), status);
      }
    });
  }

  it('moves nothing with the same card again and no charge to tell the two apart: one read changes nothing either', () => {
    const chargeless = { ...DECLINED_1, errorCharge: null, latestCharge: null };
    const offeredAgain = after(declined(chargeless), offered('pm_real_1'));
    for (const state of [offeredAgain, after(offeredAgain, sending(2), sent(LOST, { attempt: 2 }))]) {
      const heard = next(state, event('requires_payment_method', chargeless));
      const told = next(heard, read(heard, 'requires_payment_method', chargeless));
      assert.deepEqual([seen(told), told.readWanted], [['requires_payment_method', 'nothing'], false]);
      assert.equal(standing(told).outcome, standing(state).outcome);
    }
  });
});

describe('the second attempt', () => {
  it('whose reply was lost is found by whatever shows it, at once or with one read', () => {
    const shows: readonly [string, Partial<IntentSnapshot>][] = [
      ['requires_payment_method', DECLINED_2],
      ['requires_action', ASKS_2],
      ['processing', SLOW_2],
      ['requires_capture', SLOW_2],
      ['succeeded', SLOW_2],
    ];
    for (const [status, changes] of shows) {
      for (const heard of [
        event(status, changes),
        event(status, changes, confirmKeyOf(2)),
        shown('sweep', status, changes),
      ]) {
        const now = next(lost(), heard);
        const told = now.readWanted ? next(now, read(now, status, changes)) : now;
        assert.deepEqual(seen(told), ['requires_payment_method', status]);
      }
      assert.deepEqual(seen(next(lost(), read(lost(), status, changes))), ['requires_payment_method', status]);
    }
  });

  it('whose authentication fails is declined, although the intent still names the first attempt’s charge', () => {
    const asked = replied('requires_action', ASKS_2);
    const now = next(asked, event('requires_payment_method', NOT_AUTHENTICATED_2));
    assert.deepEqual([standing(now).status, seen(now)[1]], ['requires_payment_method', 'requires_payment_method']);
  });

  it('declined ends nothing, and a third may follow', () => {
    const third = after(replied('requires_payment_method', DECLINED_2), offered('pm_third', 'confirm/2'));
    assert.deepEqual(seen(third), ['requires_payment_method', 'requires_payment_method', 'nothing']);
    const paid = after(third, sending(3), sent(settled('succeeded', SLOW_2), { attempt: 3 }));
    assert.deepEqual([paid.end?.status, paid.end?.attempt, paid.amountCaptured], ['succeeded', 3, TERMS.amount]);
  });

  it('succeeded is succeeded whatever order its events come in', () => {
    const events = [
      event('requires_payment_method', DECLINED_1, keyOf(1)),
      event('requires_action', ASKS_2, confirmKeyOf(2)),
      event('succeeded', SLOW_2),
    ];
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
      [2, 0, 1],
      [0, 2, 1],
      [1, 2, 0],
    ]) {
      const state = after(lost(), ...order.map((i) => events[i] ?? EXPIRED));
      assert.deepEqual([standing(state).status, state.endSeen, state.oddities], ['succeeded', true, []]);
    }
  });

  it('is not mistaken for the customer’s own: what was never sent has shown nothing', () => {
    const browser = { paymentMethod: 'pm_browser', latestCharge: 'ch_9' };
    for (const state of [second(), after(second(), sending(2), sent(REJECTED, { attempt: 2 }))]) {
      const now = next(state, read(state, 'processing', browser));
      assert.deepEqual(seen(now), ['requires_payment_method', 'nothing', 'processing']);
      assert.equal(standing(now).status, 'processing');
    }
  });
});

describe('what the customer must do', () => {
  it('is what Stripe was last asked for and showed, not what it showed first', () => {
    const asks = (sealed: string) => ({ ...CARD, latestCharge: null, nextAction: { type: 'redirect_to_url', sealed } });
    const first = after(taken(), sending(), sent(settled('requires_action', asks('first'))));
    const newer = next(first, read(first, 'requires_action', asks('second')));
    assert.equal(standing(newer).next_action?.sealed, 'second');
    // What was asked before that was known is older, and so may an event be.
    const older = { ...read(first, 'requires_action', asks('first')), asOf: first.facts } as Fact;
    assert.equal(standing(next(newer, older)).next_action?.sealed, 'second');
    assert.equal(standing(next(newer, event('requires_action', asks('first')))).next_action?.sealed, 'second');
  });
});

describe('a confirmation in the customer’s browser', () => {
  it('is followed: its event causes one read, which opens the attempt, whatever it shows', () => {
    const shows: readonly [string, Partial<IntentSnapshot>][] = [
      ['requires_action', ASKS_2],
      ['requires_action', { ...CARD, latestCharge: 'ch_1' }],
      ['processing', SLOW_2],
      ['requires_capture', SLOW_2],
      ['requires_payment_method', DECLINED_2],
    ];
    for (const [status, changes] of shows) {
      const heard = next(declined(), event(status, changes));
      assert.equal(heard.readWanted, true, status);
      const followed = next(heard, read(heard, status, changes));
      assert.deepEqual(seen(followed), ['requires_payment_method', status]);
      assert.deepEqual([currentAttempt(followed).operation, currentAttempt(followed).sends], [null, 0]);
      const again = next(followed, read(followed, status, changes));
      assert.deepEqual(again.attempts.length, 2, 'the same sight again opens nothing');
    }
  });

  it('with the same card, which a read has shown, is not ended by the first try’s late failure', () => {
    const slow = { ...CARD, latestCharge: 'ch_1' };
    const first = after(taken(), sending(), sent(settled('processing', slow)));
    const again = next(first, read(first, 'processing', { ...slow, latestCharge: 'ch_2' }));
    const late = next(again, event('requires_payment_method', { ...DECLINED_1, latestCharge: 'ch_2' }));
    assert.deepEqual([standing(late).status, late.readWanted], ['processing', true]);
  });

  it('that pays ends the payment with no read at all', () => {
    const paid = next(declined(), event('succeeded', SLOW_2));
    assert.deepEqual([standing(paid).status, paid.endSeen], ['succeeded', true]);
  });

  it('with another card while the first still asked is followed too', () => {
    const asked = after(taken(), sending(), sent(settled('requires_action', { ...CARD, latestCharge: null })));
    const heard = next(asked, event('requires_action', { ...ASKS_2, latestCharge: null }));
    const followed = next(heard, read(heard, 'requires_action', { ...ASKS_2, latestCharge: null }));
    assert.deepEqual(seen(followed), ['requires_action', 'requires_action']);
    const old = next(
      followed,
      event('requires_payment_method', { ...DECLINED_1, errorCharge: null, latestCharge: null }),
    );
    assert.equal(standing(old).status, 'requires_action', 'the first card’s failure is no news of the second');
  });

  it('with the first card again, found by the cancel it outran, is waited for and not cancelled over and over', () => {
    const processing = after(taken(), sending(), sent(settled('processing', CARD)));
    const asked = next(processing, read(processing, 'requires_action', ASKS_2));
    const leaving = after(asked, CANCEL);
    const answer = { ...read(leaving, 'processing', { ...CARD, latestCharge: 'ch_3' }), source: 'reply' } as Fact;
    const told = next(leaving, answer);
    assert.deepEqual(seen(told), ['processing', 'requires_action', 'processing']);
    assert.equal(nextStep(told, T0).do, 'wait');
  });
});
