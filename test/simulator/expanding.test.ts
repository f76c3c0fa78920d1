import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type Stripe from 'stripe';
import { unexpanded } from '../outside/openapi/expanded.js';
import { ACCOUNT } from '../support/account.js';
import { T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { errorOf } from '../support/refused.js';
import { Simulated } from '../support/simulated.js';

let at: Simulated;
let customer: Stripe.Customer;
let method: Stripe.PaymentMethod;
let intent: Stripe.PaymentIntent;
before(async () => {
  at = await Simulated.start({ now: () => T0 });
  customer = await at.stripe.customers.create({ name: 'Ann' });
  method = await at.stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  intent = await pay();
});
after(() => at?.stop());

const pay = (changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  at.stripe.paymentIntents.create(
    cardPayment({ customer: customer.id, payment_method: method.id, capture_method: 'automatic', ...changes }),
  );
const retrieve = async (...expand: string[]): Promise<Record<string, unknown>> => ({
  ...(await at.stripe.paymentIntents.retrieve(intent.id, { expand })),
});

/** What stands at the path. */
function at_(object: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], object);
}
const nameAt = (object: unknown, path: string) => (at_(object, path) as { object?: string }).object;

/** Of a payment intent, paths that begin alike and lead through lists and through what may be absent. */
const PATHS = [
  'customer',
  'customer.invoice_settings.default_payment_method',
  'payment_method',
  'payment_method.customer',
  'latest_charge',
  'latest_charge.balance_transaction',
  'latest_charge.balance_transaction.source',
  'latest_charge.customer',
  'latest_charge.payment_intent.latest_charge',
  'latest_charge.payment_intent.latest_charge.refunds',
  'latest_charge.refunds',
  'latest_charge.refunds.data.balance_transaction',
  'latest_charge.refunds.data.charge',
  'latest_charge.refunds.data.payment_intent',
  'review',
] as const;

