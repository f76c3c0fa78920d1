import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  capturable,
  currentTry,
  type Fact,
  next,
  operationsOf,
  type PaymentState,
  whyNotCancel,
  whyNotCapture,
  whyNotConfirm,
} from '../../../src/domain/payment/index.js';
import { anyFacts, SEED } from '../../support/any-fact.js';
import {
  after,
  CANCEL,
  captureOf,
  captureSending,
  captureSent,
  confirmKeyOf,
  EXPIRED,
  event,
  HOUR,
  KEPT_REFUSAL,
  LOST,
  offered,
  REJECTED,
  STORED_SERVER_ERROR,
  sending,
  sent,
  settled,
  shown,
  T0,
  TERMS,
  taken,
} from '../../support/facts.js';

const isIn = (status: string) => [sending(), sent(settled(status))];
const declined = isIn('requires_payment_method');
const authorised = isIn('requires_capture');
const capturing = [...authorised, captureOf(1000), captureSending()];
const RUNS = { seed: SEED, numRuns: 1_000 };

/** Each row: the payment, and whether it takes a cancel, another payment method, a capture. */
const TABLE: readonly [
  name: string,
  facts: readonly Fact[],
  cancel: RegExp | null,
  confirm: RegExp | null,
  capture: RegExp | null,
][] = [
  ['unsent', [], null, /is processing and waits/, /is processing: there is no authorization/],
  ['being sent', [sending()], null, /is processing/, /is processing/],
  ['of unknown outcome', [sending(), sent(LOST)], null, /is processing/, /is processing/],
  ['processing', isIn('processing'), /Stripe is processing/, /is processing/, /is processing/],
  ['asking the customer', isIn('requires_action'), null, /is requires_action/, /is requires_action/],
  ['declined', declined, null, null, /is requires_payment_method/],
  ['trying another method', [...declined, offered()], null, /is processing/, /is processing/],
  [
    'waiting, after Stripe would not take the other method',
    [...declined, offered(), sending(2), sent(REJECTED, { attempt: 2 })],
    null,
    null,
    /is requires_payment_method/,
  ],
  ['authorised', authorised, null, /is authorized/, null],
  ['being captured', capturing, /A capture is under way/, /is processing/, /Another capture is under way/],
  ['whose capture was refused', [...capturing, captureSent(KEPT_REFUSAL)], null, /is authorized/, null],
  ['called off', [...authorised, CANCEL], null, /is being given up/, /is being given up/],
  ['called off while processing', [...isIn('processing'), CANCEL], null, /is being given up/, /is being given up/],
  ['expired', [...declined, EXPIRED], null, /is being given up/, /is being given up/],
  ['succeeded', isIn('succeeded'), /is succeeded and can no longer/, /is succeeded/, /is succeeded/],
  ['canceled', [CANCEL], null, /is canceled/, /is canceled/],
  ['failed', [sending(), sent(REJECTED)], /is failed and can no longer/, /is failed/, /is failed/],
];

describe('what a caller is told of a payment', () => {
  for (const [name, facts, cancel, confirm, capture] of TABLE) {
    it(`${name} is ${[cancel, confirm, capture].map((why) => (why === null ? 'yes' : 'no')).join(', ')} to cancel, method, capture`, () => {
      const state = after(taken(), ...facts);
      for (const [why, expected] of [
        [whyNotCancel(state, T0), cancel],
        [whyNotConfirm(state, T0), confirm],
        [whyNotCapture(state), capture],
      ] as const) {
        if (expected === null) assert.equal(why, null);
        else assert.match(why ?? 'nothing', expected);
      }
    });
  }

  it('is no to another method from the moment its time is up', () => {
    const state = after(taken(), ...declined);
    assert.equal(whyNotConfirm(state, TERMS.expiresAtMs - 1), null);
    assert.match(whyNotConfirm(state, TERMS.expiresAtMs) ?? '', /expires_at has passed/);
  });

  it('is what the state function holds to: what is refused moves nothing, and what is allowed moves something', () => {
    const tried = { refused: 0, allowed: 0 };
    const holds = (state: PaymentState, allowed: boolean, fact: Fact) => {
      assert.equal(next(state, fact) !== state, allowed, fact.type);
      tried[allowed ? 'allowed' : 'refused'] += 1;
    };
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const state = after(taken(), ...facts);
        holds(state, whyNotConfirm(state, T0) === null, offered('pm_new', 'confirm/new'));
        holds(state, whyNotCapture(state) === null, captureOf(Math.max(1, capturable(state)), 'capture/new'));
      }),
      RUNS,
    );
    for (const [what, times] of Object.entries(tried)) assert.ok(times > 50, `only ${times} ${what}`);
  });
});

describe('the same request without an id of its own', () => {
  const tryAfter = (...facts: readonly Fact[]) => currentTry(after(taken(), ...facts));
  const [before, other] = [tryAfter(...declined), tryAfter(...authorised)];
  const second = [...declined, offered(), sending(2)];
  const with2 = (status: string) =>
    sent(settled(status, { latestCharge: 'ch_2', errorCharge: 'ch_2' }), { attempt: 2 });

  it('for another method is the same operation while that try is undecided, and after it succeeded', () => {
    const undecided: Fact[][] = [
      [...declined, offered()],
      second,
      [...second, sent(LOST, { attempt: 2 })],
      [...second, with2('requires_action')],
      [...second, with2('processing')],
      [...second, with2('succeeded')],
      [...second, sent(LOST, { attempt: 2 }), CANCEL, event('canceled')],
    ];
    for (const facts of undecided) assert.equal(tryAfter(...facts), before);
  });

  it('for another method is a new operation after a definite refusal: the same card may be tried again', () => {
    const tries = [
      before,
      tryAfter(...second, with2('requires_payment_method')),
      tryAfter(...second, sent(REJECTED, { attempt: 2 })),
      tryAfter(...second, shown('webhook', 'requires_payment_method', { errorCharge: 'ch_2' }, confirmKeyOf(2))),
    ];
    assert.deepEqual(tries, ['1.0', '2.0', '2.0', '2.0']);
  });

  it('for a capture is the same operation while it is undecided and after it succeeded, and a new one once refused', () => {
    for (const facts of [
      [...authorised, captureOf()],
      capturing,
      [...capturing, captureSent(LOST)],
      [...capturing, captureSent(settled('succeeded'))],
      [...capturing, captureSent(LOST), event('canceled')],
    ]) {
      assert.equal(tryAfter(...facts), other);
    }
    const renewed: Fact[] = [
      ...capturing,
      captureSent(STORED_SERVER_ERROR),
      { type: 'capture_missed', number: 1, atMs: T0 + 100 * HOUR },
    ];
    assert.equal(tryAfter(...renewed), other, 'under another key of Penstock’s own accord');
    assert.equal(tryAfter(...renewed, captureSent(settled('succeeded'), { number: 2 })), other);
    const refused = [...capturing, captureSent(KEPT_REFUSAL)];
    assert.notEqual(tryAfter(...refused), other);
    assert.equal(tryAfter(...refused, captureOf(1, 'capture/2')), tryAfter(...refused));
  });

  it('is not lost sight of: whatever was taken is known by its id', () => {
    const state = after(taken(), ...second, with2('requires_capture'), captureOf(5, 'capture/1'));
    assert.deepEqual(operationsOf(state), ['confirm/1', 'capture/1']);
  });
});
