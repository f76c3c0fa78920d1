import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { errorOf } from '../support/refused.js';
import { Simulated } from '../support/simulated.js';

const PUBLISHABLE = SIMULATOR_KEY.replace(/^sk_/, 'pk_');

describe('a customer’s browser, with a publishable key', () => {
  let stripe: Simulated;
  let browser: Stripe;
  before(async () => {
    stripe = await Simulated.start();
    browser = stripe.stripeOf(PUBLISHABLE);
  });
  after(() => stripe?.stop());

  const unpaid = () =>
    stripe.stripe.paymentIntents.create(cardPayment({ confirm: false, metadata: { margin: 'secret' } }));
  const secretOf = ({ client_secret }: Stripe.PaymentIntent) => ({ client_secret: client_secret ?? '' });

  it('reads its intent by the client secret, and nothing in it that is the merchant’s own', async () => {
    const intent = await unpaid();
    const seen = await browser.paymentIntents.retrieve(intent.id, secretOf(intent));
    assert.deepEqual(
      [seen.id, seen.amount, seen.status, seen.client_secret],
      [intent.id, 4_200, 'requires_confirmation', intent.client_secret],
    );
    for (const field of ['metadata', 'customer', 'latest_charge']) assert.ok(!(field in seen), field);
  });

  it('confirms its intent, by events that name no key', async () => {
    const intent = await unpaid();
    const count = (await stripe.events()).length;
    const paid = await browser.paymentIntents.confirm(
      intent.id,
      { ...secretOf(intent), payment_method: 'pm_card_visa' } as Stripe.PaymentIntentConfirmParams,
      { idempotencyKey: 'of-the-browser' },
    );
    assert.deepEqual([paid.status, 'metadata' in paid], ['succeeded', false]);
    const events = (await stripe.events()).slice(count);
    assert.deepEqual(
      events.map(({ type, request }) => [type, request?.idempotency_key]),
      [
        ['charge.succeeded', null],
        ['payment_intent.succeeded', null],
      ],
    );
    const own = await stripe.stripe.paymentIntents.retrieve(intent.id);
    assert.deepEqual([own.status, own.metadata], ['succeeded', { margin: 'secret' }]);
  });

  it('is never answered with what was kept for a secret key, nor a secret key with what was kept for it', async () => {
    for (const [first, second] of [
      [SIMULATOR_KEY, PUBLISHABLE],
      [PUBLISHABLE, SIMULATOR_KEY],
    ] as const) {
      const intent = await unpaid();
      const idempotencyKey = `shared-${intent.id}`;
      const confirm = (secretKey: string) =>
        stripe.post(
          `/v1/payment_intents/${intent.id}/confirm`,
          {
            payment_method: 'pm_card_visa',
            return_url: 'https://shop.example.com/',
            client_secret: intent.client_secret,
          },
          { secretKey, idempotencyKey },
        );
      const kept = await confirm(first);
      const other = await confirm(second);
      assert.deepEqual([kept.status, other.status, other.error?.type], [200, 400, 'idempotency_error']);
      const again = await confirm(first);
      assert.deepEqual([again.replayed, again.text], [true, kept.text]);
    }
  });

  it('confirms after a decline that left its mark, which the next attempt takes away', async () => {
    const intent = await unpaid();
    const confirm = (payment_method: string) =>
      browser.paymentIntents.confirm(intent.id, {
        ...secretOf(intent),
        payment_method,
      } as Stripe.PaymentIntentConfirmParams);
    const declined = await errorOf(confirm('pm_card_chargeDeclined'));
    assert.equal(declined.code, 'card_declined');
    assert.ok(!('metadata' in (declined.payment_intent ?? {})), 'an error shows no more than an answer');
    const asked = await confirm('pm_card_authenticationRequired');
    assert.deepEqual([asked.status, asked.last_payment_error], ['requires_action', null]);
    const paid = await confirm('pm_card_visa');
    assert.deepEqual([paid.status, paid.next_action, paid.last_payment_error], ['succeeded', null, null]);
    const own = await stripe.stripe.paymentIntents.retrieve(intent.id);
    const charges = (await stripe.stripe.charges.list({ payment_intent: intent.id })).data;
    assert.deepEqual(
      charges.map(({ status }) => status),
      ['succeeded', 'failed'],
    );
    assert.equal(own.latest_charge, charges[0]?.id);
  });

  it('is refused without the secret, and with another intent’s; nothing happens', async () => {
    const [intent, other] = [await unpaid(), await unpaid()];
    const count = (await stripe.events()).length;
    const attempts: readonly [params: object, code: string][] = [
      [{}, 'parameter_missing'],
      [secretOf(other), 'payment_intent_invalid_parameter'],
      [{ client_secret: `${intent.client_secret}x` }, 'payment_intent_invalid_parameter'],
    ];
    for (const [params, code] of attempts) {
      const calls = [
        browser.paymentIntents.retrieve(intent.id, params),
        browser.paymentIntents.confirm(intent.id, params),
      ];
      for (const call of calls) {
        const error = await errorOf(call);
        assert.deepEqual([error.statusCode, error.code, error.param], [400, code, 'client_secret']);
      }
    }
    assert.equal((await stripe.events()).length, count);
    assert.equal((await stripe.stripe.paymentIntents.retrieve(intent.id)).status, 'requires_confirmation');
  });

  it('may do nothing else: 401, secret_key_required', async () => {
    const { id } = await unpaid();
    for (const call of [
      () => browser.paymentIntents.create(cardPayment()),
      () => browser.paymentIntents.list(),
      () => browser.paymentIntents.cancel(id),
      () => browser.paymentIntents.capture(id),
      () => browser.refunds.create({ payment_intent: id }),
      () => browser.charges.list(),
      () => browser.events.list(),
      () => browser.disputes.list(),
      () => browser.customers.create({}),
    ]) {
      const error = await errorOf(call());
      assert.ok(error instanceof Stripe.errors.StripeAuthenticationError);
      assert.deepEqual([error.statusCode, error.code], [401, 'secret_key_required']);
    }
  });

  it('of another account finds nothing, secret or not', async () => {
    const intent = await unpaid();
    const elsewhere = stripe.stripeOf('pk_test_some_other_account');
    assert.equal((await errorOf(elsewhere.paymentIntents.retrieve(intent.id, secretOf(intent)))).statusCode, 404);
  });
});
