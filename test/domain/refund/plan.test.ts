import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Outcome } from '../../../src/domain/outcome.js';
import {
  nextRefundStep,
  type RefundFact,
  type RefundSnapshot,
  type RefundState,
} from '../../../src/domain/refund/index.js';
import { HOUR, MINUTE, PROVES_FROM, SECOND, T0, TERMS } from '../../support/facts.js';
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
  refundKey,
  refundLooked,
  refundMade,
  refundSent,
  told,
} from '../../support/refund-facts.js';

const { keyLifeMs, patienceMs } = TERMS.timing;
const AGAIN = T0 + SECOND;
const lost = [refunding(), refundSent(LOST_REFUND)];
const REFUSED_REPEAT: Outcome<RefundSnapshot> = {
  kind: 'unknown',
  cause: 'refused_repeat',
  serverError: false,
  repeat: true,
};
const HANDED: RefundFact = { type: 'handed_over', unknown: true };
const CALLED: RefundFact = { type: 'handed_over', unknown: false };
const PAST_LOST: RefundFact = { type: 'past_lost', deadlineMs: T0 };
const OWNED: RefundFact = { type: 'owned', owner: OWNER };

function inWords(state: RefundState, now: number): string {
  const step = nextRefundStep(state, now);
  switch (step.do) {
    case 'wait':
      return `wait for ${step.for} until +${(step.untilMs - T0) / SECOND} s`;
    case 'send':
    case 'find':
      return `${step.do} ${step.attempt.number}`;
    case 'read':
      return `read ${step.refund}`;
    default:
      return step.do;
  }
}

/** Each row: what is promised, the facts that led there, the time, the step. */
function table(start: () => RefundState, rows: readonly [string, readonly RefundFact[], number, string][]): void {
  for (const [name, facts, now, step] of rows) {
    it(name, () => assert.equal(inWords(afterAll(start(), ...facts), now), step));
  }
}

describe('a refund that was asked for', () => {
  table(asked, [
    ['is sent', [], T0, 'send 1'],
    ['is sent however long it waited: it was accepted', [], T0 + 100 * HOUR, 'send 1'],
    ['refused for now waits its pause', [refunding(), refundSent(LIMITED_REFUND)], T0, 'wait for repeat until +1 s'],
    ['refused for now is sent again', [refunding(), refundSent(LIMITED_REFUND)], AGAIN, 'send 1'],
    [
      'refused for now beyond patience calls a person',
      [refunding(), refundSent(LIMITED_REFUND)],
      T0 + patienceMs,
      'hand_over',
    ],
    [
      'refused for now calls a person once',
      [refunding(), refundSent(LIMITED_REFUND), CALLED],
      T0 + patienceMs,
      'send 1',
    ],
    ['nobody has tried to send yet calls nobody', [], T0 + patienceMs, 'send 1'],
    ['refused for good tells a person: it had been taken', [refunding(), refundSent(REFUSED_REFUND)], T0, 'alert'],
    ['refused for good closes then', [refunding(), refundSent(REFUSED_REFUND), { type: 'alerted' }], T0, 'close'],
    ['called off closes', [{ type: 'cancel_requested' }], T0, 'close'],
    ['of a reset run is looked for before it is written', [PAST_LOST], T0, 'find 1'],
    ['of a reset run that was not found is sent under its key', [PAST_LOST, refundAbsent(T0)], T0, 'send 1'],
    [
      'of a reset run is looked for although an event of another amount came first',
      [PAST_LOST, told('succeeded', { amount: 5 }), refundLooked(T0 + MINUTE)],
      T0,
      'find 1',
    ],
    [
      'of a reset run, found to be of another amount, waits between looks',
      [PAST_LOST, { type: 'refund', source: 'read', refund: refund('succeeded', { amount: 5 }) }, refundLooked(AGAIN)],
      T0,
      'wait for repeat until +1 s',
    ],
    [
      'of a reset run that was looked for waits between looks',
      [PAST_LOST, refundAbsent(T0), refundLooked(T0 + MINUTE)],
      T0,
      'wait for repeat until +60 s',
    ],
  ]);

  it('is sent under the key of its attempt', () => {
    const step = nextRefundStep(asked(), T0);
    assert.ok(step.do === 'send' && step.attempt.key === refundKey(1));
    assert.equal(refundKey(1), `penstock/1/${REFUND_TERMS.id}/refund/default/1`);
  });
});

describe('a refund of unknown outcome', () => {
  table(asked, [
    ['waits its pause', lost, T0, 'wait for repeat until +1 s'],
    ['is repeated under the same key', lost, AGAIN, 'send 1'],
    ['is repeated while its key lives', [...lost, HANDED], T0 + keyLifeMs - 1, 'send 1'],
    ['with an older key is looked for', [...lost, HANDED], T0 + keyLifeMs, 'find 1'],
    ['after a first 500 is repeated', [refunding(), refundSent(BROKEN_REFUND)], AGAIN, 'send 1'],
    ['after a replayed 500 is looked for', [refunding(), refundSent(KEPT_BROKEN_REFUND)], AGAIN, 'find 1'],
    ['beyond patience calls a person', lost, T0 + patienceMs, 'hand_over'],
    ['calls a person once', [...lost, HANDED], T0 + patienceMs, 'send 1'],
    [
      'wakes from its pause to call a person',
      [refunding(), refundSent(LOST_REFUND, { againAtMs: T0 + 2 * HOUR })],
      T0,
      'wait for repeat until +3600 s',
    ],
    ['whose repeat is refused is looked for, which tells', [...lost, refundSent(REFUSED_REPEAT)], T0, 'find 1'],
    [
      'whose repeat is refused is repeated when the look came too early',
      [...lost, refundSent(REFUSED_REPEAT), refundAbsent(T0)],
      AGAIN,
      'send 1',
    ],
    ['proved never made goes on under the next key', [...lost, refundAbsent(PROVES_FROM)], PROVES_FROM, 'send 2'],
    ['that a person rules out closes', [...lost, { type: 'ruled_dead' }], AGAIN, 'close'],
    ['that an event shows is followed', [...lost, told('pending')], AGAIN, 'read re_1'],
  ]);
});

describe('a refund that Stripe has shown', () => {
  const pending = [refunding(), refundSent(refundMade('pending'))];
  table(asked, [
    ['waits for its event', [...pending, refundLooked(T0 + MINUTE)], T0, 'wait for stripe until +60 s'],
    ['is read when its event is overdue', [...pending, refundLooked(T0 + MINUTE)], T0 + MINUTE, 'read re_1'],
    ['in a status nobody here knows is followed on', [...lost, told('in_limbo')], T0, 'read re_1'],
    ['succeeded closes', [...pending, told('succeeded')], T0, 'close'],
    ['canceled tells a person first', [...pending, told('canceled')], T0, 'alert'],
    ['failed tells a person first', [...pending, told('failed')], T0, 'alert'],
    ['failed closes once a person was told', [...pending, told('failed'), { type: 'alerted' }], T0, 'close'],
  ]);
});

describe('a refund that was made elsewhere', () => {
  table(followed, [
    ['finds out whose it is before anything else', [told('failed')], T0, 'identify'],
    ['that is nobody’s here closes', [told('failed'), { type: 'owned', owner: { kind: 'foreign' } }], T0, 'close'],
    ['is followed like our own', [told('pending'), OWNED], T0, 'read re_1'],
    ['and failed tells a person', [told('failed'), OWNED], T0, 'alert'],
    ['of which nothing was shown waits for it, and writes nothing', [OWNED], T0, 'wait for stripe until +120 s'],
  ]);
});
