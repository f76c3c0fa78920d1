import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { ACCOUNT } from '../support/account.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

let at: Simulated;
before(async () => {
  at = await Simulated.start();
});
after(() => at?.stop());

const INTENTS = '/v1/payment_intents';
const PLAIN = { amount: 1_000, currency: 'eur' };
const SHIPPING = { name: 'Ann', address: { line1: 'Somewhere 1' } };

type Row = readonly [what: string, path: string, params: object, code: string | undefined, param: string];

const REFUSED: readonly Row[] = [
  ['unknown', INTENTS, { ...PLAIN, colour: 'red' }, 'parameter_unknown', 'colour'],
  [
    'unknown, one level down',
    INTENTS,
    { ...PLAIN, shipping: { ...SHIPPING, colour: 'red' } },
    'parameter_unknown',
    'shipping[colour]',
  ],
  [
    'unknown, two levels down',
    INTENTS,
    { ...PLAIN, shipping: { ...SHIPPING, address: { planet: 'Earth' } } },
    'parameter_unknown',
    'shipping[address][planet]',
  ],
  [
    'unknown, of a payment method',
    INTENTS,
    { ...PLAIN, payment_method_data: { type: 'card', card: { colour: 'red' } } },
    'parameter_unknown',
    'payment_method_data[card][colour]',
  ],
  ['unknown, and before what else is wrong', INTENTS, { amount: 'many', colour: 'red' }, 'parameter_unknown', 'colour'],
  ['called like what every object has', INTENTS, { ...PLAIN, constructor: 'x' }, 'parameter_unknown', 'constructor'],
  ['missing', INTENTS, { currency: 'eur' }, 'parameter_missing', 'amount'],
  [
    'missing, one level down',
    INTENTS,
    { ...PLAIN, shipping: { name: 'Ann' } },
    'parameter_missing',
    'shipping[address]',
  ],
  ['empty', INTENTS, { ...PLAIN, currency: '' }, 'parameter_invalid_empty', 'currency'],
  ['empty, where it is a number', INTENTS, { currency: 'eur', amount: '' }, 'parameter_invalid_empty', 'amount'],
  ['empty, in a list', INTENTS, { ...PLAIN, expand: [''] }, 'parameter_invalid_empty', 'expand[0]'],
  ['no integer', INTENTS, { ...PLAIN, amount: 'many' }, 'parameter_invalid_integer', 'amount'],
  ['no whole integer', INTENTS, { ...PLAIN, amount: '10.5' }, 'parameter_invalid_integer', 'amount'],
  [
    'an integer out of all bounds',
    INTENTS,
    { ...PLAIN, amount: '9'.repeat(30) },
    'parameter_invalid_integer',
    'amount',
  ],
  ['an integer in another notation', INTENTS, { ...PLAIN, amount: '1e3' }, 'parameter_invalid_integer', 'amount'],
  ['nothing', INTENTS, { ...PLAIN, amount: 0 }, 'parameter_invalid_integer', 'amount'],
  ['negative', INTENTS, { ...PLAIN, amount: -1 }, 'parameter_invalid_integer', 'amount'],
  ['too small', INTENTS, { ...PLAIN, amount: 49 }, 'amount_too_small', 'amount'],
  ['too large', INTENTS, { ...PLAIN, amount: 100_000_000 }, 'amount_too_large', 'amount'],
  ['no currency', INTENTS, { ...PLAIN, currency: 'xxz' }, undefined, 'currency'],
  ['no boolean', INTENTS, { ...PLAIN, confirm: 'yes' }, undefined, 'confirm'],
  ['none of the choices', INTENTS, { ...PLAIN, capture_method: 'later' }, undefined, 'capture_method'],
  ['too long', INTENTS, { ...PLAIN, description: 'x'.repeat(1_001) }, undefined, 'description'],
  ['an object where it is text', INTENTS, { ...PLAIN, description: { a: 'b' } }, undefined, 'description'],
  ['text where it is an object', INTENTS, { ...PLAIN, shipping: 'home' }, undefined, 'shipping'],
  ['text where it is a list', INTENTS, { ...PLAIN, expand: 'customer' }, undefined, 'expand'],
  ['a list where it is text', INTENTS, { ...PLAIN, currency: ['eur', 'usd'] }, undefined, 'currency'],
  ['too small, of a refund', '/v1/refunds', { charge: 'ch_1', amount: 0 }, 'parameter_invalid_integer', 'amount'],
  ['none of the choices, of a refund', '/v1/refunds', { charge: 'ch_1', reason: 'whim' }, undefined, 'reason'],
  [
    'no list, of an endpoint',
    '/v1/webhook_endpoints',
    { url: 'http://a', enabled_events: '*' },
    undefined,
    'enabled_events',
  ],
  [
    'unknown, in a list',
    '/v1/webhook_endpoints',
    { url: 'http://a', enabled_events: ['*', 'x'] },
    undefined,
    'enabled_events[1]',
  ],
];

