import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type Stripe from 'stripe';
import { SEED } from '../support/any-fact.js';
import { SECOND, T0 } from '../support/facts.js';
import { errorOf } from '../support/refused.js';
import { Simulated } from '../support/simulated.js';

/** The intents of three customers and of nobody, one a second, in an order that repeats none of them regularly. */
const COUNT = 40;

interface Made {
  readonly id: string;
  readonly created: number;
  readonly customer: string | null;
}

let at: Simulated;
let nowMs = T0;
/** Newest first, as lists are. */
const made: Made[] = [];
const customers: (string | undefined)[] = [undefined];
before(async () => {
  at = await Simulated.start({ now: () => nowMs });
  for (let i = 0; i < 3; i += 1) customers.push((await at.stripe.customers.create({})).id);
  for (let i = 0; i < COUNT; i += 1) {
    nowMs = T0 + i * SECOND;
    const customer = customers[(i * i + (i >> 2)) % customers.length];
    const params = { amount: 100 + i, currency: 'eur', ...(customer === undefined ? {} : { customer }) };
    const intent = await at.stripe.paymentIntents.create(params);
    made.unshift({ id: intent.id, created: intent.created, customer: customer ?? null });
  }
});
after(() => at?.stop());

const anyCustomer = fc.nat(3);
const anyRow = fc.nat(COUNT - 1);
const anyLimit = fc.integer({ min: 1, max: 100 });
const anyEdge = fc.option(fc.integer({ min: T0 / SECOND - 2, max: T0 / SECOND + COUNT + 1 }), { nil: undefined });
const of = (customer: string | undefined) => made.filter((row) => customer === undefined || row.customer === customer);
const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);

async function page(params: Stripe.PaymentIntentListParams) {
  const { data, has_more } = await at.stripe.paymentIntents.list(params);
  return { ids: ids(data), more: has_more };
}

/** Of `rows` the page that `params` ask for, by going through all of them. */
function naive(rows: readonly Made[], params: Stripe.PaymentIntentListParams) {
  const { limit = 10, starting_after, ending_before, created } = params;
  const { gte = -Infinity, lt = Infinity } = (created ?? {}) as { gte?: number; lt?: number };
  const place = (id: string) => made.findIndex((row) => row.id === id);
  const fitting = rows.filter(
    (row) =>
      row.created >= gte &&
      row.created < lt &&
      (starting_after === undefined || place(row.id) > place(starting_after)) &&
      (ending_before === undefined || place(row.id) < place(ending_before)),
  );
  const data = ending_before === undefined ? fitting.slice(0, limit) : fitting.slice(-limit);
  return { ids: ids(data), more: fitting.length > data.length };
}

