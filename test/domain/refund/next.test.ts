import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  addsToRefund,
  holdsMoney,
  isRefunded,
  isSettled,
  nextRefund,
  type RefundStatus,
  refundStanding,
} from '../../../src/domain/refund/index.js';
import { PROVES_FROM, T0 } from '../../support/facts.js';
import {
  afterAll,
  asked,
  BROKEN_REFUND,
  followed,
  LIMITED_REFUND,
  LOST_REFUND,
  REFUSED_REFUND,
  refund,
  refundAbsent,
  refunding,
  refundKey,
  refundMade,
  refundSent,
  told,
} from '../../support/refund-facts.js';

const lost = () => afterAll(asked(), refunding(), refundSent(LOST_REFUND));
const made = (status: string) => afterAll(asked(), refunding(), refundSent(refundMade(status)));
const PAST_LOST = { type: 'past_lost', deadlineMs: T0 } as const;

describe('a refund', () => {
  it('shows what Stripe shows, and is final from success on', () => {
    const rows: readonly [string, RefundStatus, boolean][] = [
      ['pending', 'pending', false],
      ['requires_action', 'requires_action', false],
      ['succeeded', 'succeeded', true],
      ['failed', 'failed', true],
      ['canceled', 'canceled', true],
      ['in_limbo', 'processing', false],
      ['toString', 'processing', false],
    ];
    for (const [status, shown, final] of rows) {
      for (const state of [made(status), afterAll(followed(), told(status))]) {
        assert.deepEqual([refundStanding(state).status, refundStanding(state).final], [shown, final], status);
        assert.equal(isSettled(state), final, status);
        assert.equal(refundStanding(state).outcome, undefined);
      }
    }
  });

  it('that succeeded can still fail, days later, and says that the money is back', () => {
    const failed = afterAll(made('succeeded'), told('failed'));
    const { status, failure } = refundStanding(failed);
    assert.deepEqual([status, failure?.code], ['failed', 'lost_or_stolen_card']);
  });

  it('that failed or was canceled stays so, whatever comes late', () => {
    for (const end of ['failed', 'canceled']) {
      const ended = made(end);
      for (const late of ['pending', 'requires_action', 'succeeded', 'failed', 'canceled', 'in_limbo']) {
        assert.equal(nextRefund(ended, told(late)), ended, `${late} after ${end}`);
      }
    }
  });

  it('waits for the bank and for the customer in either order', () => {
    for (const [first, then] of [
      ['pending', 'requires_action'],
      ['requires_action', 'pending'],
    ] as const) {
      assert.equal(refundStanding(afterAll(made(first), told(then))).status, then);
    }
  });

  it('counts no sight of another account, intent, amount, currency or refund', () => {
    const before = made('pending');
    for (const changes of [
      { account: 'second' },
      { intent: 'pi_2' },
      { intent: null },
      { amount: 999 },
      { currency: 'usd' },
      { id: 're_2' },
    ]) {
      const after = nextRefund(before, told('succeeded', changes));
      assert.deepEqual(after, { ...before, disregarded: 1 }, JSON.stringify(changes));
    }
  });
});