describe('a parameter that is', () => {
  for (const [what, path, params, code, param] of REFUSED) {
    it(`${what} is refused by its name: ${param}`, async () => {
      const before = at.simulator.store.all(ACCOUNT, 'payment_intents').length;
      const { status, error } = await at.post(path, params);
      assert.deepEqual([status, error?.type, error?.code, error?.param], [400, 'invalid_request_error', code, param]);
      assert.equal(at.simulator.store.all(ACCOUNT, 'payment_intents').length, before);
    });
  }

  it('empty takes away what was there, where that can be', async () => {
    const { id } = await at.stripe.paymentIntents.create({
      ...PLAIN,
      description: 'old',
      receipt_email: 'a@example.com',
    });
    const { description, receipt_email } = await at.stripe.paymentIntents.update(id, { description: '' });
    assert.deepEqual([description, receipt_email], [null, 'a@example.com']);
  });

  for (const form of [
    '%s[0]=card&%s[1]=sepa_debit',
    '%s[]=card&%s[]=sepa_debit',
    '%s%5B%5D=card&%s%5B%5D=sepa_debit',
  ]) {
    it(`a list is one however it is written: ${form.replaceAll('%s', 'a')}`, async () => {
      const list = form.replaceAll('%s', 'allowed_payment_method_types');
      const { status, text } = await at.postText(INTENTS, `amount=1000&currency=eur&${list}`);
      assert.equal(status, 200);
      assert.deepEqual(JSON.parse(text).allowed_payment_method_types, ['card', 'sepa_debit']);
    });
  }

  it('in the query of a POST is one like those of its form, and so is one in the body of a DELETE', async () => {
    const { status, text } = await at.postText(`${INTENTS}?amount=4321`, 'currency=eur');
    assert.deepEqual([status, JSON.parse(text).amount], [200, 4_321]);
    const inQuery = await at.post(`${INTENTS}?colour=red`, PLAIN);
    assert.deepEqual([inQuery.status, inQuery.error?.param], [400, 'colour']);
    const { id } = await at.stripe.customers.create({});
    const response = await fetch(`${at.base}/v1/customers/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${SIMULATOR_KEY}` },
      body: new URLSearchParams({ colour: 'red' }),
    });
    const { error } = (await response.json()) as { error: { param: string } };
    assert.deepEqual([response.status, error.param], [400, 'colour']);
    assert.equal((await at.stripe.customers.retrieve(id)).deleted, undefined);
  });

  it('one too many is refused, and none is dropped', async () => {
    const form = (metadata: number) =>
      Array.from({ length: metadata }, (_, n) => `metadata[${n}]=x`)
        .join('&')
        .concat('&amount=1000&currency=eur');
    const { status, text } = await at.postText(INTENTS, form(999));
    assert.equal(status, 400);
    assert.match(text, /at most 1000 parameters/);
    assert.match((await at.postText(INTENTS, form(998))).text, /at most 50 keys/, 'all of them were read');
  });

  it('in a form of parts, or in JSON, is refused where no file is asked for', async () => {
    const parts = new FormData();
    parts.set('name', 'Ann');
    for (const body of [parts, new Blob(['{"name":"Ann"}'], { type: 'application/json' })]) {
      const response = await fetch(`${at.base}/v1/customers`, {
        method: 'POST',
        headers: { authorization: `Bearer ${SIMULATOR_KEY}` },
        body,
      });
      assert.equal(response.status, 400);
      assert.match(await response.text(), /check that your POST content type is/);
    }
  });

  it('either of two that exclude each other is taken, and not both', async () => {
    const list = (query: string) =>
      fetch(`${at.base}/v1/events?${query}`, { headers: { authorization: `Bearer ${SIMULATOR_KEY}` } });
    assert.equal((await list('type=charge.succeeded')).status, 200);
    assert.equal((await list('types[]=charge.succeeded')).status, 200);
    const both = await list('type=charge.succeeded&types[]=charge.failed');
    assert.equal(both.status, 400);
    assert.match(await both.text(), /either `type` or `types`, but not both/);
  });

  it('unknown is refused in a query too, and where an operation takes none', async () => {
    const { id } = await at.stripe.paymentIntents.create(PLAIN);
    for (const [method, path] of [
      ['GET', `${INTENTS}?colour=red`],
      ['GET', `${INTENTS}/${id}?colour=red`],
      ['GET', '/v1/balance?colour=red'],
      ['GET', '/v1/events?colour=red'],
    ] as const) {
      const response = await fetch(`${at.base}${path}`, {
        method,
        headers: { authorization: `Bearer ${SIMULATOR_KEY}` },
      });
      const { error } = (await response.json()) as { error: { param: string } };
      assert.deepEqual([response.status, error.param], [400, 'colour'], path);
    }
  });
});

