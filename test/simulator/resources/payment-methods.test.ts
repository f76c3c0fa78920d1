import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { ACCOUNT } from '../../support/account.js';
import { HOUR } from '../../support/facts.js';
import { cardPayment } from '../../support/metered-gateway.js';
import { errorOf } from '../../support/refused.js';
import { Simulated } from '../../support/simulated.js';

let at: Simulated;
let customer: string;
before(async () => {
  at = await Simulated.start();
});
after(() => at?.stop());
beforeEach(async () => {
  customer = (await at.stripe.customers.create({ name: 'Ann' })).id;
});

const methods = () => at.stripe.paymentMethods;
const visa = () => methods().create({ type: 'card', card: { token: 'tok_visa' } });
const pay = (changes: Partial<Stripe.PaymentIntentCreateParams>) =>
  at.stripe.paymentIntents.create(cardPayment(changes));
const NAME = { billing_details: { name: 'Ann' } };

describe('a payment method', () => {
  it('of a card is made from a token, and pays as the test card of that name does', async () => {
    const method = await visa();
    assert.deepEqual(
      [method.type, method.card?.brand, method.card?.last4, method.customer],
      ['card', 'visa', '4242', null],
    );
    assert.ok(!('token' in method) && !('detached' in method), 'what makes it behave so is never shown');
    assert.equal((await pay({ payment_method: method.id })).status, 'succeeded');
    const declining = await methods().create({ type: 'card', card: { token: 'tok_chargeDeclined' } });
    assert.equal((await errorOf(pay({ payment_method: declining.id }))).code, 'card_declined');
  });

  for (const [iban, status] of [
    ['DE89370400440532013000', 'succeeded'],
    ['DE62370400440532013001', 'requires_payment_method'],
    ['AT321904300235473204', 'succeeded'],
    ['FR1420041010050500013M02606', 'succeeded'],
  ] as const) {
    it(`of an account for SEPA is made from its IBAN, and ends as Stripe’s test account does: ${iban}`, async () => {
      const method = await methods().create({ type: 'sepa_debit', sepa_debit: { iban }, ...NAME });
      assert.deepEqual([method.sepa_debit?.country, method.sepa_debit?.last4], [iban.slice(0, 2), iban.slice(-4)]);
      const { id } = await pay({ payment_method: method.id });
      await at.control.advance(15 * 24 * HOUR);
      assert.equal((await at.stripe.paymentIntents.retrieve(id)).status, status);
    });
  }

  for (const [account_number, status] of [
    ['000123456789', 'succeeded'],
    ['000111111116', 'requires_payment_method'],
    ['000000000009', 'processing'],
  ] as const) {
    it(`of an account in the US is made from its number, and ends as Stripe’s does: ${account_number}`, async () => {
      const method = await methods().create({
        type: 'us_bank_account',
        us_bank_account: { account_number, routing_number: '110000000', account_holder_type: 'company' },
        ...NAME,
      });
      assert.deepEqual(
        [method.us_bank_account?.account_holder_type, method.us_bank_account?.last4],
        ['company', account_number.slice(-4)],
      );
      const { id } = await pay({ payment_method: method.id, currency: 'usd' });
      await at.control.advance(5 * 24 * HOUR);
      assert.equal((await at.stripe.paymentIntents.retrieve(id)).status, status);
    });
  }

  const SEPA = { type: 'sepa_debit', sepa_debit: { iban: 'DE89370400440532013000' } };
  const CARD = { number: '4242424242424242', exp_month: 12, exp_year: 2034, cvc: '123' };
  const REFUSED: readonly (readonly [what: string, params: object, code: string | undefined, param: string])[] = [
    ['a card by its number', { type: 'card', card: CARD }, undefined, 'card[number]'],
    [
      'a card by its number and a token',
      { type: 'card', card: { ...CARD, token: 'tok_visa' } },
      undefined,
      'card[number]',
    ],
    ['a card by nothing', { type: 'card' }, 'parameter_missing', 'card'],
    [
      'a card by a token that is none',
      { type: 'card', card: { token: 'tok_none' } },
      'resource_missing',
      'card[token]',
    ],
    ['an account of nobody', SEPA, 'parameter_missing', 'billing_details[name]'],
    [
      'an IBAN of no country',
      { ...SEPA, ...NAME, sepa_debit: { iban: 'ZZ89370400440532013000' } },
      'invalid_bank_account_iban',
      'sepa_debit[iban]',
    ],
    [
      'an account by no IBAN',
      { ...SEPA, ...NAME, sepa_debit: { iban: 'DE89' } },
      'invalid_bank_account_iban',
      'sepa_debit[iban]',
    ],
    ['an account by nothing', { type: 'us_bank_account', ...NAME }, 'parameter_missing', 'us_bank_account'],
    ['a type that is none', { type: 'cheque' }, undefined, 'type'],
    ['no type', {}, 'parameter_missing', 'type'],
  ];
  for (const [what, params, code, param] of REFUSED) {
    it(`is not made from ${what}: ${param}`, async () => {
      const count = () => at.simulator.store.table(ACCOUNT, 'payment_methods').size;
      const before = count();
      const error = await errorOf(methods().create(params as Stripe.PaymentMethodCreateParams));
      assert.deepEqual([error.statusCode, error.code || undefined, error.param], [400, code, param]);
      assert.equal(count(), before);
    });
  }

  it('by a card’s number pays nothing with a payment either, and the number is nowhere', async () => {
    const data = { type: 'card', card: CARD } as never;
    const error = await errorOf(pay({ payment_method: undefined as never, payment_method_data: data }));
    assert.equal(error.param, 'card[number]');
    for (const account of at.simulator.store.accountNames()) {
      for (const table of ['payment_methods', 'payment_intents', 'events', 'answers'] as const) {
        assert.ok(!JSON.stringify(at.simulator.store.all(account, table)).includes(CARD.number));
      }
    }
  });
});