describe('a refund of unknown outcome', () => {
  it('is never shown as failed, and says that nobody knows', () => {
    for (const more of [REFUSED_REFUND, LIMITED_REFUND, LOST_REFUND, BROKEN_REFUND]) {
      const state = afterAll(lost(), refunding(), refundSent(more));
      assert.deepEqual([refundStanding(state).status, refundStanding(state).outcome], ['processing', 'unknown']);
      assert.equal(refundStanding(state).final, false);
    }
  });

  it('goes on under a new key only once it is proved that it was never made', () => {
    assert.equal(afterAll(lost(), refundAbsent(PROVES_FROM - 1)).attempt?.number, 1);
    const dead = afterAll(lost(), refundAbsent(PROVES_FROM));
    assert.deepEqual([dead.attempt?.number, dead.attempt?.key, dead.attempt?.mayHaveArrived], [2, refundKey(2), false]);
    for (const state of [
      asked(),
      afterAll(lost(), refunding()),
      afterAll(lost(), refunding(), refundSent(BROKEN_REFUND)),
      afterAll(lost(), told('pending')),
      afterAll(asked(), PAST_LOST),
    ]) {
      assert.equal(afterAll(state, refundAbsent(PROVES_FROM)).attempt?.number, 1);
    }
  });

  it('that turns up under the old key after all is the refund, and settles it', () => {
    const state = afterAll(lost(), refundAbsent(PROVES_FROM), told('succeeded'));
    assert.equal(refundStanding(state).status, 'succeeded');
  });

  it('is not given up by a cancel, and is by a person’s word', () => {
    const state = lost();
    assert.equal(nextRefund(state, { type: 'cancel_requested' }), state);
    assert.equal(refundStanding(nextRefund(state, { type: 'ruled_dead' })).status, 'canceled');
  });

  it('is no longer given up once Stripe shows it: money facts win', () => {
    for (const gone of [
      afterAll(lost(), { type: 'ruled_dead' }),
      afterAll(asked(), { type: 'cancel_requested' }),
      afterAll(asked(), refunding(), refundSent(REFUSED_REFUND)),
    ]) {
      const shown = afterAll(gone, told('succeeded'));
      assert.deepEqual([refundStanding(shown).status, refundStanding(shown).failure], ['succeeded', null]);
    }
  });

  it('whose answer does not agree is not asked for by the same key again', () => {
    const odd = afterAll(asked(), refunding(), refundSent(refundMade('succeeded', { amount: 5 })));
    assert.deepEqual([odd.seen, odd.disregarded, odd.attempt?.repeatIsUseless], [null, 1, true]);
    assert.equal(refundStanding(odd).outcome, 'unknown');
  });
});

describe('a refund that was never made', () => {
  it('is failed with Stripe’s reason when Stripe refuses it, and holds no money', () => {
    const refused = afterAll(asked(), refunding(), refundSent(REFUSED_REFUND));
    const { status, final, failure } = refundStanding(refused);
    assert.deepEqual([status, final, failure?.code], ['failed', true, 'charge_already_refunded']);
  });

  it('is canceled when it is called off unsent or refused for now, and not while it is being sent', () => {
    for (const state of [asked(), afterAll(asked(), refunding(), refundSent(LIMITED_REFUND))]) {
      assert.equal(refundStanding(nextRefund(state, { type: 'cancel_requested' })).status, 'canceled');
    }
    const sendingIt = afterAll(asked(), refunding());
    for (const type of ['cancel_requested', 'ruled_dead'] as const) {
      assert.equal(nextRefund(sendingIt, { type }), sendingIt);
    }
  });
});

describe('a refund that lost its past', () => {
  it('takes a refusal for a repeat’s, and may have met a 500', () => {
    const reset = afterAll(asked(), PAST_LOST, refunding(), refundSent(REFUSED_REFUND));
    assert.deepEqual([refundStanding(reset).status, refundStanding(reset).outcome], ['processing', 'unknown']);
    assert.equal(reset.attempt?.serverError, true);
  });
});

describe('what a refund counts for', () => {
  it('its amount is held unless it failed or was canceled, and is given back once Stripe has taken it', () => {
    const rows: readonly [RefundStatus, boolean, boolean][] = [
      ['processing', true, false],
      ['pending', true, true],
      ['requires_action', true, true],
      ['succeeded', true, true],
      ['failed', false, false],
      ['canceled', false, false],
    ];
    for (const [status, holds, refunded] of rows) {
      assert.deepEqual([holdsMoney(status), isRefunded(status)], [holds, refunded], status);
    }
  });
});

describe('news of a refund that has closed', () => {
  it('is a later failure, and no repetition, and nothing at all where it was nobody’s here', () => {
    const closed = made('succeeded');
    assert.equal(addsToRefund(closed, refund('failed')), true);
    for (const status of ['pending', 'requires_action', 'succeeded']) {
      assert.equal(addsToRefund(closed, refund(status)), false, status);
    }
    const foreign = afterAll(followed(), told('succeeded'), { type: 'owned', owner: { kind: 'foreign' } });
    assert.equal(addsToRefund(foreign, refund('failed')), false);
  });

  it('is money where none was expected any more', () => {
    const canceled = afterAll(lost(), { type: 'ruled_dead' });
    assert.equal(addsToRefund(canceled, refund('succeeded')), true);
  });
});
