import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { NEW_ACCOUNT } from '../../src/simulator/account.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import { ROUTES } from '../../src/simulator/requests/routes.js';
import { TABLE_NAMES } from '../../src/simulator/state/tables.js';
import { HOUR, T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

const DAY = 24 * HOUR;
const KEYS = ['sk_test_of_one_island', 'sk_test_of_the_other'] as const;

let at: Simulated;
before(async () => {
  at = await Simulated.start({ now: () => T0 });
  await Promise.all(KEYS.map((key) => settleOn(at.stripeOf(key))));
  await at.control.advance(3 * DAY);
  await Promise.all(KEYS.map((key) => at.stripeOf(key).customers.create({}, { idempotencyKey: 'the-same' })));
});
after(() => at?.stop());

/** Something of everything there is. */
async function settleOn(stripe: Stripe): Promise<void> {
  const { id: customer } = await stripe.customers.create({ metadata: { mine: 'yes' } });
  await stripe.paymentMethods.attach('pm_card_visa', { customer });
  const paid = await stripe.paymentIntents.create(cardPayment({ customer, metadata: { mine: 'yes' } }));
  await stripe.refunds.create({ payment_intent: paid.id, amount: 100 });
  await stripe.paymentIntents.create(cardPayment({ payment_method: 'pm_card_createDispute' }));
  await stripe.paymentIntents.create(cardPayment({ capture_method: 'manual' }));
  await stripe.files.create({
    purpose: 'dispute_evidence',
    file: { data: Buffer.from('png'), name: 'a.png', type: 'image/png' },
  });
  await stripe.reporting.reportRuns.create({ report_type: 'balance.summary.1' });
  await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:1/', enabled_events: ['topup.created'] });
}

const rows = (key: string, table: (typeof TABLE_NAMES)[number]) => at.simulator.store.all(accountId(key), table);

/** What of each table a path names, where it names one. */
const NAMED: Readonly<Record<string, (typeof TABLE_NAMES)[number]>> = {
  payment_intents: 'payment_intents',
  charges: 'charges',
  refunds: 'refunds',
  disputes: 'disputes',
  customers: 'customers',
  payment_methods: 'payment_methods',
  balance_transactions: 'balance_transactions',
  payouts: 'payouts',
  events: 'events',
  report_runs: 'report_runs',
  files: 'files',
  webhook_endpoints: 'webhook_endpoints',
};
const tableOf = (path: string) => NAMED[path.replace('/v1/reporting/', '/v1/').split('/')[2] ?? ''];

async function call(method: string, path: string, key: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${at.base}${path}`, { method, headers: { authorization: `Bearer ${key}` } });
  return { status: response.status, text: await response.text() };
}

describe('two accounts', () => {
  const [mine, other] = KEYS;

  for (const table of Object.values(NAMED)) {
    it(`share none of their ${table}`, () => {
      const ids = new Set(rows(mine, table).map(({ id }) => id));
      assert.ok(ids.size > 0, 'there are some');
      assert.equal(rows(other, table).length, ids.size);
      assert.ok(rows(other, table).every(({ id }) => !ids.has(id)));
    });
  }

  for (const { method, path } of ROUTES.filter((route) => route.path.includes(':id'))) {
    const table = tableOf(path);
    if (table === undefined) continue;
    it(`find none of each other’s by ${method} ${path}`, async () => {
      for (const { id } of rows(other, table)) {
        const asked = path.replace(':id', id).replace(':id', rows(other, 'payment_methods')[0]?.id ?? '');
        const { status, text } = await call(method, asked, mine);
        assert.ok([400, 404].includes(status), `${asked}: ${status}`);
        assert.match(text, /No such|Missing required param/);
      }
    });
  }

  for (const { path } of ROUTES.filter(({ method, path: p }) => method === 'GET' && !p.includes(':id') && tableOf(p))) {
    it(`see nothing of each other at ${path}`, async () => {
      const query = path.endsWith('/search') ? 'query=created%3E0' : 'limit=100';
      const { status, text } = await call('GET', `${path}?${query}`, mine);
      assert.equal(status, 200);
      assert.ok(JSON.parse(text).data.length > 0, 'there are some');
      for (const table of TABLE_NAMES.filter((name) => name in NAMED)) {
        for (const { id } of rows(other, table)) assert.ok(!text.includes(`"${id}"`), id);
      }
    });
  }

  it('take each other’s things for no parameter', async () => {
    const [intent] = rows(other, 'payment_intents');
    const [customer] = rows(other, 'customers');
    const method = rows(other, 'payment_methods')[0]?.id;
    for (const [path, params, param] of [
      ['/v1/refunds', { payment_intent: intent?.id }, 'payment_intent'],
      ['/v1/payment_intents', cardPayment({ customer: customer?.id ?? '' }), 'customer'],
      ['/v1/payment_intents', cardPayment({ payment_method: method ?? '' }), 'payment_method'],
    ] as const) {
      const { status, error } = await at.post(path, params, { secretKey: mine });
      assert.deepEqual([status, error?.code, error?.param], [400, 'resource_missing', param]);
    }
    const cursor = await call('GET', `/v1/payment_intents?starting_after=${intent?.id}`, mine);
    assert.equal(cursor.status, 400);
  });

  it('have a balance, prices and keys of their own', async () => {
    const balance = async (key: string) => (await at.stripeOf(key).balance.retrieve()).available;
    assert.deepEqual(await balance(mine), await balance(other), 'they did the same');
    const free = { ...NEW_ACCOUNT.fees, payments: [] };
    at.simulator.store.commit([[accountId(mine), 'account', { ...NEW_ACCOUNT, fees: free }]]);
    for (const [key, fee] of [
      [mine, 0],
      [other, Math.round(4_200 * 0.029) + 30],
    ] as const) {
      const { id } = await at.stripeOf(key).paymentIntents.create(cardPayment({ capture_method: 'automatic' }));
      const [movement] = (await at.stripeOf(key).balanceTransactions.list({ limit: 1 })).data;
      assert.equal(movement?.fee, fee);
      assert.ok(rows(key, 'payment_intents').some((row) => row.id === id));
    }
    const created = await Promise.all(
      KEYS.map((key) => at.stripeOf(key).customers.create({}, { idempotencyKey: 'the-same' })),
    );
    assert.notEqual(created[0]?.id, created[1]?.id);
  });
});