describe('metadata', () => {
  const create = async (metadata: unknown) => at.post(INTENTS, { ...PLAIN, metadata });
  const metadataOf = ({ text }: { text: string }) => JSON.parse(text).metadata as Record<string, string>;
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`key_${n}`, `${n}`]));
  const has = (object: object, key: string) => Object.getOwnPropertyDescriptor(object, key)?.value;

  it('holds 50 keys of 40 characters with 500 each, and no more of any', async () => {
    const most = many(49);
    most['k'.repeat(40)] = 'v'.repeat(500);
    assert.deepEqual(metadataOf(await create(most)), most);
    for (const metadata of [many(51), { ['k'.repeat(41)]: 'v' }, { k: 'v'.repeat(501) }, { k: { l: 'v' } }, 'text']) {
      const { status, error } = await create(metadata);
      assert.equal(status, 400);
      assert.match(error?.param ?? '', /^metadata/);
    }
  });

  it('holds no more than 50 keys after an update either, which counts what it takes away', async () => {
    const { id } = JSON.parse((await create(many(50))).text);
    const update = (metadata: object) => at.post(`${INTENTS}/${id}`, { metadata });
    const { status, error } = await update({ one_more: '1' });
    assert.deepEqual([status, error?.param], [400, 'metadata']);
    assert.equal(Object.keys(metadataOf(await update({ one_more: '1', key_0: '' }))).length, 50);
  });

  it('is merged: what is not named stays, what is empty goes, and all goes when all is empty', async () => {
    const { id } = JSON.parse((await create({ a: '1', b: '2', c: '' })).text);
    const update = async (metadata: unknown) => metadataOf(await at.post(`${INTENTS}/${id}`, { metadata }));
    assert.deepEqual(await update({ b: '', d: '4' }), { a: '1', d: '4' });
    assert.deepEqual(await update({}), { a: '1', d: '4' });
    assert.deepEqual(await update(''), {});
  });

  for (const key of ['constructor', 'toString', 'hasOwnProperty', '0', 'length', 'a.b', 'ü']) {
    it(`may have a key called ${key}, which is kept, changed and taken away like any other`, async () => {
      const made = await create(
        Object.fromEntries([
          [key, 'mine'],
          ['other', 'x'],
        ]),
      );
      assert.equal(has(metadataOf(made), key), 'mine');
      const { id } = JSON.parse(made.text);
      const { stripe } = at;
      assert.equal(has(JSON.parse(JSON.stringify((await stripe.paymentIntents.retrieve(id)).metadata)), key), 'mine');
      const update = async (value: string) =>
        metadataOf(await at.post(`${INTENTS}/${id}`, { metadata: Object.fromEntries([[key, value]]) }));
      assert.equal(has(await update('changed'), key), 'changed');
      assert.deepEqual(Object.keys(await update('')), ['other']);
    });
  }

  it('is refused where it has a key that would be lost, __proto__', async () => {
    for (const name of ['metadata[__proto__]', 'metadata%5B__proto__%5D', '__proto__', '__proto__[polluted]']) {
      const { status, error } = await at.postText(INTENTS, `amount=1000&currency=eur&${name}=mine`);
      assert.deepEqual([status, error?.code, error?.param], [400, 'parameter_unknown', decodeURIComponent(name)]);
    }
  });

  it('goes along from a payment to its charge, as it was then', async () => {
    const { latest_charge, id } = await at.stripe.paymentIntents.create(cardPayment({ metadata: { order: '1' } }));
    await at.stripe.paymentIntents.update(id, { metadata: { order: '2' } });
    assert.deepEqual((await at.stripe.charges.retrieve(String(latest_charge))).metadata, { order: '1' });
  });
});
