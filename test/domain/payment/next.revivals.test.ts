import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { currentAttempt, next, nextStep, standing } from '../../../src/domain/payment/index.js';
import {
  ANOTHER_ATTEMPT,
  absent,
  after,
  CANCEL,
  event,
  intent,
  LOST,
  MINUTE,
  PAST_LOST,
  PROVES_FROM,
  REJECTED,
  sending,
  sent,
  settled,
  shown,
  T0,
  taken,
} from '../../support/facts.js';

describe('an answer that does not agree with the payment', () => {
  it('settles nothing, is not sent for again at once, and is looked into by reading', () => {
    const odd = after(
      taken(),
      sending(),
      sent(settled('succeeded', { amount: 5, amountReceived: 5 }), { againAtMs: T0 + MINUTE }),
    );
    assert.equal(odd.end, null);
    assert.equal(nextStep(odd, T0).do, 'wait');
    assert.equal(nextStep(odd, T0 + MINUTE).do, 'find');
  });

  it('in a status nobody here knows is waited for, and never sent again', () => {
    const odd = after(taken(), sending(), sent(settled('requires_magic')));
    assert.equal(nextStep(odd, T0 + MINUTE).do, 'wait');
    assert.equal(standing(odd).payment_intent, 'pi_1');
  });
});

describe('a cancel whose answers do not agree with the payment', () => {
  it('is asked again after a pause, and not over and over', () => {
    const leaving = after(taken(), sending(), sent(settled('requires_payment_method')), CANCEL);
    const odd = next(leaving, shown('reply', 'canceled', { amount: 5 }));
    const rested = next(odd, { type: 'looked', attempt: 1, againAtMs: T0 + MINUTE });
    assert.equal(nextStep(rested, T0).do, 'wait');
    assert.equal(nextStep(rested, T0 + MINUTE).do, 'cancel');
  });
});

describe('an intent that somebody else goes on with', () => {
  const declined = after(taken(), sending(), sent(settled('requires_payment_method')));

  it('shown by a read asked for after the decline is another attempt', () => {
    const read = {
      ...shown('read', 'processing', { latestCharge: 'ch_2', paymentMethod: 'pm_other' }),
      asOf: declined.facts,
    };
    const now = next(declined, read);
    assert.equal(currentAttempt(now).number, 2);
    assert.equal(standing(now).status, 'processing');
    // The first attempt's late news moves nothing any more.
    assert.equal(standing(next(now, event('requires_payment_method'))).status, 'processing');
    assert.equal(standing(next(now, event('succeeded', { latestCharge: 'ch_2' }))).status, 'succeeded');
  });

  it('shown by a read asked for before the decline was known is old news', () => {
    const read = { ...shown('read', 'processing'), asOf: declined.facts - 1 };
    assert.equal(next(declined, read).attempts.length, 1);
  });

  it('told by an event of another charge causes one read and moves nothing', () => {
    const told = event('processing', { latestCharge: 'ch_2', paymentMethod: 'pm_other' });
    const now = next(declined, told);
    assert.equal(now.readWanted, true);
    assert.equal(standing(now).status, 'requires_payment_method');
    assert.equal(nextStep(now, T0 + MINUTE).do, 'read');
  });

  it('and that is processing when a cancel arrives is not cancelled over and over', () => {
    const leaving = next(declined, CANCEL);
    assert.equal(nextStep(leaving, T0 + MINUTE).do, 'cancel');
    const refused = next(leaving, { ...shown('reply', 'processing'), asOf: leaving.facts });
    assert.equal(nextStep(refused, T0 + MINUTE).do, 'wait');
  });
});

describe('an attempt proved dead', () => {
  const second = after(taken(), sending(), sent(LOST), absent(PROVES_FROM), ANOTHER_ATTEMPT);

  it('whose intent turns up open beside its successor becomes an incident', () => {
    const now = next(second, event('requires_action'));
    assert.deepEqual(
      now.oddities.map((o) => [o.kind, o.intent.id]),
      [['contradiction', 'pi_1']],
    );
    assert.equal(nextStep(now, PROVES_FROM).do, 'report');
  });

  it('whose intent turns up while it is the latest is followed, and opens no other', () => {
    const alive = after(taken(), sending(), sent(LOST), absent(PROVES_FROM), event('requires_action'), ANOTHER_ATTEMPT);
    assert.equal(alive.attempts.length, 1);
    assert.equal(standing(alive).status, 'requires_action');
  });

  it('does not lend its canceled event to the end of its successor', () => {
    const paid = after(
      second,
      event('canceled'),
      sending(2),
      sent(
        {
          kind: 'settled',
          object: intent('succeeded', {
            id: 'pi_2',
            labels: { deployment: 'd1', workflowId: 'pay.acme.order-1', attempt: 2 },
          }),
        },
        { attempt: 2 },
      ),
    );
    assert.equal(paid.end?.status, 'succeeded');
    assert.equal(paid.endSeen, false, 'its own event is still to come');
  });

  it('leaves its successor to end by the intent of the payment that took the reference before', () => {
    const again = after(second, sending(2), sent(settled('succeeded'), { attempt: 2 }));
    assert.deepEqual([again.end?.status, again.end?.attempt, again.oddities], ['succeeded', 2, []]);
  });

  it('leaves its successor to fail by itself', () => {
    const failed = after(second, sending(2), sent(REJECTED, { attempt: 2 }));
    assert.equal(failed.end?.status, 'failed');
  });
});

describe('a run that lost its past', () => {
  it('doubts the attempts it opens later too: they may have been sent before', () => {
    const reset = after(taken(), sending(), sent(LOST), absent(PROVES_FROM), PAST_LOST, ANOTHER_ATTEMPT);
    assert.equal(reset.attempts.length, 2);
    assert.equal(currentAttempt(reset).mayHaveArrived, true);
    assert.equal(nextStep(reset, PROVES_FROM).do, 'find');
  });

  it('takes a refusal that comes after the doubt as a repeat: it fails nothing', () => {
    const reset = after(taken(), sending(), PAST_LOST, sent(REJECTED));
    assert.equal(reset.end, null);
    assert.equal(nextStep(reset, T0 + MINUTE).do, 'find');
  });

  it('reads an intent it knows before it writes', () => {
    const reset = after(taken(), sending(), sent(settled('requires_payment_method')), PAST_LOST, CANCEL);
    assert.equal(nextStep(reset, T0 + MINUTE).do, 'read');
  });

  it('ends an off-session decline as failed, whichever order it is learned in', () => {
    const declined = { code: 'card_declined', decline_code: null, kind: 'declined' as const, message: 'no' };
    const reset = after(taken({ offSession: true }), PAST_LOST, shown('read', 'canceled', { failure: declined }));
    assert.equal(reset.end?.status, 'failed');
  });
});