describe('a payment method that is a customer’s', () => {
  it('pays for that customer, again and again, and for nobody else', async () => {
    const { id } = await methods().attach('pm_card_visa', { customer });
    for (let i = 0; i < 2; i += 1) {
      assert.equal((await pay({ payment_method: id, customer })).payment_method, id);
    }
    const { id: other } = await at.stripe.customers.create({});
    for (const whose of [{}, { customer: other }]) {
      assert.equal((await errorOf(pay({ payment_method: id, ...whose }))).param, 'payment_method');
    }
  });

  it('is listed with them, by its type, and changed', async () => {
    const { id: card } = await methods().attach((await visa()).id, { customer });
    const sepa = await methods().create({
      type: 'sepa_debit',
      sepa_debit: { iban: 'DE89370400440532013000' },
      ...NAME,
    });
    await methods().attach(sepa.id, { customer });
    const ids = async (params: Stripe.CustomerListPaymentMethodsParams = {}) =>
      (await at.stripe.customers.listPaymentMethods(customer, params)).data.map(({ id }) => id);
    assert.deepEqual(await ids(), [sepa.id, card]);
    assert.deepEqual(await ids({ type: 'card' }), [card]);
    assert.equal((await at.stripe.customers.retrievePaymentMethod(customer, card)).id, card);
    const changed = await methods().update(card, { card: { exp_month: 1 }, billing_details: { name: 'Ann Other' } });
    assert.deepEqual(
      [changed.card?.exp_month, changed.card?.exp_year, changed.billing_details.name],
      [1, 2034, 'Ann Other'],
    );
    assert.equal(
      (await errorOf(methods().update(card, { us_bank_account: { account_type: 'savings' } }))).statusCode,
      400,
    );
  });

  it('comes with a new customer, and is told of', async () => {
    const { id } = await visa();
    const types = await at.typesRaisedBy(() => at.stripe.customers.create({ payment_method: id }));
    assert.deepEqual(types, ['payment_method.attached', 'customer.created']);
    assert.notEqual((await methods().retrieve(id)).customer, null);
  });

  it('is kept for later by the payment that says so', async () => {
    const { payment_method } = await pay({ customer, setup_future_usage: 'off_session' });
    assert.equal((await methods().retrieve(String(payment_method))).customer, customer);
    const { id } = await visa();
    await pay({ customer, setup_future_usage: 'off_session', payment_method: id });
    assert.equal((await methods().retrieve(id)).customer, customer);
  });

  it('is taken off once, with word of whose it was, and is worth nothing from then on', async () => {
    const { id } = await methods().attach('pm_card_visa', { customer });
    assert.equal((await methods().detach(id)).customer, null);
    const [event] = (await at.stripe.events.list({ limit: 1 })).data;
    assert.deepEqual([event?.type, event?.data.previous_attributes], ['payment_method.detached', { customer }]);
    assert.equal((await errorOf(methods().detach(id))).code, 'payment_method_unexpected_state');
    assert.equal((await errorOf(methods().attach(id, { customer }))).code, 'payment_method_unexpected_state');
    assert.equal((await errorOf(pay({ payment_method: id, customer }))).code, 'payment_method_unexpected_state');
    assert.deepEqual((await at.stripe.customers.listPaymentMethods(customer)).data, []);
  });

  it('is nobody’s when they are deleted', async () => {
    const { id } = await methods().attach('pm_card_visa', { customer });
    await at.stripe.customers.del(customer);
    assert.equal((await errorOf(pay({ payment_method: id }))).code, 'payment_method_unexpected_state');
  });

  it('is not taken from one by another, neither by attaching it nor by a new customer', async () => {
    const { id } = await methods().attach('pm_card_visa', { customer });
    const { id: other } = await at.stripe.customers.create({});
    await errorOf(methods().attach(id, { customer: other }));
    await errorOf(at.stripe.customers.create({ payment_method: id }));
    assert.equal((await methods().attach(id, { customer })).customer, customer, 'theirs it is anyway');
    assert.equal((await errorOf(methods().attach(id, { customer: 'cus_nobody' }))).param, 'customer');
  });
});

describe('a payment method that is nobody’s', () => {
  for (const [how, token] of [
    ['paid', 'pm_card_visa'],
    ['was declined', 'pm_card_chargeDeclined'],
    ['waits for its holder', 'pm_card_authenticationRequired'],
  ] as const) {
    it(`and ${how} once is used up: it pays for nothing else, and becomes nobody’s`, async () => {
      const made = await methods().create({ type: 'card', card: { token: token.replace('pm_card', 'tok') } });
      await pay({ payment_method: made.id }).catch(() => undefined);
      const error = await errorOf(pay({ payment_method: made.id }));
      assert.deepEqual([error.code, error.param], ['payment_method_unexpected_state', 'payment_method']);
      assert.equal((await errorOf(methods().attach(made.id, { customer }))).code, 'payment_method_unexpected_state');
    });
  }

  it('and was declined may be tried again for the same payment', async () => {
    const { id } = await methods().create({ type: 'card', card: { token: 'tok_chargeDeclined' } });
    const intent = (await errorOf(pay({ payment_method: id }))).payment_intent as Stripe.PaymentIntent;
    const again = await errorOf(at.stripe.paymentIntents.confirm(intent.id, { payment_method: id }));
    assert.equal(again.code, 'card_declined');
  });

  it('cannot be changed', async () => {
    const { id } = await visa();
    assert.equal((await errorOf(methods().update(id, { metadata: { a: 'b' } }))).statusCode, 400);
  });
});