describe('a page of a list', () => {
  it('is what going through everything would find: of whomever, from wherever, both ways, between any times', async () => {
    const anyParams = fc.record({ customer: anyCustomer, at: anyRow, limit: anyLimit, gte: anyEdge, lt: anyEdge });
    const anyWay = fc.constantFrom('starting_after', 'ending_before', undefined);
    await fc.assert(
      fc.asyncProperty(anyParams, anyWay, async ({ customer: whose, at: where, limit, gte, lt }, way) => {
        const customer = customers[whose];
        const created = { ...(gte === undefined ? {} : { gte }), ...(lt === undefined ? {} : { lt }) };
        const params = {
          limit,
          ...(customer === undefined ? {} : { customer }),
          ...(way === undefined ? {} : { [way]: made[where]?.id }),
          ...(gte === undefined && lt === undefined ? {} : { created }),
        };
        assert.deepEqual(await page(params), naive(of(customer), params));
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it('leads to the next until each has been shown once, at any page size, forwards and back', async () => {
    await fc.assert(
      fc.asyncProperty(anyCustomer, anyLimit, async (whose, limit) => {
        const customer = customers[whose];
        const whole = ids(of(customer));
        const params = { limit, ...(customer === undefined ? {} : { customer }) };
        const forwards: string[] = [];
        for await (const { id } of at.stripe.paymentIntents.list(params)) forwards.push(id);
        assert.deepEqual(forwards, whole);
        const backwards: string[] = [];
        const last = whole.at(-1) ?? '';
        for await (const { id } of at.stripe.paymentIntents.list({ ...params, ending_before: last }))
          backwards.push(id);
        assert.deepEqual(backwards, whole.slice(0, -1).reverse());
      }),
      { seed: SEED, numRuns: 30 },
    );
  });

  it('goes on from a row that is not of its own list: from its place in time', async () => {
    const { charges, events, refunds } = at.stripe;
    const paid: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      nowMs += SECOND;
      const { latest_charge } = await at.stripe.paymentIntents.create({
        amount: 1_000,
        currency: 'eur',
        confirm: true,
        payment_method: 'pm_card_visa',
        automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
      });
      paid.unshift(String(latest_charge));
    }
    const [newest = '', middle = '', oldest = ''] = paid;
    for (const charge of [oldest, newest, middle]) await refunds.create({ charge, amount: 1 });
    const ofMiddle = ids((await refunds.list({ charge: middle })).data);
    const ofNewest = ids((await refunds.list({ charge: newest })).data)[0] ?? '';
    const list = async (params: Stripe.RefundListParams) =>
      ids((await refunds.list({ charge: middle, ...params })).data);
    assert.deepEqual(await list({ starting_after: ofNewest }), []);
    assert.deepEqual(await list({ ending_before: ofNewest }), ofMiddle);

    const [made_] = (await events.list({ type: 'payment_intent.created', limit: 1 })).data;
    const types = async (params: Stripe.EventListParams) =>
      (await events.list({ type: 'charge.succeeded', limit: 100, ...params })).data.map(
        ({ data }) => (data.object as Stripe.Charge).id,
      );
    assert.deepEqual(await types({ ending_before: made_?.id ?? '' }), [newest]);
    assert.deepEqual(await types({ starting_after: made_?.id ?? '' }), [middle, oldest]);
    assert.deepEqual(ids((await charges.list({ limit: 3 })).data), paid);
  });

  it('takes no cursor that is nobody’s, nor one of each kind', async () => {
    const [row] = made;
    const cursors = { starting_after: row?.id ?? '', ending_before: row?.id ?? '' };
    assert.equal((await errorOf(page(cursors))).statusCode, 400);
    for (const name of ['starting_after', 'ending_before']) {
      const error = await errorOf(page({ [name]: customers[1] ?? '' }));
      assert.deepEqual([error.code, error.param], ['resource_missing', name], 'a customer among intents');
    }
  });
});

describe('a list', () => {
  /** Each takes the cursors and limits that every list takes. */
  const LISTS = [
    '/v1/payment_intents',
    '/v1/charges',
    '/v1/refunds',
    '/v1/disputes',
    '/v1/customers',
    '/v1/payment_methods',
    '/v1/balance_transactions',
    '/v1/payouts',
    '/v1/events',
    '/v1/reporting/report_runs',
    '/v1/files',
    '/v1/webhook_endpoints',
  ];
  for (const url of LISTS) {
    it(`of ${url} has 1 to 100 rows a page, and says where it is`, async () => {
      const get = (query: string) => at.stripe.rawRequest('GET', `${url}?${query}`);
      for (const limit of ['0', '101', '-1', '1.5', 'ten', '']) {
        const error = await errorOf(get(`limit=${limit}`));
        assert.deepEqual([error.statusCode, error.param], [400, 'limit'], `limit ${limit}`);
      }
      for (const limit of [1, 100]) {
        const body = (await get(`limit=${limit}`)) as unknown as Stripe.ApiList<unknown>;
        assert.deepEqual([body.object, body.url, Array.isArray(body.data)], ['list', url, true]);
        assert.ok(body.data.length <= limit);
      }
    });
  }
});
