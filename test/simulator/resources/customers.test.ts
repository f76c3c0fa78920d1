import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { cardPayment } from '../../support/metered-gateway.js';
import { errorOf } from '../../support/refused.js';
import { Simulated } from '../../support/simulated.js';

let at: Simulated;
before(async () => {
  at = await Simulated.start();
});
after(() => at?.stop());

const ADDRESS = { line1: 'Somewhere 1', city: 'Berlin', country: 'DE' };

describe('a customer', () => {
  it('keeps what was said of them, and what is said otherwise later', async () => {
    const made = await at.stripe.customers.create({
      name: 'Ann',
      email: 'ann@example.com',
      address: ADDRESS,
      shipping: { name: 'Ann', address: ADDRESS },
      preferred_locales: ['de', 'en'],
      tax_exempt: 'exempt',
    });
    assert.deepEqual(made.address, { ...ADDRESS, line2: null, postal_code: null, state: null });
    assert.deepEqual([made.preferred_locales, made.tax_exempt], [['de', 'en'], 'exempt']);
    const changed = await at.stripe.customers.update(made.id, { name: 'Ann Other', email: '' });
    assert.deepEqual({ ...changed, name: made.name, email: made.email }, { ...made });
    assert.deepEqual([changed.name, changed.email], ['Ann Other', null]);
    assert.deepEqual(await at.stripe.customers.retrieve(made.id), changed);
  });

  it('is found by their address', async () => {
    const { id } = await at.stripe.customers.create({ email: 'found@example.com' });
    await at.stripe.customers.create({ email: 'other@example.com' });
    const { data } = await at.stripe.customers.list({ email: 'found@example.com' });
    assert.deepEqual(
      data.map((customer) => customer.id),
      [id],
    );
  });

  it('who was deleted is only that: not listed, not changed, not deleted again, and paid for no more', async () => {
    const { id } = await at.stripe.customers.create({ name: 'Bob' });
    const types = await at.typesRaisedBy(() => at.stripe.customers.del(id));
    assert.deepEqual(types, ['customer.deleted']);
    assert.deepEqual({ ...(await at.stripe.customers.retrieve(id)) }, { id, object: 'customer', deleted: true });
    assert.ok((await at.stripe.customers.list({ limit: 100 })).data.every((customer) => customer.id !== id));
    assert.equal((await errorOf(at.stripe.customers.update(id, { name: 'B' }))).statusCode, 404);
    assert.equal((await errorOf(at.stripe.customers.del(id))).statusCode, 404);
    assert.equal((await errorOf(at.stripe.customers.listPaymentMethods(id))).statusCode, 404);
    const error = await errorOf(at.stripe.paymentIntents.create(cardPayment({ customer: id })));
    assert.deepEqual([error.code, error.param], ['resource_missing', 'customer']);
  });
});
