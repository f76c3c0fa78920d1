import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  capturable,
  type Fact,
  next,
  openCapture,
  type PaymentState,
  standing,
} from '../../../src/domain/payment/index.js';
import { anyFacts, SEED } from '../../support/any-fact.js';
import {
  after,
  CANCEL,
  captureOf,
  captureSending,
  captureSent,
  event,
  KEPT_REFUSAL,
  LOST,
  NOT_EXECUTED,
  REJECTED,
  SERVER_ERROR,
  sending,
  sent,
  settled,
  shown,
  TERMS,
  taken,
} from '../../support/facts.js';

const authorised = () => after(taken(), sending(), sent(settled('requires_capture')));
const capturing = (amount = 1000) => after(authorised(), captureOf(amount), captureSending());
const captured = (amount: number) => ({ amountReceived: amount, amountCapturable: 0 });
const shows = (state: PaymentState) => {
  const { status, outcome, amount_capturable, amount_captured, failure } = standing(state);
  return [status, outcome, amount_capturable, amount_captured, failure?.code];
};

describe('an authorised payment', () => {
  it('tells how much can be captured, and is not final', () => {
    assert.deepEqual(shows(authorised()), ['authorized', undefined, 1999, 0, undefined]);
    assert.equal(standing(authorised()).final, false);
  });

  it('captures what was authorised, a part of it, and nothing more', () => {
    for (const amount of [1, 1000, TERMS.amount]) {
      assert.equal(after(authorised(), captureOf(amount)).capture?.amount, amount);
    }
    for (const amount of [0, -1, 0.5, TERMS.amount + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const state = authorised();
      assert.equal(next(state, captureOf(amount)), state, `${amount}`);
    }
  });

  it('captures nothing while another capture is under way, once it is given up, or before it is authorised', () => {
    for (const state of [
      capturing(),
      after(authorised(), CANCEL),
      after(authorised(), event('canceled')),
      taken(),
      after(taken(), sending(), sent(settled('processing'))),
    ]) {
      assert.equal(next(state, captureOf(1, 'capture/2')), state);
    }
  });

  it('cancelled at Stripe, by the end of its authorisation, ends canceled with Stripe’s reason', () => {
    const ended = after(authorised(), event('canceled', { cancellationReason: 'automatic' }));
    assert.deepEqual([ended.end?.status, ended.end?.failure?.code], ['canceled', 'automatic']);
    assert.equal(ended.amountCaptured, 0);
  });

  it('tells of no decline that came before its authorisation', () => {
    const waiting = after(taken(), sending(), sent(settled('requires_action')));
    const late = after(waiting, event('requires_capture'), event('requires_payment_method', { errorCharge: null }));
    assert.deepEqual(shows(late), ['authorized', undefined, 1999, 0, undefined]);
  });
});

describe('a capture', () => {
  it('in full or in part ends the payment with what Stripe received, which its reply, its event and a read may tell', () => {
    for (const amount of [1000, TERMS.amount]) {
      const told: Fact[] = [
        captureSent(settled('succeeded', captured(amount))),
        event('succeeded', captured(amount)),
        shown('read', 'succeeded', captured(amount)),
        shown('sweep', 'succeeded', captured(amount)),
      ];
      for (const fact of told) {
        const state = next(capturing(amount), fact);
        assert.deepEqual(shows(state), ['succeeded', undefined, 0, amount, undefined], fact.type);
      }
    }
  });

  it('under way shows as processing, and as unknown once its answer was lost', () => {
    assert.deepEqual(shows(after(authorised(), captureOf())), ['processing', undefined, 0, 0, undefined]);
    assert.deepEqual(shows(capturing()), ['processing', undefined, 0, 0, undefined]);
    assert.deepEqual(shows(after(capturing(), captureSent(LOST))), ['processing', 'unknown', 0, 0, undefined]);
  });

  it('refused for good gives the authorisation back, with the reason, and the next one has a key of its own', () => {
    const refused = after(capturing(), captureSent(REJECTED));
    assert.deepEqual(shows(refused), ['authorized', undefined, 1999, 0, 'resource_missing']);
    const again = next(refused, captureOf(500, 'capture/2'));
    assert.deepEqual([again.capture?.number, again.capture?.amount, again.capture?.sends], [2, 500, 0]);
    assert.notEqual(again.capture?.key, refused.capture?.key);
    // An answer to the first one is nothing to the second.
    assert.equal(next(again, captureSent(SERVER_ERROR)), again);
  });

  it('refused after an answer was lost stays unknown, unless the refusal is the one kept under its key', () => {
    const lost = after(capturing(), captureSent(LOST), captureSending());
    assert.equal(standing(next(lost, captureSent(REJECTED))).outcome, 'unknown');
    assert.deepEqual(shows(next(lost, captureSent(KEPT_REFUSAL))).slice(0, 2), ['authorized', undefined]);
  });

  it('refused for now is neither unknown nor refused', () => {
    const limited = after(capturing(), captureSent(NOT_EXECUTED));
    assert.deepEqual(shows(limited), ['processing', undefined, 0, 0, undefined]);
    assert.equal(openCapture(limited)?.sending, false);
  });

  it('loses to Stripe’s own end of the authorisation', () => {
    const ended = after(capturing(), captureSent(LOST), event('canceled', { cancellationReason: 'automatic' }));
    assert.deepEqual([ended.end?.status, ended.endSeen, standing(ended).outcome], ['canceled', true, undefined]);
  });

  it('that succeeded although the payment was given up meanwhile is money all the same', () => {
    const state = after(capturing(), CANCEL, captureSent(settled('succeeded', captured(1000))));
    assert.deepEqual([state.end?.status, state.amountCaptured], ['succeeded', 1000]);
  });

  it('whose answer is of another amount than the payment counts for nothing', () => {
    const state = after(capturing(), captureSent(settled('succeeded', { amount: 5, amountReceived: 5 })));
    assert.deepEqual([state.end, state.amountCaptured, state.disregarded], [null, 0, 1]);
    assert.equal(standing(state).outcome, 'unknown');
  });
});

describe('captures, over any facts at all', () => {
  it('never ask for more than could be captured, one at a time, each under its own key, and forget nothing', () => {
    const tried = { asked: 0, refused: 0, again: 0 };
    fc.assert(
      fc.property(anyFacts, (facts) => {
        let before = taken();
        for (const fact of facts) {
          const now = next(before, fact);
          checkStep(before, fact, now, tried);
          before = now;
        }
      }),
      { seed: SEED, numRuns: 2_000 },
    );
    for (const [what, times] of Object.entries(tried)) assert.ok(times > 20, `only ${times} times: ${what}`);
  });
});

function checkStep(before: PaymentState, fact: Fact, now: PaymentState, tried: Record<string, number>): void {
  const [was, is] = [before.capture, now.capture];
  assert.ok(is !== null || was === null, 'no capture disappears');
  if (is === null) return;
  if (is.number !== was?.number) {
    tried['asked'] = (tried['asked'] ?? 0) + 1;
    if (was !== null) tried['again'] = (tried['again'] ?? 0) + 1;
    assert.ok(fact.type === 'capture_requested' && is.amount === fact.amount);
    assert.ok(is.amount >= 1 && is.amount <= capturable(before) && is.amount <= TERMS.amount);
    assert.ok(openCapture(before) === null && before.end === null && before.leaving === null);
    assert.ok(is.number === (was?.number ?? 0) + 1 && is.key !== was?.key && !is.mayHaveArrived && is.sends === 0);
    return;
  }
  assert.ok(is.key === was.key && is.amount === was.amount && is.operation === was.operation);
  for (const flag of ['mayHaveArrived', 'serverError', 'repeatIsUseless'] as const) assert.ok(is[flag] || !was[flag]);
  if (was.rejected === null && is.rejected !== null) {
    tried['refused'] = (tried['refused'] ?? 0) + 1;
    const kept = fact.type === 'capture_sent' && fact.outcome.kind === 'rejected' && fact.outcome.stored;
    assert.ok(!was.mayHaveArrived || kept, 'what may have arrived is refused only by what is kept under its key');
  }
}
