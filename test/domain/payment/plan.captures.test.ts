import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Fact, nextStep } from '../../../src/domain/payment/index.js';
import {
  after,
  CANCEL,
  captureOf,
  captureSending,
  captureSent,
  event,
  HOUR,
  KEPT_REFUSAL,
  LOST,
  MINUTE,
  NOT_EXECUTED,
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
const authorised = [sending(), sent(settled('requires_capture'))];
const ordered = [...authorised, captureOf(1000)];
const sendingIt = [...ordered, captureSending()];
const lost = [...sendingIt, captureSent(LOST)];
const missed = (atMs: number): Fact => ({ type: 'capture_missed', number: 1, atMs });
const tells = T0 + TERMS.timing.sendWindowMs + TERMS.timing.proofDelayMs;
const kept500 = [...sendingIt, captureSent(STORED_SERVER_ERROR)];
const BY_TEMPORAL = { type: 'cancel_requested', by: 'temporal' } as const;
const AGAIN = T0 + SECOND;
const KEY = 'penstock/1/pay.acme.order-1/capture/default';
const HANDED = { type: 'handed_over', key: `${KEY}/1`, unknown: true } as const;
const CALLED = { type: 'handed_over', key: `${KEY}/1`, unknown: false } as const;
const refused = [...sendingIt, captureSent(NOT_EXECUTED)];
const LOOKED = { type: 'looked', attempt: 1, againAtMs: T0 + keyLifeMs + HOUR } as const;

describe('an authorised payment', () => {
  table([
    ['waits for a capture with no timer', authorised, T0, 'wait for capture until told'],
    [
      'is past expiring: the authorisation has a life of its own',
      authorised,
      expiresAtMs + 100 * HOUR,
      'wait for capture until told',
    ],
    ['called off is cancelled', [...authorised, CANCEL], T0, 'cancel pi_1'],
    ['whose authorisation ended at Stripe closes', [...authorised, event('canceled')], T0, 'close'],
    ['reset reads before it writes', [...ordered, PAST_LOST], T0, 'read'],
    ['puzzled by an event reads first', [...ordered, event('requires_magic')], T0, 'read'],
  ]);

  it('and processing are all that outlives expires_at', () => {
    for (const status of ['requires_action', 'requires_confirmation', 'requires_payment_method', 'requires_magic']) {
      assert.equal(stepAt(after(taken(), sending(), sent(settled(status))), expiresAtMs), 'expire', status);
    }
    for (const status of ['processing', 'requires_capture']) {
      assert.match(
        stepAt(after(taken(), sending(), sent(settled(status))), expiresAtMs),
        /^wait .* until told$/,
        status,
      );
    }
  });
});

describe('a capture', () => {
  table([
    ['is sent as it was asked for', ordered, T0, `capture 1000 of pi_1 under ${KEY}/1`],
    ['is sent after expires_at too', ordered, expiresAtMs + HOUR, `capture 1000 of pi_1 under ${KEY}/1`],
    ['refused for now waits its pause', [...sendingIt, captureSent(NOT_EXECUTED)], T0, 'wait for repeat until +1 s'],
    [
      'refused for now is sent again',
      [...sendingIt, captureSent(NOT_EXECUTED)],
      AGAIN,
      `capture 1000 of pi_1 under ${KEY}/1`,
    ],
    ['of unknown outcome waits its pause', lost, T0, 'wait for repeat until +1 s'],
    ['of unknown outcome is repeated under the same key', lost, AGAIN, `capture 1000 of pi_1 under ${KEY}/1`],
    ['is repeated while its key lives', [...lost, HANDED], T0 + keyLifeMs - 1, `capture 1000 of pi_1 under ${KEY}/1`],
    ['with an older key is read', [...lost, HANDED], T0 + keyLifeMs, 'read'],
    [
      'with an older key rests between reads',
      [...lost, HANDED, LOOKED],
      T0 + keyLifeMs,
      'wait for repeat until +75600 s',
    ],
    [
      'after a first 500 is repeated',
      [...sendingIt, captureSent(SERVER_ERROR)],
      AGAIN,
      `capture 1000 of pi_1 under ${KEY}/1`,
    ],
    ['after a replayed 500 is read', [...sendingIt, captureSent(STORED_SERVER_ERROR)], AGAIN, 'read'],
    [
      'after a replayed 500 goes under the next key, once a late read shows nothing of it',
      [...sendingIt, captureSent(STORED_SERVER_ERROR), missed(tells)],
      tells,
      `capture 1000 of pi_1 under ${KEY}/2`,
    ],
    ['after a replayed 500 is read on while it may still come about', [...kept500, missed(tells - 1)], tells, 'read'],
    [
      'with an older key goes under the next one, once a late read shows nothing of it',
      [...lost, HANDED, missed(T0 + keyLifeMs)],
      T0 + keyLifeMs,
      `capture 1000 of pi_1 under ${KEY}/2`,
    ],
    [
      'that a repeat can still tell goes under no other key',
      [...lost, missed(tells)],
      tells,
      `capture 1000 of pi_1 under ${KEY}/1`,
    ],
    [
      'under its second key calls a person anew',
      [...kept500, HANDED, missed(tells), captureSending(2, tells), captureSent(LOST, { number: 2 })],
      tells + patienceMs,
      'hand_over',
    ],
    ['unknown beyond patience calls a person', lost, T0 + patienceMs, 'hand_over'],
    ['refused for now beyond patience calls a person', refused, T0 + patienceMs, 'hand_over'],
    [
      'refused for now calls a person once',
      [...refused, CALLED],
      T0 + patienceMs,
      `capture 1000 of pi_1 under ${KEY}/1`,
    ],
    [
      'that a person was called to before it arrived calls one again when it stays unknown',
      [...refused, CALLED, captureSending(1, AGAIN), captureSent(LOST)],
      AGAIN + patienceMs,
      'hand_over',
    ],
    ['nobody has tried to send yet calls nobody', ordered, T0 + patienceMs, `capture 1000 of pi_1 under ${KEY}/1`],
    [
      'wakes from its pause to call a person',
      [...sendingIt, captureSent(LOST, { againAtMs: T0 + 2 * HOUR })],
      T0,
      'wait for repeat until +3600 s',
    ],
    ['calls a person once', [...lost, HANDED], T0 + patienceMs, `capture 1000 of pi_1 under ${KEY}/1`],
    [
      'refused for good leaves the authorisation to wait',
      [...sendingIt, captureSent(REJECTED)],
      T0,
      'wait for capture until told',
    ],
    [
      'after a refusal goes under a key of its own',
      [...sendingIt, captureSent(REJECTED), captureOf(500, 'capture/2')],
      T0,
      `capture 500 of pi_1 under ${KEY}/2`,
    ],
    [
      'is not kept waiting by a look at the intent',
      [...authorised, { type: 'looked', attempt: 1, againAtMs: T0 + 6 * HOUR }, captureOf()],
      T0,
      `capture 1999 of pi_1 under ${KEY}/1`,
    ],
    ['that Stripe carried out ends the payment', [...lost, event('succeeded')], T0, 'close'],
  ]);
});

describe('a capture under way when the payment is given up', () => {
  table([
    ['is sent, because it was accepted', [...ordered, BY_TEMPORAL], T0, `capture 1000 of pi_1 under ${KEY}/1`],
    ['is seen through', [...lost, BY_TEMPORAL], AGAIN, `capture 1000 of pi_1 under ${KEY}/1`],
    ['rests between its repeats', [...lost, BY_TEMPORAL], T0, 'wait for repeat until +1 s'],
    ['is cancelled once no repeat can tell any more', [...lost, HANDED, BY_TEMPORAL], T0 + keyLifeMs, 'cancel pi_1'],
    [
      'refused for good is followed by the cancel',
      [...sendingIt, BY_TEMPORAL, captureSent(KEPT_REFUSAL)],
      T0,
      'cancel pi_1',
    ],
    ['that succeeded wins', [...lost, BY_TEMPORAL, shown('reply', 'succeeded')], T0, 'wait for webhook until told'],
  ]);

  it('is one of the payment’s own key and amount, however often it is repeated', () => {
    const state = after(taken(), ...lost, captureSending(1, T0 + MINUTE), captureSent(LOST));
    const step = nextStep(state, T0 + MINUTE);
    assert.ok(step.do === 'capture');
    assert.deepEqual([step.capture.sends, step.capture.birthMs, step.capture.amount], [2, T0, 1000]);
  });
});
