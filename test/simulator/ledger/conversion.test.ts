import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { changed, settlementOf } from '../../../src/simulator/ledger/settlement.js';
import { failRefund } from '../../../src/simulator/resources/refunds.js';
import { ACCOUNT, mistakesInBooks, setUp } from '../../support/account.js';
import { SEED } from '../../support/any-fact.js';
import { T0 } from '../../support/facts.js';
import { cardPayment } from '../../support/metered-gateway.js';
import { errorOf } from '../../support/refused.js';
import { Simulated } from '../../support/simulated.js';

const RATES = { eur: 1.0837, jpy: 0.6711, gbp: 1.27 };

describe('the currency that a payment arrives in', () => {
  const settlement = { currencies: ['usd', 'gbp'], rates: RATES };

  it('is its own where the account has a balance in it, and unchanged', () => {
    assert.deepEqual(settlementOf(settlement, 'gbp'), { currency: 'gbp', rate: null });
    assert.deepEqual(settlementOf({ currencies: [], rates: {} }, 'chf'), { currency: 'chf', rate: null });
    assert.equal(changed(1_001, null), 1_001);
  });

  it('is else the account’s first, at its rate, in whole minor units', () => {
    assert.deepEqual(settlementOf(settlement, 'eur'), { currency: 'usd', rate: 1.0837 });
    assert.equal(changed(1_001, 1.0837), 1_085);
  });

  it('is refused where nobody set a rate', () => {
    assert.throws(() => settlementOf(settlement, 'chf'), /settlement.rates.chf/);
  });
});

describe('a payment that has to be changed', () => {
  let at: Simulated;
  beforeEach(async () => {
    at = await Simulated.start({ now: () => T0 });
    setUp(at, { settlement: { currencies: ['usd'], rates: RATES } });
  });
  afterEach(() => at.stop());

  it('arrives changed, for 1% more, and says at which rate', async () => {
    const intent = await at.stripe.paymentIntents.create(cardPayment({ amount: 10_000, capture_method: 'automatic' }));
    const [movement] = (await at.stripe.balanceTransactions.list()).data;
    assert.deepEqual(
      [movement?.currency, movement?.amount, movement?.exchange_rate, movement?.source],
      ['usd', 10_837, RATES.eur, intent.latest_charge],
    );
    assert.equal(movement?.fee, Math.round(10_837 * 0.029) + 30 + Math.round(10_837 * 0.01));
    assert.deepEqual(
      (await at.stripe.balance.retrieve()).pending.map(({ currency }) => currency),
      ['usd'],
    );
  });

  it('is refused before anything has happened where there is no rate', async () => {
    const before = at.simulator.store.all(ACCOUNT, 'payment_intents').length;
    const error = await errorOf(at.stripe.paymentIntents.create(cardPayment({ currency: 'chf' })));
    assert.deepEqual([error.statusCode, error.param], [400, 'currency']);
    assert.equal(at.simulator.store.all(ACCOUNT, 'payment_intents').length, before);
  });

  it('goes back at the rate at which it came, whatever the rate is by then', async () => {
    const { id } = await at.stripe.paymentIntents.create(cardPayment({ amount: 999, capture_method: 'automatic' }));
    setUp(at, { settlement: { currencies: ['gbp'], rates: { eur: 2 } } });
    await at.stripe.refunds.create({ payment_intent: id });
    const [back, came] = (await at.stripe.balanceTransactions.list()).data;
    assert.deepEqual([back?.amount, back?.currency, back?.exchange_rate], [-(came?.amount ?? 0), 'usd', RATES.eur]);
  });
});

describe('what goes back of a changed payment in parts', () => {
  let at: Simulated;
  before(async () => {
    at = await Simulated.start({ now: () => T0 });
  });
  after(() => at?.stop());

  /** Some parts of a payment, as shares of what is left; of each whether its refund comes back before the next. */
  const anyParts = fc.array(
    fc.record({ share: fc.double({ min: 0.01, max: 0.9, noNaN: true }), fails: fc.boolean() }),
    {
      maxLength: 8,
    },
  );
  const anyRate = fc.double({ min: 0.003, max: 150, noNaN: true });

  it('adds up to what came, whatever its parts are, whether or not refunds failed between, and if it ends disputed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 10, max: 99_999 }),
        anyRate,
        anyParts,
        fc.boolean(),
        async (over, rate, parts, disputed) => {
          // No less than what converts to the 50 cents that are the least of dollars.
          const amount = Math.ceil(50 / rate) + over;
          setUp(at, { settlement: { currencies: ['usd'], rates: { eur: rate } } });
          const payment = cardPayment({ amount, capture_method: 'automatic' });
          const { id, latest_charge } = await at.stripe.paymentIntents.create(payment);
          let left = amount;
          for (const { share, fails } of parts) {
            const part = Math.ceil(left * share);
            if (part >= left) break;
            const { id: refund } = await at.stripe.refunds.create({ payment_intent: id, amount: part });
            if (fails) at.simulator.happen(ACCOUNT, (context) => failRefund(context, refund));
            else left -= part;
          }
          if (disputed) await at.control.dispute(id);
          else await at.stripe.refunds.create({ payment_intent: id });
          const { store } = at.simulator;
          const of = [latest_charge, ...sourcesOf(String(latest_charge))];
          const moved = store
            .all(ACCOUNT, 'balance_transactions')
            .filter(({ source }) => of.includes(source))
            .map((movement) => movement.amount);
          assert.equal(
            moved.reduce((sum, part) => sum + part, 0),
            0,
            moved.join(' '),
          );
          assert.deepEqual(mistakesInBooks(store), []);
        },
      ),
      { seed: SEED, numRuns: 60 },
    );
  });

  function sourcesOf(charge: string): string[] {
    const { store } = at.simulator;
    const rows = [...store.all(ACCOUNT, 'refunds'), ...store.all(ACCOUNT, 'disputes')];
    return rows.filter((row) => row.charge === charge).map(({ id }) => id);
  }
});
