import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { currentAttempt, isUnknown, next, standing } from '../../../src/domain/payment/index.js';
import {
  ANOTHER_ATTEMPT,
  absent,
  after,
  CANCEL,
  EXPIRED,
  event,
  keyOf,
  LOST,
  MINUTE,
  NOT_EXECUTED,
  PAST_LOST,
  PROVES_FROM,
  REJECTED,
  SERVER_ERROR,
  sending,
  sent,
  settled,
  shown,
  T0,
  TERMS,
  taken,
} from '../../support/facts.js';

const unknown = () => after(taken(), sending(), sent(LOST));

describe('a card payment', () => {
  it('has succeeded with the reply, and is closed only by the event', () => {
    const replied = after(taken(), sending(), sent(settled('succeeded')));
    assert.deepEqual(standing(replied), {
      status: 'succeeded',
      final: true,
      account: 'default',
      payment_intent: 'pi_1',
      amount_capturable: 0,
      amount_captured: 1999,
      next_action: null,
      failure: null,
    });
    assert.equal(replied.endSeen, false);
    assert.equal(next(replied, event('succeeded')).endSeen, true);
  });

  it('has succeeded with the event while the reply is still out, and the reply adds nothing', () => {
    const told = after(taken(), sending(), event('succeeded'));
    assert.deepEqual([standing(told).status, told.endSeen], ['succeeded', true]);
    assert.deepEqual(standing(next(told, sent(settled('succeeded')))), standing(told));
  });

  it('may be closed by the sweep in the place of the event, and never by a reply or a read', () => {
    const replied = after(taken(), sending(), sent(settled('succeeded')));
    assert.equal(next(replied, shown('sweep', 'succeeded')).endSeen, true);
    assert.equal(next(replied, shown('read', 'succeeded')).endSeen, false);
    assert.equal(next(replied, shown('reply', 'succeeded')).endSeen, false);
  });

  it('is not closed by an event of anything but the end', () => {
    const early = after(taken(), sending(), event('processing'), sent(settled('succeeded')));
    assert.deepEqual([standing(early).final, early.endSeen], [true, false]);
    assert.equal(next(early, event('processing')).endSeen, false);
  });

  it('finds its event by the key where the intent carries no labels, and leaves one that fits neither alone', () => {
    const byKey = next(unknown(), shown('webhook', 'succeeded', { labels: null }, keyOf(1)));
    assert.equal(standing(byKey).status, 'succeeded');
    const byNothing = next(unknown(), shown('webhook', 'succeeded', { labels: null }));
    assert.equal(standing(byNothing).status, 'processing');
    assert.equal(byNothing.disregarded, 1);
  });

  it('shows what the customer must do only while Stripe waits for the customer', () => {
    const waiting = next(unknown(), event('requires_action'));
    assert.equal(standing(waiting).status, 'requires_action');
    assert.equal(standing(waiting).next_action?.sealed, 'sealed');
    assert.equal(standing(next(waiting, event('processing'))).next_action, null);
    assert.equal(standing(next(waiting, CANCEL)).next_action, null, 'it is being given up');
  });
});

describe('a late event', () => {
  it('of a failure moves nothing after success', () => {
    const paid = after(taken(), sending(), sent(settled('requires_payment_method')), event('succeeded'));
    assert.deepEqual(next(paid, event('requires_payment_method')), paid);
  });

  it('of an earlier stage moves nothing', () => {
    const asked = next(unknown(), event('processing'));
    assert.deepEqual(next(asked, event('requires_action')), asked);
    const declined = next(unknown(), event('requires_payment_method'));
    for (const earlier of ['requires_action', 'processing']) {
      assert.deepEqual(next(declined, shown('webhook', earlier, {}, keyOf(1))), declined, earlier);
    }
  });

  it('of an earlier stage than a decline, without its key, may be the customer going on: it causes one read', () => {
    const declined = next(unknown(), event('requires_payment_method'));
    for (const status of ['requires_action', 'processing', 'requires_capture']) {
      for (const source of ['webhook', 'sweep'] as const) {
        const now = next(declined, shown(source, status));
        assert.deepEqual(now, { ...declined, readWanted: true, facts: now.facts }, `${source} ${status}`);
        const asOf = now.facts;
        const old = next(now, { ...shown('read', 'requires_payment_method'), asOf });
        assert.deepEqual([old.attempts.length, old.readWanted], [1, false]);
        const anew = next(now, { ...shown('read', status), asOf });
        assert.deepEqual(
          anew.attempts.map((a) => a.seen?.intent.status),
          ['requires_payment_method', status],
        );
      }
    }
  });

  it('of the same stage still says why, if the first did not', () => {
    const declined = next(unknown(), event('requires_payment_method', { failure: null }));
    assert.equal(standing(declined).failure, null);
    assert.equal(standing(next(declined, event('requires_payment_method'))).failure?.code, 'card_declined');
  });

  it('whose status this version does not know moves nothing and causes one read', () => {
    const waiting = next(unknown(), event('requires_action'));
    const puzzled = next(waiting, event('requires_magic'));
    assert.deepEqual(puzzled, { ...waiting, readWanted: true, facts: puzzled.facts });
    // The read may show the same: it must not cause another.
    const told = next(puzzled, shown('read', 'requires_magic'));
    assert.deepEqual(told, { ...waiting, facts: told.facts });
  });
});

