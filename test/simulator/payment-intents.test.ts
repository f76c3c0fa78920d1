import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import Stripe from 'stripe';
import { SEED } from '../support/any-fact.js';
import { cardPayment } from '../support/metered-gateway.js';
import { errorOf } from '../support/refused.js';
import { Simulated } from '../support/simulated.js';

let stripe: Simulated;
before(async () => {
  stripe = await Simulated.start();
});
after(() => stripe?.stop());

const create = (changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.stripe.paymentIntents.create(cardPayment(changes));

/** An intent in each state that a call can bring it to. */
const INTO: Readonly<Record<string, () => Promise<Stripe.PaymentIntent>>> = {
  requires_payment_method: () => stripe.stripe.paymentIntents.create({ amount: 4_200, currency: 'eur' }),
  requires_confirmation: () => create({ confirm: false }),
  requires_action: () => create({ payment_method: 'pm_card_authenticationRequired' }),
  requires_capture: () => create({ capture_method: 'manual' }),
  succeeded: () => create(),
  canceled: async () => {
    const { id } = await create({ confirm: false });
    return stripe.stripe.paymentIntents.cancel(id);
  },
};

async function inState(status: string): Promise<Stripe.PaymentIntent> {
  const intent = await INTO[status]?.();
  assert.equal(intent?.status, status);
  return intent;
}

/** Holds that a refused call says so with the intent, which is as it was. */
async function isRefusedIn(state: string, call: (id: string) => Promise<unknown>, verb: string) {
  const { id } = await inState(state);
  const error = await errorOf(call(id));
  assert.deepEqual(
    [error.statusCode, error.rawType, error.code],
    [400, 'invalid_request_error', 'payment_intent_unexpected_state'],
  );
  assert.match(error.message, new RegExp(`^You cannot ${verb} this PaymentIntent because it has a status of ${state}`));
  const shown = error.payment_intent as Stripe.PaymentIntent;
  assert.deepEqual([shown.id, shown.status], [id, state]);
  assert.equal((await stripe.stripe.paymentIntents.retrieve(id)).status, state);
}

describe('cancelling a payment intent', () => {
  for (const state of ['requires_payment_method', 'requires_confirmation', 'requires_action', 'requires_capture']) {
    it(`ends one that is ${state}, for good and with its reason`, async () => {
      const { id } = await inState(state);
      const canceled = await stripe.stripe.paymentIntents.cancel(id, { cancellation_reason: 'abandoned' });
      assert.deepEqual(
        [canceled.status, canceled.cancellation_reason, canceled.next_action, canceled.amount_capturable],
        ['canceled', 'abandoned', null, 0],
      );
      assert.equal(typeof canceled.canceled_at, 'number');
      assert.deepEqual(await stripe.stripe.paymentIntents.retrieve(id), canceled);
    });
  }

  for (const state of ['succeeded', 'canceled']) {
    it(`is refused for one that is ${state}, and shows it`, async () => {
      await isRefusedIn(state, (id) => stripe.stripe.paymentIntents.cancel(id), 'cancel');
    });
  }

  it('takes no reason Stripe does not know', async () => {
    const { id } = await inState('requires_confirmation');
    const error = await errorOf(stripe.stripe.paymentIntents.cancel(id, { cancellation_reason: 'bored' as never }));
    assert.deepEqual([error.statusCode, error.param], [400, 'cancellation_reason']);
  });
});

describe('confirming a payment intent', () => {
  for (const state of ['requires_payment_method', 'requires_confirmation', 'requires_action']) {
    it(`charges one that is ${state} with the card it is given`, async () => {
      const { id } = await inState(state);
      const paid = await stripe.stripe.paymentIntents.confirm(id, {
        payment_method: 'pm_card_visa',
        return_url: 'https://shop.example.com/back',
      });
      assert.deepEqual([paid.status, paid.amount_received, paid.next_action], ['succeeded', 4_200, null]);
    });
  }

  for (const state of ['requires_capture', 'succeeded', 'canceled']) {
    it(`is refused for one that is ${state}, and shows it`, async () => {
      await isRefusedIn(
        state,
        (id) => stripe.stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa' }),
        'confirm',
      );
    });
  }

  it('after a decline, another card can still pay the same intent', async () => {
    const declined = await errorOf(create({ payment_method: 'pm_card_chargeDeclined' }));
    const { id } = declined.payment_intent as Stripe.PaymentIntent;
    const paid = await stripe.stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa' });
    assert.deepEqual([paid.status, paid.last_payment_error], ['succeeded', null]);
    assert.notEqual(paid.latest_charge, declined.charge);
  });

  it('needs a payment method from somewhere', async () => {
    const { id } = await inState('requires_payment_method');
    assert.equal((await errorOf(stripe.stripe.paymentIntents.confirm(id))).param, 'payment_method');
    const created = errorOf(stripe.stripe.paymentIntents.create({ amount: 1_000, currency: 'eur', confirm: true }));
    assert.equal((await created).code, 'payment_intent_unexpected_state');
  });

  it('a manual capture authorises and takes nothing yet', async () => {
    const held = await inState('requires_capture');
    assert.deepEqual([held.amount_capturable, held.amount_received], [4_200, 0]);
    const charge = await stripe.stripe.charges.retrieve(held.latest_charge as string);
    assert.deepEqual([charge.paid, charge.captured, charge.amount_captured], [true, false, 0]);
  });
});

describe('creating a payment intent', () => {
  const back = 'https://shop.example.com/back';
  const REDIRECTS: readonly [name: string, params: Partial<Stripe.PaymentIntentCreateParams>, allowed: boolean][] = [
    ['redirects and nowhere to return to', { automatic_payment_methods: { enabled: true } }, false],
    [
      'redirects by name and nowhere to return to',
      { automatic_payment_methods: { enabled: true, allow_redirects: 'always' } },
      false,
    ],
    ['redirects and a return_url', { automatic_payment_methods: { enabled: true }, return_url: back }, true],
    ['no redirects', { automatic_payment_methods: { enabled: true, allow_redirects: 'never' } }, true],
  ];
  for (const [name, params, allowed] of REDIRECTS) {
    it(`with ${name} is ${allowed ? 'confirmed' : 'refused before anything exists'}`, async () => {
      const description = `redirects: ${name}`;
      const call = create({ ...params, description });
      if (allowed) {
        assert.equal((await call).status, 'succeeded');
      } else {
        assert.deepEqual([(await errorOf(call)).statusCode, (await errorOf(call)).param], [400, 'return_url']);
      }
      const { data } = await stripe.stripe.paymentIntents.list({ limit: 100 });
      assert.equal(data.filter((intent) => intent.description === description).length, allowed ? 1 : 0);
    });
  }

  it('the default is to redirect, so a bare confirmation is refused', async () => {
    const { automatic_payment_methods: _, ...bare } = cardPayment();
    assert.equal((await errorOf(stripe.stripe.paymentIntents.create(bare))).param, 'return_url');
  });

  it('a parameter nobody knows is refused by its name, whatever the name is', async () => {
    for (const name of ['amonut', 'toString', 'constructor', '0']) {
      const error = await errorOf(create({ [name]: 'x' }));
      assert.deepEqual([error.statusCode, error.code, error.param], [400, 'parameter_unknown', name]);
      assert.match(error.message, new RegExp(`unknown parameter: ${name}$`));
    }
  });

  it('what is missing or malformed is refused by its name', async () => {
    const wrong: readonly [param: string, changes: object][] = [
      ['amount', { amount: undefined }],
      ['amount', { amount: 0 }],
      ['amount', { amount: 4.2 }],
      ['amount', { amount: 100_000_000 }],
      ['currency', { currency: undefined }],
      ['currency', { currency: 'euro' }],
      ['customer', { customer: 'cus_nobody' }],
      ['capture_method', { capture_method: 'later' }],
      ['confirm', { confirm: 'perhaps' }],
      ['metadata', { metadata: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`key${i}`, 'x'])) }],
      ['metadata[long]', { metadata: { long: 'x'.repeat(501) } }],
      [`metadata[${'k'.repeat(41)}]`, { metadata: { ['k'.repeat(41)]: 'x' } }],
    ];
    for (const [param, changes] of wrong) {
      assert.equal((await errorOf(create(changes))).param, param, JSON.stringify(changes).slice(0, 60));
    }
  });

  it('an amount that is too small and one that is too large are told apart', async () => {
    assert.equal((await errorOf(create({ amount: 49 }))).code, 'amount_too_small');
    assert.equal((await errorOf(create({ amount: 100_000_000 }))).code, 'amount_too_large');
  });

  it('any metadata comes back as it was given, by the reply, a read and the charge', async () => {
    const anyName = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9_.-]{1,40}$/),
      // Names that a decoder may take for a list's index, or for what every object has.
      fc.constantFrom('0', '7', '6735', 'toString', 'constructor', 'hasOwnProperty', 'a.b', 'ключ'),
    );
    const anyValue = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
    const anyMetadata = fc.dictionary(anyName, anyValue, { maxKeys: 10, noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(anyMetadata, async (metadata) => {
        const intent = await create({ metadata });
        assert.deepEqual(intent.metadata, metadata);
        assert.deepEqual((await stripe.stripe.paymentIntents.retrieve(intent.id)).metadata, metadata);
        const charge = await stripe.stripe.charges.retrieve(intent.latest_charge as string);
        assert.deepEqual(charge.metadata, metadata);
      }),
      { seed: SEED, numRuns: 60, examples: [[{ '0': 'only' }], [{ '1': 'b', '0': 'a' }], [{ constructor: 'x' }]] },
    );
  });

  it('an intent nobody made is 404, resource_missing, whatever is asked of it', async () => {
    const { paymentIntents } = stripe.stripe;
    for (const call of [
      paymentIntents.retrieve('pi_nobody'),
      paymentIntents.confirm('pi_nobody', { payment_method: 'pm_card_visa' }),
      paymentIntents.cancel('pi_nobody'),
    ]) {
      const error = await errorOf(call);
      assert.deepEqual([error.statusCode, error.code], [404, 'resource_missing']);
    }
  });

  it('an intent of one account is nobody’s on another', async () => {
    const { id } = await create();
    const elsewhere = stripe.stripeOf('sk_test_some_other_account');
    assert.equal((await errorOf(elsewhere.paymentIntents.retrieve(id))).statusCode, 404);
    assert.deepEqual((await elsewhere.paymentIntents.list()).data, []);
  });

  it('a secret key that is none is 401 and does nothing', async () => {
    const error = await errorOf(stripe.stripeOf('pk_test_publishable').paymentIntents.create(cardPayment()));
    assert.ok(error instanceof Stripe.errors.StripeAuthenticationError);
    assert.equal(error.statusCode, 401);
  });
});
