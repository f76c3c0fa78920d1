import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { HOUR } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { errorOf } from '../support/refused.js';
import { Simulated } from '../support/simulated.js';

const WEEK = 7 * 24 * HOUR;

let stripe: Simulated;
before(async () => {
  stripe = await Simulated.start();
});
after(() => stripe?.stop());

const authorize = (changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.stripe.paymentIntents.create(cardPayment({ capture_method: 'manual', ...changes }));
const chargeOf = (intent: Stripe.PaymentIntent) => stripe.stripe.charges.retrieve(intent.latest_charge as string);

describe('capturing a payment intent', () => {
  it('takes all of it, and says so of the charge first', async () => {
    const { id } = await authorize();
    let captured: Stripe.PaymentIntent | undefined;
    const types = await stripe.typesRaisedBy(async () => {
      captured = await stripe.stripe.paymentIntents.capture(id);
    });
    assert.deepEqual(types, ['charge.captured', 'payment_intent.succeeded']);
    assert.ok(captured !== undefined);
    assert.deepEqual(
      [captured.status, captured.amount, captured.amount_received, captured.amount_capturable],
      ['succeeded', 4_200, 4_200, 0],
    );
    const charge = await chargeOf(captured);
    assert.deepEqual([charge.captured, charge.amount_captured, charge.amount_refunded], [true, 4_200, 0]);
    assert.deepEqual(await stripe.stripe.paymentIntents.retrieve(id), captured);
  });

  it('takes a part and lets go of the rest, which makes no refund', async () => {
    const { id } = await authorize({ metadata: { order: '7', note: 'x' } });
    const captured = await stripe.stripe.paymentIntents.capture(id, {
      amount_to_capture: 1_000,
      metadata: { shipped: 'yes', note: '' },
    });
    assert.deepEqual([captured.amount, captured.amount_received, captured.amount_capturable], [4_200, 1_000, 0]);
    assert.deepEqual(captured.metadata, { order: '7', shipped: 'yes' });
    const charge = await chargeOf(captured);
    assert.deepEqual(
      [charge.amount, charge.amount_captured, charge.amount_refunded, charge.refunded],
      [4_200, 1_000, 0, false],
    );
    assert.deepEqual((await stripe.stripe.refunds.list({ payment_intent: id })).data, []);
    const error = await errorOf(stripe.stripe.refunds.create({ payment_intent: id, amount: 1_001 }));
    assert.equal(error.param, 'amount', 'only what was taken can be given back');
  });

  const TOO_MUCH = [400, 'amount_too_large', 'amount_to_capture'];
  const NOTHING = [400, 'parameter_invalid_integer', 'amount_to_capture'];
  for (const [amount, refusal] of [
    [4_201, TOO_MUCH],
    [0, NOTHING],
    [-1, NOTHING],
  ] as const) {
    it(`of ${amount} out of 4200 is refused and changes nothing`, async () => {
      const held = await authorize();
      const error = await errorOf(stripe.stripe.paymentIntents.capture(held.id, { amount_to_capture: amount }));
      assert.deepEqual([error.statusCode, error.code, error.param], refusal);
      assert.deepEqual(await stripe.stripe.paymentIntents.retrieve(held.id), held);
    });
  }

  it('comes once: the second is refused and shows what the first left', async () => {
    const { id } = await authorize();
    await stripe.stripe.paymentIntents.capture(id);
    const error = await errorOf(stripe.stripe.paymentIntents.capture(id));
    assert.deepEqual([error.statusCode, error.code], [400, 'payment_intent_unexpected_state']);
    assert.equal((error.payment_intent as Stripe.PaymentIntent).status, 'succeeded');
  });

  it('a repeat under the same key is the same capture', async () => {
    const { id } = await authorize();
    const options = { idempotencyKey: 'capture-once' };
    const first = await stripe.stripe.paymentIntents.capture(id, {}, options);
    assert.deepEqual(await stripe.stripe.paymentIntents.capture(id, {}, options), first);
  });

  it('is refused where nothing is held', async () => {
    const intents = [
      await stripe.stripe.paymentIntents.create(cardPayment({ confirm: false })),
      await authorize({ payment_method: 'pm_card_authenticationRequired' }),
    ];
    for (const intent of intents) {
      const error = await errorOf(stripe.stripe.paymentIntents.capture(intent.id));
      assert.equal(error.code, 'payment_intent_unexpected_state');
      assert.equal((error.payment_intent as Stripe.PaymentIntent).status, intent.status);
    }
    assert.equal((await errorOf(stripe.stripe.paymentIntents.capture('pi_nobody'))).statusCode, 404);
  });

  it('is final where it says so, and can be no other here', async () => {
    const { id } = await authorize();
    const capture = (final_capture: boolean) => stripe.stripe.paymentIntents.capture(id, { final_capture });
    const error = await errorOf(capture(false));
    assert.deepEqual([error.code, error.param], ['payment_intent_invalid_parameter', 'final_capture']);
    assert.match(error.message, /multicapture/);
    const wrong = await errorOf(stripe.stripe.paymentIntents.capture(id, { final_capture: 'maybe' } as never));
    assert.match(wrong.message, /^Invalid boolean: maybe/);
    assert.equal((await capture(true)).status, 'succeeded');
  });

  it('takes no parameter Stripe does not know', async () => {
    const { id } = await authorize();
    const error = await errorOf(stripe.stripe.paymentIntents.capture(id, { amount: 1 } as never));
    assert.deepEqual([error.code, error.param], ['parameter_unknown', 'amount']);
  });
});

describe('cancelling what is held', () => {
  it('lets it go without a refund, and nothing can be captured or refunded after', async () => {
    const held = await authorize();
    const types = await stripe.typesRaisedBy(() => stripe.stripe.paymentIntents.cancel(held.id));
    assert.deepEqual(types, ['payment_intent.canceled']);
    const charge = await chargeOf(held);
    assert.deepEqual(
      [charge.captured, charge.amount_captured, charge.refunded, charge.amount_refunded],
      [false, 0, false, 0],
    );
    for (const call of [
      stripe.stripe.paymentIntents.capture(held.id),
      stripe.stripe.refunds.create({ payment_intent: held.id }),
    ]) {
      assert.equal((await errorOf(call)).statusCode, 400);
    }
  });
});

describe('an authorisation that nobody captures', () => {
  // What the tests before left held would expire as well.
  beforeEach(async () => {
    await stripe.stop();
    stripe = await Simulated.start();
  });

  it('expires 7 days after it was made, and not a moment before', async () => {
    const held = await authorize();
    const charge = await chargeOf(held);
    assert.equal(charge.payment_method_details?.card?.capture_before, charge.created + WEEK / 1000);
    await stripe.control.advance(WEEK - HOUR);
    assert.equal((await stripe.stripe.paymentIntents.retrieve(held.id)).status, 'requires_capture');
    const types = await stripe.typesRaisedBy(() => stripe.control.advance(HOUR));
    assert.deepEqual(types, ['charge.expired', 'payment_intent.canceled']);
    const expired = await stripe.stripe.paymentIntents.retrieve(held.id);
    assert.deepEqual(
      [expired.status, expired.cancellation_reason, expired.amount_capturable],
      ['canceled', 'expired', 0],
    );
    assert.ok(Math.abs((expired.canceled_at ?? 0) - (held.created + WEEK / 1000)) <= 1, 'dated by when it fell due');
    const [of, by] = (await stripe.events()).slice(-2);
    assert.deepEqual([of?.request, by?.request], Array(2).fill({ id: null, idempotency_key: null }));
    assert.equal(
      (await errorOf(stripe.stripe.paymentIntents.capture(held.id))).code,
      'payment_intent_unexpected_state',
    );
  });

  it('does not when it was captured or cancelled before', async () => {
    const captured = await authorize();
    await stripe.stripe.paymentIntents.capture(captured.id);
    const canceled = await authorize();
    await stripe.stripe.paymentIntents.cancel(canceled.id, { cancellation_reason: 'abandoned' });
    const { store } = stripe.simulator;
    const waiting = store.accountNames().flatMap((account) => store.all(account, 'scheduled').map(({ kind }) => kind));
    assert.deepEqual(waiting, ['balance_available', 'payout_due'], 'nothing else is left that could fall due');
    const types = await stripe.typesRaisedBy(() => stripe.control.advance(2 * WEEK));
    assert.deepEqual(
      types.filter((type) => !/^(balance|payout)\./.test(type)),
      [],
    );
    assert.equal((await stripe.stripe.paymentIntents.retrieve(captured.id)).status, 'succeeded');
    assert.equal((await stripe.stripe.paymentIntents.retrieve(canceled.id)).cancellation_reason, 'abandoned');
  });
});