describe('an unknown outcome', () => {
  it('a truncated reply never becomes a failed payment', () => {
    for (const fact of [sent(REJECTED), sent(NOT_EXECUTED), { type: 'taken_back', attempt: 1 } as const, absent(T0)]) {
      const state = after(unknown(), sending(), fact);
      assert.equal(standing(state).outcome, 'unknown', fact.type);
      assert.equal(standing(state).final, false, fact.type);
    }
  });

  it('called off or expired stays open until Stripe shows the intent or its absence proves something', () => {
    for (const leaving of [CANCEL, EXPIRED]) {
      const left = next(unknown(), leaving);
      assert.deepEqual([standing(left).status, standing(left).outcome], ['processing', 'unknown']);
      assert.equal(standing(next(left, absent(PROVES_FROM - 1))).final, false);
      assert.equal(standing(next(left, absent(PROVES_FROM))).status, 'canceled');
    }
  });

  it('is proved dead by a complete list ten minutes after its last deadline, and not a millisecond before', () => {
    assert.equal(currentAttempt(next(unknown(), absent(PROVES_FROM - 1))).dead, false);
    assert.equal(currentAttempt(next(unknown(), absent(PROVES_FROM))).dead, true);
  });

  it('needs a new proof when it is sent once more', () => {
    const deadlineMs = T0 + 5 * MINUTE;
    const again = after(unknown(), sending(), sent(LOST, { deadlineMs }));
    assert.equal(currentAttempt(next(again, absent(PROVES_FROM))).dead, false);
    assert.equal(currentAttempt(next(again, absent(deadlineMs + TERMS.timing.proofDelayMs))).dead, true);
    // The answer to an older send must not bring the deadline forward.
    const older = next(again, sent(LOST, { deadlineMs: T0 }));
    assert.equal(currentAttempt(next(older, absent(PROVES_FROM))).dead, false);
  });

  it('after a 500 is never proved dead by absence, even when a later send was merely lost', () => {
    const state = after(
      taken(),
      sending(),
      sent(SERVER_ERROR),
      sending(),
      sent(LOST),
      absent(PROVES_FROM + 60 * MINUTE),
    );
    assert.equal(currentAttempt(state).dead, false);
    assert.equal(isUnknown(currentAttempt(state)), true);
  });

  it('stays unknown when the reply shows an intent of another amount: something was made, though nobody knows what', () => {
    const puzzled = after(taken(), sending(), sent(settled('succeeded', { amount: 5, amountReceived: 5 })), CANCEL);
    assert.deepEqual([standing(puzzled).final, standing(puzzled).outcome], [false, 'unknown']);
  });

  it('keeps the longest pause it was given', () => {
    const paused = after(unknown(), sent(LOST, { againAtMs: T0 + MINUTE }), sent(LOST, { againAtMs: T0 }));
    assert.equal(currentAttempt(paused).againAtMs, T0 + MINUTE);
  });

  it('is not proved dead while a send is under way', () => {
    assert.equal(currentAttempt(after(unknown(), sending(), absent(PROVES_FROM))).dead, false);
  });

  it('proved dead goes on under a new key, and money by the old one still counts', () => {
    const second = after(unknown(), absent(PROVES_FROM), ANOTHER_ATTEMPT);
    assert.equal(second.attempts.length, 2);
    assert.notEqual(currentAttempt(second).key, keyOf(1));
    const paid = next(second, event('succeeded'));
    assert.deepEqual([standing(paid).status, paid.end?.attempt], ['succeeded', 1]);
    const twice = next(
      paid,
      event('succeeded', { id: 'pi_2', labels: { deployment: 'd1', workflowId: TERMS.id, attempt: 2 } }),
    );
    assert.deepEqual(
      twice.oddities.map((o) => [o.kind, o.intent.id]),
      [['contradiction', 'pi_2']],
    );
    assert.equal(twice.amountCaptured, 1999);
  });

  it('opens no other attempt once the payment is being left', () => {
    const left = after(unknown(), absent(PROVES_FROM), event('requires_action'), CANCEL);
    assert.deepEqual(next(left, ANOTHER_ATTEMPT), left);
  });

  it('of a run that lost its past is unknown from the start, and no absence proves it dead', () => {
    const reset = next(taken(), PAST_LOST);
    assert.equal(isUnknown(currentAttempt(reset)), true);
    assert.equal(currentAttempt(reset).lookFirst, true);
    const looked = next(reset, absent(PROVES_FROM + 60 * MINUTE));
    assert.deepEqual([currentAttempt(looked).dead, currentAttempt(looked).lookFirst], [false, false]);
  });
});

describe('a refusal', () => {
  it('of the only send for good is a failure, with its reason, and waits for no event', () => {
    const failed = after(taken(), sending(), sent(REJECTED));
    assert.deepEqual([standing(failed).status, standing(failed).failure?.code], ['failed', 'resource_missing']);
    assert.equal(failed.endSeen, true);
  });

  it('for now leaves the payment as good as unsent', () => {
    const refused = after(taken(), sending(), sent(NOT_EXECUTED));
    assert.deepEqual([standing(refused).status, standing(refused).outcome], ['processing', undefined]);
    assert.equal(standing(next(refused, CANCEL)).status, 'canceled');
  });

  it('lets the next send be the birth of the key, which moves no more once a send may have arrived', () => {
    const refused = after(taken(), sending(1, T0), sent(NOT_EXECUTED), sending(1, T0 + MINUTE));
    assert.equal(currentAttempt(refused).birthMs, T0 + MINUTE);
    const repeated = after(refused, sent(LOST), sending(1, T0 + 2 * MINUTE));
    assert.equal(currentAttempt(repeated).birthMs, T0 + MINUTE);
    assert.equal(currentAttempt(repeated).sends, 3);
  });
});
