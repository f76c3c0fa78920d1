import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { NEW_ACCOUNT } from '../../src/simulator/account.js';
import { HOUR, T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { errorOf } from '../support/refused.js';
import { Simulated } from '../support/simulated.js';

const DAY = 24 * HOUR;
const { id: _, ...AS_NEW } = NEW_ACCOUNT;
const EUROS = { currencies: ['eur'], rates: { usd: 0.9 } };

describe('how an account is set up', () => {
  let folder: string;
  let stripe: Simulated;
  const open = async () => {
    stripe = await Simulated.start({ folder, now: () => T0 });
  };
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'penstock-account-'));
    await open();
  });
  afterEach(async () => {
    assert.deepEqual(await stripe.control.read('audit'), { violations: [] });
    await stripe.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const set = (settings: object) => stripe.control.account(SIMULATOR_KEY, settings);
  const read = (key = SIMULATOR_KEY) => stripe.control.read(`account?key=${key}`);
  const clear = () => fetch(`${stripe.base}/_simulator/account?key=${SIMULATOR_KEY}`, { method: 'DELETE' });
  async function movement(currency: string): Promise<Stripe.BalanceTransaction> {
    const { id } = await stripe.stripe.paymentIntents.create(cardPayment({ currency, capture_method: 'automatic' }));
    const intent = await stripe.stripe.paymentIntents.retrieve(id, { expand: ['latest_charge.balance_transaction'] });
    return (intent.latest_charge as Stripe.Charge).balance_transaction as Stripe.BalanceTransaction;
  }

  it('is as with a new account where nothing was said', async () => {
    assert.deepEqual(await read(), AS_NEW);
    assert.deepEqual(await set({ country: 'DE', payouts: { delay_days: 7 } }), {
      ...AS_NEW,
      country: 'DE',
      payouts: { ...AS_NEW.payouts, delay_days: 7 },
    });
    // What was said before and is left out now is as with a new one.
    assert.deepEqual(await set({ report_takes_ms: 1 }), { ...AS_NEW, report_takes_ms: 1 });
    assert.equal((await clear()).status, 200);
    assert.deepEqual(await read(), AS_NEW);
  });

  it('concerns that account alone, and outlives a restart', async () => {
    const set_ = await set({ country: 'DE', settlement: EUROS });
    await stripe.stop();
    await open();
    assert.deepEqual(await read(), set_);
    assert.deepEqual(await read('sk_test_another'), AS_NEW);
    // To look at an account opens none.
    const { accounts } = (await stripe.control.read('')) as { accounts: unknown[] };
    assert.equal(accounts.length, 1);
  });

  it('decides what payments cost and in which currency they come', async () => {
    await set({ settlement: EUROS, fees: { payments: [{ bps: 1_000, fixed: 7 }], conversion_bps: 0 } });
    const { amount, fee, currency, exchange_rate } = await movement('usd');
    assert.deepEqual([amount, fee, currency, exchange_rate], [3_780, 385, 'eur', 0.9]);
    await clear();
    const after = await movement('usd');
    assert.deepEqual([after.amount, after.fee, after.currency], [4_200, 152, 'usd']);
  });

  it('refuses a payment in a currency that it has neither a balance of nor a rate for', async () => {
    await set({ settlement: EUROS });
    for (const changes of [{}, { capture_method: 'manual' as const }]) {
      const error = await errorOf(stripe.stripe.paymentIntents.create(cardPayment({ currency: 'gbp', ...changes })));
      assert.deepEqual([error.statusCode, error.param], [400, 'currency']);
      assert.match(error.message, /settlement\.rates\.gbp/);
    }
  });

  for (const [what, begin, underWay] of [
    ['was authorised', () => stripe.stripe.paymentIntents.create(cardPayment({ capture_method: 'manual' })), 'eur'],
    ['is to be settled', () => stripe.stripe.paymentIntents.create(cardPayment()), 'eur'],
    [
      'a bank decides on',
      () =>
        stripe.stripe.paymentIntents.create(
          cardPayment({ payment_method: 'pm_usBankAccount_success', currency: 'usd' }),
        ),
      'usd',
    ],
  ] as const) {
    it(`leaves no money behind that ${what}: its currency needs a rate`, async () => {
      const { id } = await begin();
      const before = await read();
      const wanted = { settlement: { currencies: ['gbp'] } };
      await assert.rejects(set(wanted), new RegExp(`settlement\\.rates\\.${underWay}: needed`));
      assert.deepEqual(await read(), before);
      await set({ settlement: { currencies: ['gbp'], rates: { [underWay]: 0.8 } } });
      assert.ok((await stripe.stripe.paymentIntents.retrieve(id)).id);
    });
  }

  it('asks for no rate of what was let go, or has come', async () => {
    const { id } = await stripe.stripe.paymentIntents.create(cardPayment({ capture_method: 'manual' }));
    await stripe.stripe.paymentIntents.cancel(id);
    await movement('usd');
    await set({ settlement: { currencies: ['gbp'] } });
  });

  it('pays out daily from the change on, or no more', async () => {
    const payouts = async () => (await stripe.stripe.payouts.list()).data.length;
    await set({ payouts: { interval: 'manual', delay_days: 0 } });
    await movement('usd');
    await stripe.control.advance(3 * DAY);
    assert.equal(await payouts(), 0);
    await set({ payouts: { interval: 'daily', delay_days: 0 } });
    await stripe.control.advance(DAY);
    assert.equal(await payouts(), 1);
    await movement('usd');
    await set({ payouts: { interval: 'manual', delay_days: 0 } });
    await stripe.control.advance(DAY);
    assert.equal(await payouts(), 1);
    // As a new account does.
    await clear();
    await stripe.control.advance(DAY);
    assert.equal(await payouts(), 2);
  });
});
