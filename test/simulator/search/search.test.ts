import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { NEW_ACCOUNT } from '../../../src/simulator/account.js';
import type { Customer } from '../../../src/simulator/objects/customer.js';
import { newCustomer } from '../../../src/simulator/resources/customers.js';
import { SearchLag } from '../../../src/simulator/search/lag.js';
import { HOUR, SECOND, T0 } from '../../support/facts.js';
import { cardPayment } from '../../support/metered-gateway.js';
import { errorOf } from '../../support/refused.js';
import { Simulated } from '../../support/simulated.js';

const LAG = NEW_ACCOUNT.search_lag_ms;

let at: Simulated;
let nowMs = T0;
before(async () => {
  at = await Simulated.start({ now: () => nowMs });
});
after(() => at?.stop());
/** Each test has a word of its own to find its objects by. */
let word: string;
let words = 0;
beforeEach(() => {
  words += 1;
  word = `word-${words}`;
});

const ids = (page: { data: readonly { id: string }[] }) => page.data.map(({ id }) => id);
const pay = (changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  at.stripe.paymentIntents.create(cardPayment({ metadata: { word }, ...changes }));
const mine = (more = '') => `metadata["word"]:"${word}"${more}`;
const find = async (more = '') => ids(await at.stripe.paymentIntents.search({ query: mine(more) }));

describe('search', () => {
  it('does not know of what is new until the lag has passed', async () => {
    const { id } = await pay();
    assert.deepEqual(await find(), []);
    nowMs += LAG - 1;
    assert.deepEqual(await find(), []);
    nowMs += 1;
    assert.deepEqual(await find(), [id]);
  });

  it('shows what has changed as it was, until the lag has passed', async () => {
    const { id } = await pay({ capture_method: 'manual' });
    nowMs += HOUR;
    await at.stripe.paymentIntents.capture(id);
    nowMs += LAG / 2;
    await at.stripe.paymentIntents.update(id, { description: 'described' });
    const seen = async () => {
      const { data } = await at.stripe.paymentIntents.search({ query: mine() });
      return data.map(({ status, description }) => [status, description]);
    };
    assert.deepEqual(await seen(), [['requires_capture', null]]);
    assert.deepEqual(await find(' AND status:"succeeded"'), []);
    nowMs += LAG / 2;
    assert.deepEqual(await seen(), [['succeeded', null]]);
    assert.deepEqual(await find(' AND status:"succeeded"'), [id]);
    nowMs += LAG / 2;
    assert.deepEqual(await seen(), [['succeeded', 'described']]);
  });

  it('lags by the simulator’s clock, and by what the account has agreed', async () => {
    const other = at.stripeOf('sk_test_search_other');
    const { id } = await other.customers.create({ email: 'slow@example.com' });
    const [account = ''] = at.simulator.store.accountNames().slice(-1);
    at.simulator.store.commit([[account, 'account', { ...NEW_ACCOUNT, search_lag_ms: HOUR }]]);
    const seen = async () => ids(await other.customers.search({ query: 'email:"SLOW@example.com"' }));
    await at.control.advance(HOUR - 1);
    assert.deepEqual(await seen(), []);
    await at.control.advance(1);
    assert.deepEqual(await seen(), [id]);
    at.simulator.store.commit([[account, 'account', { ...NEW_ACCOUNT, search_lag_ms: 0 }]]);
    const { id: second } = await other.customers.create({ email: 'slow@example.com' });
    assert.deepEqual(await seen(), [second, id]);
  });

  it('is told of a customer who was deleted, and shows them until then', async () => {
    const { id } = await at.stripe.customers.create({ metadata: { word } });
    nowMs += LAG;
    await at.stripe.customers.del(id);
    const seen = async () => ids(await at.stripe.customers.search({ query: mine() }));
    assert.deepEqual(await seen(), [id]);
    nowMs += LAG;
    assert.deepEqual(await seen(), []);
  });

  it('is newest first, a page at a time, each object once, at any page size', async () => {
    const made: string[] = [];
    for (let i = 0; i < 12; i += 1) made.unshift((await pay()).id);
    nowMs += LAG;
    for (const limit of [1, 5, 11, 12, 100]) {
      const found: string[] = [];
      for await (const { id } of at.stripe.paymentIntents.search({ query: mine(), limit })) found.push(id);
      assert.deepEqual(found, made, `${limit} a page`);
    }
    const first = await at.stripe.paymentIntents.search({ query: mine() });
    assert.deepEqual([first.object, first.data.length, first.has_more], ['search_result', 10, true]);
    const last = await at.stripe.paymentIntents.search({ query: mine(), page: first.next_page ?? '' });
    assert.deepEqual([ids(last), last.has_more, last.next_page], [made.slice(10), false, null]);
  });

  it('finds charges by what they were paid with, and customers by parts of their names', async () => {
    await pay({ payment_method: 'pm_card_mastercard' });
    const { latest_charge } = await pay({ payment_method: 'pm_card_amex' });
    const { id } = await at.stripe.customers.create({ name: `Zoe ${word}`, phone: '+15551234' });
    nowMs += LAG;
    const query = mine(' AND payment_method_details.card.brand:"amex" AND refunded:false AND disputed:"false"');
    assert.deepEqual(ids(await at.stripe.charges.search({ query })), [latest_charge]);
    assert.deepEqual(ids(await at.stripe.customers.search({ query: `name~"oe ${word}" phone~"555"` })), [id]);
  });

  it('shows whole what is asked for', async () => {
    await pay();
    nowMs += LAG;
    const { data } = await at.stripe.paymentIntents.search({ query: mine(), expand: ['data.latest_charge'] });
    const charge = data[0]?.latest_charge as Stripe.Charge | undefined;
    assert.equal(charge?.object, 'charge');
  });

  it('refuses what it cannot read, a page that is none, and a limit that it has not', async () => {
    const search = (params: Partial<Stripe.PaymentIntentSearchParams>) =>
      at.stripe.paymentIntents.search({ query: mine(), ...params });
    for (const [params, param] of [
      [{ query: 'status' }, 'query'],
      [{ page: 'nonsense' }, 'page'],
      [{ page: Buffer.from('["pi_nobody"]').toString('base64url') }, 'page'],
      [{ limit: 101 }, 'limit'],
      [{ limit: 0 }, 'limit'],
      [{ starting_after: 'pi_1' } as object, 'starting_after'],
    ] as const) {
      const error = await errorOf(search(params));
      assert.deepEqual([error.statusCode, error.param], [400, param]);
    }
    const error = await errorOf(at.stripe.paymentIntents.search({} as never));
    assert.deepEqual([error.code, error.param], ['parameter_missing', 'query']);
  });

  it('does not grow without end while the clock stands still', () => {
    const lag = new SearchLag();
    for (let i = 0; i < 25_000; i += 1) lag.changed('acct', 'customers', `cus_${i}`, undefined, T0, SECOND);
    assert.ok(lag.size <= 20_000, `${lag.size}`);
    const newest = { id: 'cus_24999' } as Customer;
    assert.equal(lag.seen('acct', 'customers', newest, T0, SECOND), undefined);
  });

  it('remembers no more of the past than the lag lasts, and forgets none of it before', () => {
    const lag = new SearchLag();
    const customer = (description: string) => ({ ...newCustomer('cus_1', 1), description });
    for (let i = 0; i < 10_000; i += 1) {
      const before = i === 0 ? undefined : customer(`${i - 1}`);
      lag.changed('acct', 'customers', 'cus_1', before, T0 + i * SECOND, 5 * SECOND);
      const seen = lag.seen('acct', 'customers', customer(`${i}`), T0 + i * SECOND, 5 * SECOND);
      assert.equal(seen?.description, i < 5 ? undefined : `${i - 5}`);
      assert.ok(lag.size <= 5);
    }
  });
});
