import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Stripe from 'stripe';
import { cardPayment } from '../support/metered-gateway.js';
import { errorOf } from '../support/refused.js';
import { Simulated } from '../support/simulated.js';

/** How each of Stripe's test cards ends (docs.stripe.com/testing): what is listed here is what the simulator promises. */
const PAYING = [
  'pm_card_visa',
  'pm_card_visa_debit',
  'pm_card_mastercard',
  'pm_card_amex',
  'pm_card_bypassPending',
  'pm_card_de',
  'pm_card_jp',
];
const AUTHENTICATING = ['pm_card_authenticationRequired', 'pm_card_threeDSecure2Required'];
const DECLINING: Readonly<Record<string, readonly [code: string, declineCode: string | undefined]>> = {
  pm_card_chargeDeclined: ['card_declined', 'generic_decline'],
  pm_card_visa_chargeDeclined: ['card_declined', 'generic_decline'],
  pm_card_visa_chargeDeclinedInsufficientFunds: ['card_declined', 'insufficient_funds'],
  pm_card_visa_chargeDeclinedLostCard: ['card_declined', 'lost_card'],
  pm_card_visa_chargeDeclinedStolenCard: ['card_declined', 'stolen_card'],
  pm_card_visa_chargeDeclinedVelocityLimitExceeded: ['card_declined', 'card_velocity_exceeded'],
  pm_card_chargeDeclinedExpiredCard: ['expired_card', undefined],
  pm_card_chargeDeclinedIncorrectCvc: ['incorrect_cvc', undefined],
  pm_card_chargeDeclinedProcessingError: ['processing_error', undefined],
  pm_card_chargeCustomerFail: ['card_declined', 'generic_decline'],
  pm_card_radarBlock: ['card_declined', 'fraudulent'],
};

/** What of the card some codes are laid to. */
const AT_FAULT: Readonly<Record<string, string>> = { expired_card: 'exp_month', incorrect_cvc: 'cvc' };

describe('a test card', () => {
  let stripe: Simulated;
  before(async () => {
    stripe = await Simulated.start();
  });
  after(() => stripe?.stop());

  const create = (payment_method: string, changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
    stripe.stripe.paymentIntents.create(cardPayment({ payment_method, ...changes }));

  for (const card of PAYING) {
    it(`${card} pays, on and off session`, async () => {
      for (const off_session of [false, true]) {
        const intent = await create(card, { off_session });
        assert.deepEqual([intent.status, intent.amount_received], ['succeeded', 4_200]);
        const charge = await stripe.stripe.charges.retrieve(intent.latest_charge as string);
        assert.deepEqual(
          [charge.paid, charge.captured, charge.amount, charge.status, charge.payment_intent],
          [true, true, 4_200, 'succeeded', intent.id],
        );
      }
    });
  }

  for (const [card, [code, declineCode]] of Object.entries(DECLINING)) {
    it(`${card} is declined: ${code}${declineCode === undefined ? '' : `, ${declineCode}`}`, async () => {
      const error = await errorOf(create(card));
      assert.ok(error instanceof Stripe.errors.StripeCardError);
      assert.deepEqual([error.statusCode, error.rawType, error.code], [402, 'card_error', code]);
      // The client makes an empty text of a decline code that is not there.
      assert.equal(error.decline_code || undefined, declineCode);
      assert.equal(error.param, AT_FAULT[code]);
      assert.equal(error.payment_method?.object, 'payment_method');
      assert.ok(!('token' in (error.payment_method ?? {})), 'what makes the card behave so is never shown');

      const intent = error.payment_intent as Stripe.PaymentIntent;
      assert.equal(intent.status, 'requires_payment_method');
      assert.equal(intent.payment_method, null);
      const { last_payment_error: last } = intent;
      assert.deepEqual([last?.code, last?.decline_code, last?.charge], [code, declineCode, error.charge]);
      assert.equal(last?.param, AT_FAULT[code]);
      assert.equal(last?.payment_method?.id, error.payment_method?.id);
      assert.deepEqual(await stripe.stripe.paymentIntents.retrieve(intent.id), intent, 'the refusal left it behind');

      const charge = await stripe.stripe.charges.retrieve(error.charge as string);
      assert.deepEqual(
        [charge.paid, charge.captured, charge.status, charge.failure_code],
        [false, false, 'failed', code],
      );
    });
  }

  for (const card of AUTHENTICATING) {
    it(`${card} waits for its holder on session: no charge yet, and a way back`, async () => {
      const return_url = 'https://shop.example.com/back';
      const intent = await create(card, { automatic_payment_methods: { enabled: true }, return_url });
      assert.deepEqual([intent.status, intent.latest_charge, intent.amount_received], ['requires_action', null, 0]);
      assert.equal(intent.next_action?.type, 'redirect_to_url');
      assert.equal(intent.next_action?.redirect_to_url?.return_url, return_url);
    });

    it(`${card} is declined where its holder is away or may not be asked: authentication_required`, async () => {
      for (const away of [{ off_session: true }, { error_on_requires_action: true }]) {
        const error = await errorOf(create(card, away));
        assert.deepEqual(
          [error.statusCode, error.code, error.decline_code],
          [402, 'authentication_required', 'authentication_required'],
        );
        assert.equal((error.payment_intent as Stripe.PaymentIntent).status, 'requires_payment_method');
      }
    });
  }

  it('nobody knows is refused by name, and nothing is left behind', async () => {
    const before = stripe.simulator.store.accountNames().map((a) => stripe.simulator.store.all(a, 'payment_intents'));
    const tokens = [
      'pm_card_unheard_of',
      'pm_1NotMine',
      'toString',
      'pm_card_usa',
      'pm_card_zz',
      'pm_card_sa',
      'pm_card_xk',
    ];
    for (const token of [...tokens, 'pm_sepaDebit_success_zz']) {
      const error = await errorOf(create(token));
      assert.deepEqual([error.code, error.param], ['resource_missing', 'payment_method'], token);
      assert.equal(error.message, `No such PaymentMethod: '${token}'`);
    }
    const after = stripe.simulator.store.accountNames().map((a) => stripe.simulator.store.all(a, 'payment_intents'));
    assert.deepEqual(after, before);
  });

  it('becomes a new payment method each time, which goes on behaving as the card it was made from', async () => {
    const [one, two] = [await create('pm_card_visa'), await create('pm_card_visa')];
    assert.match(String(one.payment_method), /^pm_[0-9a-f]{24}$/);
    assert.notEqual(one.payment_method, two.payment_method);

    const { id: customer } = await stripe.stripe.customers.create({});
    for (const [token, code] of [
      ['pm_card_visa', undefined],
      ['pm_card_chargeCustomerFail', 'card_declined'],
    ] as const) {
      const { id } = await stripe.stripe.paymentMethods.attach(token, { customer });
      for (const _ of ['once', 'twice']) {
        const paid = create(id, { customer });
        if (code === undefined) assert.equal((await paid).payment_method, id);
        else assert.equal((await errorOf(paid)).code, code);
      }
    }
  });
});
