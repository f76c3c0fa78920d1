import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { HOUR, T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { errorOf } from '../support/refused.js';
import { Simulated } from '../support/simulated.js';

const DAY = 24 * HOUR;
const NOBODY = { id: null, idempotency_key: null };

let stripe: Simulated;
beforeEach(async () => {
  stripe = await Simulated.start({ now: () => T0 });
});
afterEach(() => stripe.stop());

const pay = (payment_method: string, changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.stripe.paymentIntents.create(cardPayment({ payment_method, ...changes }));
const refund = (params: Stripe.RefundCreateParams) => stripe.stripe.refunds.create(params);
const read = (id: string) => stripe.stripe.refunds.retrieve(id);
const chargeOf = (intent: Stripe.PaymentIntent) => stripe.stripe.charges.retrieve(intent.latest_charge as string);

describe('a refund that is settled later', () => {
  it('of pm_card_pendingRefund is pending, and succeeds after 5 days', async () => {
    const intent = await pay('pm_card_pendingRefund');
    const given = await refund({ payment_intent: intent.id });
    assert.deepEqual([given.status, given.pending_reason], ['pending', 'processing']);
    assert.deepEqual(
      (await stripe.events()).slice(-2).map(({ type }) => type),
      ['refund.created', 'charge.refunded'],
    );
    assert.equal((await chargeOf(intent)).amount_refunded, 4_200, 'what is on its way is given');
    await stripe.control.advance(5 * DAY - 1);
    assert.equal((await read(given.id)).status, 'pending');
    const types = await stripe.typesRaisedBy(() => stripe.control.advance(1));
    assert.deepEqual(types, ['refund.updated', 'charge.refund.updated']);
    const settled = await read(given.id);
    assert.deepEqual([settled.status, 'pending_reason' in settled], ['succeeded', false]);
    const last = (await stripe.events()).at(-1);
    assert.deepEqual(last?.request, NOBODY);
    assert.deepEqual(await stripe.typesRaisedBy(() => stripe.control.advance(365 * DAY)), []);
  });

  it('of pm_card_refundFail has succeeded, and fails after 30 days: the money can be refunded once more', async () => {
    const intent = await pay('pm_card_refundFail');
    const given = await refund({ payment_intent: intent.id, amount: 4_000 });
    const other = await refund({ payment_intent: intent.id, amount: 200 });
    assert.deepEqual([given.status, other.status, (await chargeOf(intent)).refunded], ['succeeded', 'succeeded', true]);
    await stripe.control.advance(30 * DAY - 1);
    assert.equal((await read(given.id)).status, 'succeeded');
    const types = await stripe.typesRaisedBy(() => stripe.control.advance(1));
    assert.deepEqual(types, Array(2).fill(['refund.updated', 'refund.failed', 'charge.refund.updated']).flat());
    for (const { id } of [given, other]) {
      const failed = await read(id);
      assert.deepEqual([failed.status, failed.failure_reason], ['failed', 'expired_or_canceled_card']);
    }
    const charge = await chargeOf(intent);
    assert.deepEqual([charge.amount_refunded, charge.refunded], [0, false]);
    assert.equal((await refund({ payment_intent: intent.id })).amount, 4_200);
  });
});

describe('a refund by charge', () => {
  it('gives back what the charge took, and names the intent', async () => {
    const intent = await pay('pm_card_visa');
    const charge = intent.latest_charge as string;
    const given = await refund({ charge, amount: 1_200 });
    assert.deepEqual([given.charge, given.payment_intent, given.amount], [charge, intent.id, 1_200]);
    for (const filter of [{ charge }, { payment_intent: intent.id }]) {
      const { data } = await stripe.stripe.refunds.list(filter);
      assert.deepEqual(
        data.map(({ id }) => id),
        [given.id],
      );
    }
    const both = await refund({ charge, payment_intent: intent.id });
    assert.equal(both.amount, 3_000);
  });

  it('is refused as Stripe refuses it, and nothing is refunded', async () => {
    const paid = await pay('pm_card_visa', { currency: 'usd' });
    const other = await pay('pm_card_visa', { currency: 'usd' });
    const held = await pay('pm_card_visa', { capture_method: 'manual' });
    const declined = await errorOf(pay('pm_card_chargeDeclined'));
    await refund({ payment_intent: paid.id, amount: 1_200 });
    const charge = paid.latest_charge as string;
    const wrong: readonly [
      params: object,
      status: number,
      code: string | undefined,
      param: string | undefined,
      message: RegExp,
    ][] = [
      [{}, 400, undefined, undefined, /^One of the following params should be provided/],
      [{ charge: 'ch_nobody' }, 400, 'resource_missing', 'charge', /^No such charge: 'ch_nobody'/],
      [{ charge, amount: 3_001 }, 400, undefined, 'amount', /\(\$30\.01\) is greater than .* on charge \(\$30\.00\)/],
      [{ charge, amount: 0 }, 400, 'parameter_invalid_integer', 'amount', /greater than or equal to 1/],
      [{ charge, reason: 'expired_uncaptured_charge' }, 400, undefined, 'reason', /reason/],
      [{ charge, payment_intent: other.id }, 400, undefined, 'charge', /none of/],
      [{ charge: held.latest_charge }, 400, undefined, 'charge', /does not have a successful charge to refund/],
      [{ payment_intent: held.id }, 400, undefined, 'payment_intent', /does not have a successful charge to refund/],
      [{ charge: declined.charge }, 400, undefined, 'charge', /does not have a successful charge to refund/],
      [{ charge, refund_application_fee: true }, 400, 'parameter_unknown', 'refund_application_fee', /unknown/],
    ];
    const count = (await stripe.events()).length;
    for (const [params, status, code, param, message] of wrong) {
      const error = await errorOf(refund(params));
      assert.deepEqual([error.statusCode, error.code, error.param], [status, code, param], JSON.stringify(params));
      assert.match(error.message, message);
    }
    assert.equal((await stripe.events()).length, count);
    await refund({ charge });
    const error = await errorOf(refund({ charge }));
    assert.deepEqual([error.statusCode, error.code], [400, 'charge_already_refunded']);
    assert.equal(error.message, `Charge ${charge} has already been refunded.`);
  });
});
