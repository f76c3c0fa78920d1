import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { cardPayment } from '../../support/metered-gateway.js';
import { errorOf } from '../../support/refused.js';
import { Simulated } from '../../support/simulated.js';

let at: Simulated;
before(async () => {
  at = await Simulated.start();
});
after(() => at?.stop());

const RETURN = { return_url: 'https://shop.example.com/back' };
const intents = () => at.stripe.paymentIntents;
const open = () => intents().create({ amount: 1_000, currency: 'eur' });
const pay = (changes: Partial<Stripe.PaymentIntentCreateParams> = {}) => intents().create(cardPayment(changes));

describe('an update of a payment intent', () => {
  it('changes its terms before it is paid, and what it is charged is what they say then', async () => {
    const { id } = await open();
    const { id: customer } = await at.stripe.customers.create({});
    const updated = await intents().update(id, {
      amount: 2_000,
      currency: 'usd',
      customer,
      capture_method: 'manual',
      statement_descriptor_suffix: 'ORDER 1',
      payment_method: 'pm_card_visa',
    });
    assert.deepEqual(
      [updated.amount, updated.currency, updated.customer, updated.capture_method, updated.status],
      [2_000, 'usd', customer, 'manual', 'requires_confirmation'],
    );
    assert.deepEqual(updated.payment_method_types, ['card'], 'no debit waits to be captured');
    const paid = await intents().confirm(id, RETURN);
    assert.deepEqual([paid.status, paid.amount_capturable], ['requires_capture', 2_000]);
    const charge = await at.stripe.charges.retrieve(String(paid.latest_charge));
    assert.deepEqual([charge.amount, charge.currency, charge.customer], [2_000, 'usd', customer]);
  });

  it('raises no event, for Stripe has none', async () => {
    const { id } = await open();
    assert.deepEqual(await at.typesRaisedBy(() => intents().update(id, { amount: 500 })), []);
  });

  it('with another method is a new beginning for one that waits for its customer', async () => {
    const { id } = await pay({ payment_method: 'pm_card_authenticationRequired' });
    const updated = await intents().update(id, { payment_method: 'pm_card_visa' });
    assert.deepEqual([updated.status, updated.next_action], ['requires_confirmation', null]);
    assert.equal((await intents().confirm(id)).status, 'succeeded');
  });

  it('of one that is paid or held changes metadata and description only', async () => {
    for (const capture_method of ['automatic', 'manual'] as const) {
      const { id, status, amount } = await pay({ capture_method });
      const { metadata, description } = await intents().update(id, { metadata: { a: 'b' }, description: 'late' });
      assert.deepEqual([metadata, description], [{ a: 'b' }, 'late']);
      const error = await errorOf(intents().update(id, { amount: 1, metadata: { a: 'c' } }));
      assert.equal(error.code, 'payment_intent_unexpected_state');
      assert.equal((error.payment_intent as Stripe.PaymentIntent).status, status);
      const after = await intents().retrieve(id);
      assert.deepEqual([after.amount, after.metadata], [amount, { a: 'b' }], 'and nothing of a refused one');
    }
  });

  it('is refused with terms that no intent may have', async () => {
    const { id } = await open();
    for (const [params, param] of [
      [{ amount: 0 }, 'amount'],
      [{ currency: 'xxz' }, 'currency'],
      [{ customer: 'cus_nobody' }, 'customer'],
      [{ payment_method: 'pm_nobody' }, 'payment_method'],
      [{ confirm: 'true' }, 'confirm'],
    ] as const) {
      assert.equal((await errorOf(intents().update(id, params as object))).param, param);
    }
  });
});

describe('an update of a charge', () => {
  it('changes what is written on it, and is told of', async () => {
    const charge = String((await pay()).latest_charge);
    const { id: customer } = await at.stripe.customers.create({});
    const types = await at.typesRaisedBy(() =>
      at.stripe.charges.update(charge, {
        customer,
        description: 'late',
        metadata: { a: 'b' },
        receipt_email: 'ann@example.com',
        fraud_details: { user_report: 'safe' },
      }),
    );
    assert.deepEqual(types, ['charge.updated']);
    const after = await at.stripe.charges.retrieve(charge);
    assert.deepEqual(
      [after.customer, after.description, after.metadata, after.receipt_email, after.fraud_details],
      [customer, 'late', { a: 'b' }, 'ann@example.com', { user_report: 'safe' }],
    );
    assert.equal((await errorOf(at.stripe.charges.update(charge, { customer }))).param, 'customer');
  });

  it('is refused for what is not there', async () => {
    const error = await errorOf(at.stripe.charges.update('ch_nobody', { description: 'x' }));
    assert.deepEqual([error.statusCode, error.code], [404, 'resource_missing']);
  });
});

describe('a capture by the charge', () => {
  it('is the capture of its intent, whole or in part, and comes once', async () => {
    const held = await pay({ capture_method: 'manual' });
    const id = String(held.latest_charge);
    const charge = await at.stripe.charges.capture(id, { amount: 1_200 });
    assert.deepEqual([charge.captured, charge.amount_captured], [true, 1_200]);
    const { status, amount_received } = await intents().retrieve(held.id);
    assert.deepEqual([status, amount_received], ['succeeded', 1_200]);
    assert.equal((await errorOf(at.stripe.charges.capture(id))).code, 'charge_already_captured');
  });

  it('is refused for more than is held, by the name it was asked under', async () => {
    const id = String((await pay({ capture_method: 'manual' })).latest_charge);
    const error = await errorOf(at.stripe.charges.capture(id, { amount: 4_201 }));
    assert.deepEqual([error.code, error.param], ['amount_too_large', 'amount']);
  });

  it('is refused for what was declined', async () => {
    const declined = await errorOf(pay({ payment_method: 'pm_card_chargeDeclined' }));
    assert.equal((await errorOf(at.stripe.charges.capture(String(declined.charge)))).statusCode, 400);
  });
});
