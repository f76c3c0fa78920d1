import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createPaymentActivities } from '../../src/activities/payments.js';
import type { CreateInput, SendResult } from '../../src/activities/types.js';
import { createParams } from '../../src/domain/stripe-params.js';
import type { Tombstone } from '../../src/domain/tombstone.js';
import { HOUR, MINUTE, SECOND } from '../support/facts.js';
import { closedTombstone, KEPT_AT, openTombstone } from '../support/kept.js';
import { cardPayment, MeteredGateway } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

const PAYMENT = 'pay.acme.order-1';

describe('the first send of a payment whose reference was used before', () => {
  let simulated: Simulated;
  let metered: MeteredGateway;
  let asked: string[];
  before(async () => {
    simulated = await Simulated.start();
    metered = new MeteredGateway({ one: simulated.base });
  });
  afterEach(() => simulated.control.noFaults());
  after(() => simulated?.stop());

  const request = {
    merchant: 'acme',
    reference: 'order-1',
    amount: 4_200,
    currency: 'eur',
    payment_method: 'pm_card_visa',
    capture_method: 'automatic',
    priority: 'checkout',
    off_session: false,
    metadata: {},
  } as const;

  let sends = 0;
  function input(changes: Partial<CreateInput> = {}): CreateInput {
    sends += 1;
    return {
      account: 'one',
      key: `test/${sends}`,
      birthMs: metered.nowMs,
      keyLifeMs: 20 * HOUR,
      sends: 1,
      earlierMayHaveArrived: false,
      sendWindowMs: 30 * SECOND,
      notAfterMs: metered.nowMs + 15 * MINUTE,
      acceptedAtMs: metered.nowMs,
      livemode: false,
      params: createParams(request, { id: PAYMENT, deployment: 'd1' }, { number: 1, paymentMethod: 'pm_card_visa' }),
      origin: { payment: PAYMENT, run: 'run-2', fingerprint: '1:abc' },
      ...changes,
    };
  }

  /** Sends with a store that knows this tombstone. @returns the outcome, and how many intents were created by it. */
  async function create(tombstone: Tombstone | null, given: CreateInput = input()) {
    asked = [];
    const past = {
      takenBefore: async (payment: string, run: string) => {
        asked.push(`${payment} ${run}`);
        return tombstone;
      },
    };
    const before = metered.metered.length;
    const { gateway } = metered;
    const { createPayment } = createPaymentActivities({ gateway, past, now: () => metered.nowMs, random: () => 0.5 });
    const { outcome }: SendResult = await new MockActivityEnvironment().run(createPayment, given);
    const calls = metered.metered.slice(before).map(({ endpoint }) => endpoint);
    return { outcome, calls };
  }

  const earlier = async () => (await simulated.stripe.paymentIntents.create(cardPayment())).id;
  const kept = (intent: string | null, changes: Partial<NonNullable<Tombstone['result']>> = {}) =>
    closedTombstone(PAYMENT, 'run-1', KEPT_AT, { account: 'one', amount: 4_200, intent, ...changes });

  it('goes out where no earlier payment is known', async () => {
    const { outcome, calls } = await create(null);
    assert.deepEqual([outcome.kind, calls, asked], ['settled', ['payment_intents.create'], [`${PAYMENT} run-2`]]);
  });

  it('is not made where the same payment had succeeded: its intent is read, and is the outcome', async () => {
    const intent = await earlier();
    const { outcome, calls } = await create(kept(intent));
    assert.deepEqual(calls, ['payment_intents.retrieve']);
    assert.ok(outcome.kind === 'settled' && outcome.object.id === intent && outcome.object.status === 'succeeded');
  });

  const refusals: Record<string, (intent: string) => Tombstone> = {
    'another payment under the reference': (intent) => ({ ...kept(intent), fingerprint: '1:other' }),
    'a run that did not know its own request': (intent) => ({ ...kept(intent), fingerprint: '' }),
    'a payment that had failed': () => kept(null, { status: 'failed' }),
    'a payment that had been canceled': (intent) => kept(intent, { status: 'canceled' }),
    'a payment on another account': (intent) => kept(intent, { account: 'two' }),
    'an intent that is not there': () => kept('pi_never_was'),
    'money that moved for a payment with no end': () => openTombstone(PAYMENT, 'run-1'),
  };
  for (const [what, tombstone] of Object.entries(refusals)) {
    it(`is refused for good, and nothing sent, after ${what}`, async () => {
      const { outcome, calls } = await create(tombstone(await earlier()));
      assert.ok(!calls.includes('payment_intents.create'));
      assert.ok(outcome.kind === 'rejected', outcome.kind);
      assert.deepEqual([outcome.failure.kind, outcome.failure.code], ['invalid_request', 'taken_before']);
    });
  }

  it('is refused where the earlier intent was of another amount', async () => {
    const { id } = await simulated.stripe.paymentIntents.create(cardPayment({ amount: 100 }));
    const { outcome } = await create(kept(id));
    assert.equal(outcome.kind, 'rejected');
  });

  it('waits, and sends nothing, where the earlier intent cannot be read for now', async () => {
    const intent = await earlier();
    await simulated.control.faults({
      requests: [{ kind: 'error_before', endpoint: 'payment_intents.retrieve', times: 1 }],
    });
    const { outcome, calls } = await create(kept(intent));
    assert.deepEqual([outcome.kind, calls], ['not_executed', ['payment_intents.retrieve']]);
  });

  it('is not made by the repeat either, which reads the earlier intent once it can be read', async () => {
    const intent = await earlier();
    await simulated.control.faults({
      requests: [{ kind: 'error_before', endpoint: 'payment_intents.retrieve', times: 2 }],
    });
    const turnedAway = [await create(kept(intent)), await create(kept(intent), input({ sends: 2 }))];
    const { outcome, calls } = await create(kept(intent), input({ sends: 3 }));
    assert.deepEqual(
      turnedAway.map((send) => send.outcome.kind),
      ['not_executed', 'not_executed'],
    );
    assert.deepEqual(calls, ['payment_intents.retrieve']);
    assert.ok(outcome.kind === 'settled' && outcome.object.id === intent);
    const other = await create({ ...kept(intent), fingerprint: '1:other' }, input({ sends: 2 }));
    assert.deepEqual([other.outcome.kind, other.calls], ['rejected', []]);
  });

  it('is asked about again where the store was late and Stripe turned the send away', async () => {
    const intent = await earlier();
    await simulated.control.faults({
      requests: [
        { kind: 'reject', endpoint: 'payment_intents.create', status: 429, reason: 'endpoint-rate', times: 1 },
      ],
    });
    const late = await create(null);
    assert.deepEqual([late.outcome.kind, late.calls], ['not_executed', ['payment_intents.create']]);
    const { outcome, calls } = await create(kept(intent), input({ sends: 2 }));
    assert.deepEqual(calls, ['payment_intents.retrieve']);
    assert.ok(outcome.kind === 'settled' && outcome.object.id === intent);
  });

  it('is repeated by nothing where its worker died: what the store knows leaves only looks to tell', async () => {
    const intent = await earlier();
    // The read of the earlier payment, or a send of which nobody heard: which of them it was nobody knows.
    for (const tombstone of [
      kept(intent),
      { ...kept(intent), fingerprint: '1:other' },
      openTombstone(PAYMENT, 'run-1'),
    ]) {
      const { outcome, calls } = await create(tombstone, input({ sends: 2, earlierMayHaveArrived: true }));
      assert.deepEqual(
        [outcome, calls],
        [{ kind: 'unknown', cause: 'refused_repeat', serverError: false, repeat: false }, []],
      );
    }
  });

  it('is repeated where it may have arrived and no earlier payment is known', async () => {
    const { outcome, calls } = await create(null, input({ sends: 2, earlierMayHaveArrived: true }));
    assert.deepEqual([outcome.kind, calls, asked], ['settled', ['payment_intents.create'], [`${PAYMENT} run-2`]]);
  });

  it('is not asked about by a run of a version that did not say which it is', async () => {
    const { origin: _, ...old } = input();
    assert.deepEqual([(await create(kept(null), old)).outcome.kind, asked], ['settled', []]);
  });
});
