import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Fact, nextStep } from '../../../src/domain/payment/index.js';
import {
  after,
  CANCEL,
  confirmKeyOf,
  EXPIRED,
  event,
  HOUR,
  intent,
  keyOf,
  LOST,
  MINUTE,
  NOT_EXECUTED,
  offered,
  PAST_LOST,
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

const { keyLifeMs, patienceMs } = TERMS.timing;
const { expiresAtMs } = TERMS;
const PATIENT = { expiresAtMs: T0 + 100 * HOUR };
const declined = [sending(), sent(settled('requires_payment_method'))];
const anew = [...declined, offered()];
const sent2 = (outcome: Parameters<typeof sent>[0], changes = {}): Fact => sent(outcome, { attempt: 2, ...changes });
const sending2 = [...anew, sending(2)];
const lost = [...sending2, sent2(LOST)];
const HANDED: Fact = { type: 'handed_over', key: confirmKeyOf(2), unknown: true };
/** A look at the intent that shows nothing of it: too early to tell, and late enough. */
const missed = (atMs: number): Fact => ({ type: 'confirm_missed', attempt: 2, atMs });
const tells = T0 + TERMS.timing.sendWindowMs + TERMS.timing.proofDelayMs;
const kept500 = [...sending2, sent2(STORED_SERVER_ERROR)];
const AGAIN = T0 + SECOND;
const LOOKED: Fact = { type: 'looked', attempt: 2, againAtMs: T0 + 2 * MINUTE };

describe('another payment method', () => {
  table([
    ['is sent', anew, T0, 'send'],
    ['is sent up to the last millisecond of the payment’s time', anew, expiresAtMs - 1, 'send'],
    ['is not sent once the payment’s time is up', anew, expiresAtMs, 'expire'],
    ['offered to a payment that is then called off is never sent', [...anew, CANCEL], T0, 'cancel pi_1'],
    ['refused for now waits its pause', [...sending2, sent2(NOT_EXECUTED)], T0, 'wait for repeat until +1 s'],
    ['refused for now is sent again', [...sending2, sent2(NOT_EXECUTED)], AGAIN, 'send'],
    ['taken back is sent again', [...sending2, { type: 'taken_back', attempt: 2 }], T0, 'send'],
    [
      'that Stripe would not take leaves the payment waiting for another',
      [...sending2, sent2(REJECTED)],
      AGAIN,
      'wait for payment_method until +900 s',
    ],
    ['refused, then another, is sent', [...sending2, sent2(REJECTED), offered('pm_third', 'confirm/2')], T0, 'send'],
    [
      'that is declined leaves the payment waiting for another',
      [...sending2, sent2(settled('requires_payment_method', { errorCharge: 'ch_2', latestCharge: 'ch_2' }))],
      T0,
      'wait for payment_method until +900 s',
    ],
    ['is not kept waiting for its first send by a look', [...anew, LOOKED], T0, 'send'],
    ['of a reset run is read for before it is written', [...anew, PAST_LOST], T0, 'read'],
    ['offered to a reset run is read for before it is written', [...declined, PAST_LOST, offered()], T0, 'read'],
  ]);

  it('that Stripe would not take is never sent again, a reset included', () => {
    const refused = after(taken(PATIENT), ...sending2, sent2(REJECTED), PAST_LOST);
    assert.equal(stepAt(refused, T0), 'read');
    const read = after(refused, { ...shown('read', 'requires_payment_method'), asOf: refused.facts }, LOOKED);
    for (const now of [T0, T0 + 3 * MINUTE, T0 + patienceMs, T0 + keyLifeMs]) {
      assert.equal(stepAt(read, now), 'wait for payment_method until +360000 s');
    }
  });

  it('is sent under a key of its own, on the same intent', () => {
    const step = nextStep(after(taken(), ...anew), T0);
    assert.ok(step.do === 'send');
    const { key, confirms, paymentMethod, number } = step.attempt;
    assert.deepEqual([key, confirms, paymentMethod, number], [confirmKeyOf(2), 'pi_1', 'pm_second', 2]);
    assert.equal(key, 'penstock/1/pay.acme.order-1/confirm/default/2');
  });
});

describe('another payment method of unknown outcome', () => {
  table(
    [
      ['waits its pause', lost, T0, 'wait for repeat until +1 s'],
      ['is repeated under the same key', lost, AGAIN, 'send'],
      ['is repeated as long as the key lives', [...lost, HANDED], T0 + keyLifeMs - 1, 'send'],
      ['with an older key is read', [...lost, HANDED], T0 + keyLifeMs, 'read'],
      ['rests between its reads', [...lost, HANDED, LOOKED], T0 + MINUTE, 'wait for repeat until +120 s'],
      ['after a first 500 is repeated', [...sending2, sent2(SERVER_ERROR)], AGAIN, 'send'],
      ['after a replayed 500 is read', [...sending2, sent2(STORED_SERVER_ERROR)], AGAIN, 'read'],
      ['beyond patience calls a person', lost, T0 + patienceMs, 'hand_over'],
      ['calls a person once', [...lost, HANDED], T0 + patienceMs, 'send'],
      [
        'wakes from its pause to call a person',
        [...sending2, sent2(LOST, { againAtMs: T0 + 2 * HOUR })],
        T0,
        'wait for repeat until +3600 s',
      ],
      ['cancels the intent when the payment is called off', [...lost, CANCEL], T0, 'cancel pi_1'],
      ['cancels the intent when the payment has expired', [...lost, EXPIRED], AGAIN, 'cancel pi_1'],
      [
        'cancels the intent when a person says it never happened',
        [...lost, { type: 'ruled_dead' }],
        AGAIN,
        'cancel pi_1',
      ],
      [
        'that Stripe shows paid waits for the event',
        [...lost, shown('read', 'succeeded')],
        AGAIN,
        'wait for webhook until told',
      ],
      ['that Stripe shows canceled closes', [...lost, CANCEL, event('canceled')], AGAIN, 'close'],
      [
        'calls a person although one was called to the attempt before',
        [...lost, { type: 'handed_over', key: keyOf(1), unknown: true }],
        T0 + patienceMs,
        'hand_over',
      ],
      [
        'under a stored 500 is looked for on, while it may still come about',
        [...kept500, missed(tells - 1)],
        tells,
        'read',
      ],
      [
        'under a stored 500 of which nothing is seen is over: the customer may try again',
        [...kept500, missed(tells)],
        tells,
        'wait for payment_method until +360000 s',
      ],
      [
        'whose key is too old, of which nothing is seen, is over',
        [...lost, HANDED, missed(T0 + keyLifeMs)],
        T0 + keyLifeMs,
        'wait for payment_method until +360000 s',
      ],
      ['that a repeat can still tell is not given up', [...lost, HANDED, missed(tells)], tells, 'send'],
      [
        'given up, and then another, is sent',
        [...kept500, missed(tells), offered('pm_third', 'confirm/2')],
        tells,
        'send',
      ],
      [
        'given up too early ends the payment all the same when it comes about',
        [...kept500, missed(tells), event('succeeded')],
        tells,
        'close',
      ],
    ],
    PATIENT,
  );

  it('expires like any other, and wakes from its pause to do so', () => {
    assert.equal(stepAt(after(taken(), ...lost), expiresAtMs), 'expire');
    const paused = after(taken(), ...sending2, sent2(LOST, { againAtMs: expiresAtMs + 1 }));
    assert.equal(stepAt(paused, T0), 'wait for repeat until +900 s');
  });
});

describe('a decline', () => {
  const processing = [sending(), sent(settled('processing'))];
  const late: Fact = {
    type: 'intent',
    source: 'webhook',
    intent: intent('requires_payment_method'),
    key: null,
    atMs: expiresAtMs,
  };

  it('that comes when the payment’s time is up gives it up as failed, once Stripe has cancelled the intent', () => {
    const state = after(taken(), ...processing, late);
    assert.equal(state.leaving?.because, 'declined');
    assert.equal(stepAt(state, expiresAtMs), 'cancel pi_1');
    const ended = after(state, event('canceled', { failure: null }));
    assert.deepEqual([ended.end?.status, ended.end?.failure?.code], ['failed', 'card_declined']);
  });

  it('that comes in time waits for another payment method, and expires when none comes', () => {
    const state = after(taken(), ...processing, { ...late, atMs: expiresAtMs - 1 });
    assert.equal(state.leaving, null);
    assert.equal(stepAt(state, expiresAtMs - 1), 'wait for payment_method until +900 s');
    assert.equal(stepAt(state, expiresAtMs), 'expire');
  });
});
