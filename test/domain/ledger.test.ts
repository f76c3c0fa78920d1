import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextDispute } from '../../src/domain/dispute/index.js';
import { chargesOf, disputesOf, newMovements, refundsOf } from '../../src/domain/ledger.js';
import { standing } from '../../src/domain/payment/index.js';
import { tombstoneResult } from '../../src/domain/tombstone.js';
import { dispute, heard, noted, opened } from '../support/dispute-facts.js';
import { after, event, FIRST, sending, T0, TERMS, taken } from '../support/facts.js';
import { afterAll, asked, followed, told } from '../support/refund-facts.js';

const CHARGE = {
  account: FIRST.account,
  id: 'ch_1',
  kind: 'charge',
  payment: TERMS.id,
  intent: 'pi_1',
  amount: TERMS.amount,
  currency: TERMS.currency,
  status: 'succeeded',
  occurredAtMs: null,
};

describe('the movements of money', () => {
  it('of a payment are its captured charges, and nothing before', () => {
    const waiting = after(taken(), sending(), event('requires_action'));
    assert.deepEqual(chargesOf(waiting), []);
    assert.deepEqual(chargesOf(after(taken(), sending(), event('requires_capture'))), []);
    assert.deepEqual(chargesOf(after(waiting, event('succeeded'))), [CHARGE]);
    const inPart = after(taken(), sending(), event('requires_capture'), event('succeeded', { amountReceived: 500 }));
    assert.deepEqual(chargesOf(inPart), [{ ...CHARGE, amount: 500 }]);
  });

  it('of a payment hold money that nobody expected, too', () => {
    const stray = {
      id: 'pi_stray',
      latestCharge: 'ch_stray',
      labels: { deployment: 'd1', workflowId: TERMS.id, attempt: 1 },
    };
    const state = after(taken(), sending(), event('succeeded'), event('succeeded', stray));
    assert.deepEqual(
      chargesOf(state).map(({ id, intent }) => [id, intent]),
      [
        ['ch_1', 'pi_1'],
        ['ch_stray', 'pi_stray'],
      ],
    );
  });

  it('of a refund are as Stripe has shown it, once it is known whose it is', () => {
    assert.deepEqual(refundsOf(asked()), []);
    const [movement] = refundsOf(afterAll(asked(), told('pending')));
    assert.deepEqual([movement?.id, movement?.status, movement?.amount], ['re_1', 'pending', 1000]);
    assert.deepEqual([movement?.payment, movement?.occurredAtMs], ['pay.acme.order-1', T0]);
    assert.deepEqual(refundsOf(afterAll(followed(), told('succeeded'))), []);
    const foreign = afterAll(followed(), told('succeeded'), { type: 'owned', owner: { kind: 'foreign' } });
    assert.deepEqual(refundsOf(foreign), []);
  });

  it('of a dispute are what it took out of the balance, less what came back', () => {
    const taking = { withdrawn: 1999, balanceCurrency: 'usd' };
    assert.deepEqual(disputesOf(nextDispute(opened(), heard(dispute('warning_needs_response')))), []);
    assert.deepEqual(disputesOf(nextDispute(noted(), heard(dispute('needs_response', taking)))), []);
    const lost = nextDispute(opened(), heard(dispute('lost', taking)));
    assert.deepEqual(
      disputesOf(lost).map(({ id, amount, currency, status }) => [id, amount, currency, status]),
      [['dp_1', 1999, 'usd', 'lost']],
    );
    const won = nextDispute(lost, {
      type: 'dispute',
      source: 'read',
      dispute: dispute('won', { ...taking, reinstated: 1999 }),
    });
    assert.deepEqual(
      disputesOf(won).map(({ amount, status }) => [amount, status]),
      [[0, 'won']],
    );
  });

  it('are told once each, and again when they change', () => {
    const movement = { ...CHARGE, kind: 'charge' } as const;
    assert.deepEqual(newMovements([], [movement]), [movement]);
    assert.deepEqual(newMovements([movement], [{ ...movement }]), []);
    const more = { ...movement, amount: 2 };
    assert.deepEqual(newMovements([movement], [movement, more]), [more]);
  });
});

describe('what is kept of a payment', () => {
  it('is enough to answer for it and to give its money back', () => {
    const state = after(taken(), sending(), event('succeeded'));
    assert.deepEqual(tombstoneResult(state.terms, standing(state)), {
      status: 'succeeded',
      amount: 1999,
      currency: 'eur',
      livemode: false,
      account: 'default',
      intent: 'pi_1',
      amountCaptured: 1999,
      failure: null,
      acceptedAtMs: T0,
      expiresAtMs: TERMS.expiresAtMs,
    });
  });
});
