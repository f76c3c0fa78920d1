import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addsAfterClose, next, standing } from '../../../src/domain/payment/index.js';
import { after, CANCEL, EXPIRED, event, LOST, sending, sent, settled, shown, taken } from '../../support/facts.js';

const unknown = () => after(taken(), sending(), sent(LOST));

describe('giving a payment up', () => {
  it('an unsent payment ends at once, in the words of what ended it', () => {
    assert.deepEqual(after(taken(), CANCEL).end?.failure?.kind, 'canceled');
    const expired = after(taken(), EXPIRED);
    assert.deepEqual([standing(expired).status, standing(expired).failure?.kind], ['canceled', 'expired']);
    assert.equal(expired.endSeen, true, 'where no intent was, no event comes');
  });

  it('waits for the send under way, and ends when the task is taken back', () => {
    const sendingStill = after(taken(), sending(), CANCEL);
    assert.equal(standing(sendingStill).final, false);
    assert.equal(standing(next(sendingStill, { type: 'taken_back', attempt: 1 })).status, 'canceled');
    assert.equal(standing(next(sendingStill, sent(LOST))).outcome, 'unknown');
    assert.equal(standing(next(sendingStill, sent(settled('succeeded')))).status, 'succeeded');
  });

  it('off-session decline leaves and waits for Stripe’s canceled', () => {
    const declined = after(taken({ offSession: true }), sending(), sent(settled('requires_payment_method')));
    assert.equal(declined.leaving?.because, 'declined');
    assert.deepEqual([standing(declined).status, standing(declined).final], ['processing', false]);
    // The cancelled intent itself need not repeat why it was declined.
    const failed = next(declined, event('canceled', { failure: null }));
    assert.deepEqual(
      [standing(failed).status, standing(failed).failure?.decline_code],
      ['failed', 'insufficient_funds'],
    );
  });

  it('on-session decline waits for another payment method', () => {
    const declined = after(taken(), sending(), sent(settled('requires_payment_method')));
    assert.equal(declined.leaving, null);
    assert.deepEqual([standing(declined).status, standing(declined).final], ['requires_payment_method', false]);
    assert.equal(standing(declined).failure?.code, 'card_declined');
  });

  it('loses to money that is already in', () => {
    const late = after(taken(), sending(), sent(settled('processing')), CANCEL, shown('reply', 'succeeded'));
    assert.deepEqual([standing(late).status, late.amountCaptured], ['succeeded', 1999]);
  });

  it('keeps its first reason', () => {
    const state = after(unknown(), EXPIRED, CANCEL, event('canceled'));
    assert.equal(standing(state).failure?.kind, 'expired');
  });

  it('asked for after the end changes nothing', () => {
    const paid = after(unknown(), event('succeeded'));
    assert.deepEqual(after(paid, CANCEL, EXPIRED), paid);
  });
});

describe('after the end', () => {
  const canceled = () => after(unknown(), CANCEL, event('canceled'));

  it('money at a canceled intent is a contradiction, told once and then reported', () => {
    const odd = after(canceled(), event('succeeded'), event('succeeded'));
    assert.deepEqual(
      odd.oddities.map((o) => [o.kind, o.reported]),
      [['contradiction', false]],
    );
    const reported = next(odd, { type: 'reported', intent: 'pi_1' });
    assert.deepEqual(
      reported.oddities.map((o) => o.reported),
      [true],
    );
    assert.equal(standing(reported).status, 'canceled');
  });

  it('an intent where none should ever have been is a contradiction, unless it is canceled', () => {
    const unsent = after(taken(), CANCEL);
    assert.equal(next(unsent, event('processing')).oddities.length, 1);
    assert.deepEqual(next(unsent, event('canceled')), unsent);
  });

  it('a closed payment takes a repetition for nothing new, and money or another amount for something', () => {
    const told = (status: string, changes = {}) => shown('webhook', status, changes);
    assert.equal(addsAfterClose(canceled(), told('canceled')), false);
    assert.equal(addsAfterClose(canceled(), told('requires_action')), false);
    assert.equal(addsAfterClose(canceled(), told('succeeded')), true);
    assert.equal(addsAfterClose(canceled(), told('succeeded', { amount: 5, amountReceived: 5 })), true);
    assert.equal(addsAfterClose(after(unknown(), event('succeeded')), told('succeeded')), false);
  });

  it('an overdue payment reads for itself only if it has an intent and its end was not seen', () => {
    const look = { type: 'look_wanted' } as const;
    assert.equal(next(unknown(), look).readWanted, false, 'an unknown one looks by itself');
    assert.equal(next(canceled(), look).readWanted, false, 'a seen end needs no proof');
    assert.equal(after(taken(), sending(), sent(settled('succeeded')), look).readWanted, true);
  });
});