describe('what is to be shown whole', () => {
  it('is, where its id stood, and nothing else is', async () => {
    const plain = await retrieve();
    const expanded = await retrieve('latest_charge', 'customer');
    assert.deepEqual(expanded['latest_charge'], {
      ...(await at.stripe.charges.retrieve(String(intent.latest_charge))),
    });
    assert.equal(nameAt(expanded, 'customer'), 'customer');
    assert.deepEqual({ ...expanded, latest_charge: plain['latest_charge'], customer: plain['customer'] }, plain);
  });

  it('is four levels deep, and no deeper', async () => {
    const deep = 'latest_charge.payment_intent.payment_method.customer';
    const shown = await retrieve(deep);
    for (const [path, name] of [
      ['latest_charge', 'charge'],
      ['latest_charge.payment_intent', 'payment_intent'],
      ['latest_charge.payment_intent.payment_method', 'payment_method'],
      [deep, 'customer'],
    ] as const) {
      assert.equal(nameAt(shown, path), name);
    }
    const error = await errorOf(retrieve('latest_charge.payment_intent.latest_charge.payment_intent.customer'));
    assert.deepEqual([error.statusCode, error.param], [400, 'expand']);
  });

  it('is on several paths that begin alike', async () => {
    const shown = await retrieve('latest_charge.customer', 'latest_charge', 'latest_charge.balance_transaction.source');
    assert.equal(nameAt(shown, 'latest_charge.customer'), 'customer');
    assert.equal(nameAt(shown, 'latest_charge.balance_transaction.source'), 'charge');
  });

  it('is in every row of a list, `data` being one of the four levels', async () => {
    await pay({ amount: 99 });
    const { data } = await at.stripe.paymentIntents.list({ expand: ['data.latest_charge.balance_transaction'] });
    assert.equal(data.length, 2);
    for (const row of data) assert.equal(nameAt(row, 'latest_charge.balance_transaction'), 'balance_transaction');
    const list = (path: string) => at.stripe.paymentIntents.list({ expand: [path] });
    await list('data.latest_charge.payment_intent.customer');
    const error = await errorOf(list('data.latest_charge.payment_intent.payment_method.customer'));
    assert.equal(error.param, 'expand');
  });

  it('is null where there is nothing, and null is as far as it goes', async () => {
    const bare = await at.stripe.paymentIntents.create({
      amount: 1_000,
      currency: 'eur',
      expand: ['latest_charge.balance_transaction', 'customer'],
    });
    assert.deepEqual([bare.latest_charge, bare.customer], [null, null]);
  });

  it('is, of a balance transaction, whatever it came from', async () => {
    const { id } = await pay({ amount: 500 });
    await at.stripe.refunds.create({ payment_intent: id });
    const { data } = await at.stripe.balanceTransactions.list({ limit: 2, expand: ['data.source'] });
    assert.deepEqual(
      data.map((row) => nameAt(row, 'source')),
      ['refund', 'charge'],
    );
    const further = await at.stripe.balanceTransactions.list({ limit: 2, expand: ['data.source.charge'] });
    assert.equal(nameAt(further.data[0], 'source.charge'), 'charge');
    assert.equal(nameAt(further.data[1], 'source'), 'charge', 'of which a charge has none');
  });

  it('is a charge’s list of refunds, newest first, which is there only where it is asked for', async () => {
    const { id, latest_charge } = await pay({ amount: 5_000 });
    const refunds: string[] = [];
    for (let i = 0; i < 11; i += 1) {
      refunds.unshift((await at.stripe.refunds.create({ payment_intent: id, amount: 100 })).id);
    }
    const charge = String(latest_charge);
    assert.ok(!('refunds' in (await at.stripe.charges.retrieve(charge))));
    const shown = await at.stripe.charges.retrieve(charge, { expand: ['refunds.data.balance_transaction'] });
    assert.deepEqual(
      [shown.refunds?.data.map((refund) => refund.id), shown.refunds?.has_more],
      [refunds.slice(0, 10), true],
    );
    assert.equal(nameAt(shown.refunds?.data[0], 'balance_transaction'), 'balance_transaction');
    const through = await at.stripe.paymentIntents.retrieve(id, { expand: ['latest_charge.refunds'] });
    assert.equal((through.latest_charge as Stripe.Charge).refunds?.data.length, 10);
  });

  it('is the same in whatever order it is asked for, and all of it', async () => {
    const { id } = await pay({ amount: 700 });
    await at.stripe.refunds.create({ payment_intent: id, amount: 100 });
    await at.stripe.refunds.create({ payment_intent: id, amount: 200 });
    const asked = async (expand: readonly string[]) =>
      (await at.stripe.paymentIntents.retrieve(id, { expand: [...expand] })) as unknown as Record<string, unknown>;
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...PATHS], { minLength: 1 }), async (paths) => {
        const shown = await asked(paths);
        assert.deepEqual(unexpanded(shown, paths), []);
        assert.deepEqual(shown, await asked([...paths].sort()));
      }),
      { numRuns: 60 },
    );
  });

  it('is a customer who was deleted, as what is left of them', async () => {
    const { id } = await at.stripe.customers.create({ name: 'Bob' });
    const paid = await at.stripe.paymentIntents.create({ amount: 1_000, currency: 'eur', customer: id });
    await at.stripe.customers.del(id);
    const shown = await at.stripe.paymentIntents.retrieve(paid.id, { expand: ['customer'] });
    assert.deepEqual(shown.customer, { id, object: 'customer', deleted: true });
  });

  it('is, in the answer to a creation, what the creation made', async () => {
    const made = await pay({ amount: 700, expand: ['latest_charge.balance_transaction', 'payment_method'] });
    assert.equal(nameAt(made, 'latest_charge.balance_transaction'), 'balance_transaction');
    assert.equal((made.payment_method as Stripe.PaymentMethod).id, method.id);
  });
});

describe('what cannot be shown whole', () => {
  const rows = () =>
    (['payment_intents', 'charges', 'events', 'answers', 'balance_transactions'] as const).map(
      (table) => at.simulator.store.all(ACCOUNT, table).length,
    );

  for (const path of [
    'colour',
    'amount',
    'latest_charge.colour',
    'constructor',
    'data.latest_charge',
    'metadata.x',
    '',
  ]) {
    it(`is refused, and nothing is left of the creation that asked for ${path || 'nothing'}`, async () => {
      const before = rows();
      const error = await errorOf(pay({ expand: [path] }));
      assert.equal(error.statusCode, 400);
      assert.deepEqual(rows(), before);
    });
  }

  for (const path of ['latest_charge', 'data.colour', 'data.latest_charge.colour']) {
    it(`is refused in a list: ${path}`, async () => {
      assert.equal((await errorOf(at.stripe.paymentIntents.list({ expand: [path] }))).param, 'expand');
    });
  }

  it('is refused even where there is nothing yet that could be shown', async () => {
    const create = (expand: string[]) => at.stripe.paymentIntents.create({ amount: 1_000, currency: 'eur', expand });
    assert.equal((await errorOf(create(['latest_charge.colour']))).param, 'expand');
    assert.equal((await create(['customer.invoice_settings.default_payment_method'])).customer, null);
  });
});
