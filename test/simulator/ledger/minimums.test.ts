import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { tooLittle } from '../../../src/simulator/ledger/minimums.js';
import { errorOf } from '../../support/refused.js';
import { Simulated } from '../../support/simulated.js';

const EACH_ITS_OWN = { currencies: [], rates: {} };
const INTO_DOLLARS = { currencies: ['usd', 'gbp'], rates: { jpy: 0.65, eur: 1.1, huf: 0.0028 } };

let at: Simulated;
before(async () => {
  at = await Simulated.start();
});
after(() => at?.stop());

describe('the least that can be charged', () => {
  for (const [currency, least, message] of [
    ['usd', 50, 'Amount must be at least $0.50 usd'],
    ['gbp', 30, 'Amount must be at least £0.30 gbp'],
    ['jpy', 50, 'Amount must be at least ¥50 jpy'],
    ['mxn', 1_000, 'Amount must be at least MX$10.00 mxn'],
  ] as const) {
    it(`is ${least} of ${currency}, and not one less`, () => {
      assert.equal(tooLittle(EACH_ITS_OWN, least, currency), undefined);
      const { code, param, ...body } = tooLittle(EACH_ITS_OWN, least - 1, currency)?.body ?? { message: '' };
      assert.deepEqual([code, param, body.message], ['amount_too_small', 'amount', message]);
    });
  }

  it('is one, of a currency that Stripe’s table does not have', () => {
    assert.equal(tooLittle(EACH_ITS_OWN, 1, 'isk'), undefined);
  });

  it('is judged by what the money is changed into', () => {
    assert.equal(tooLittle(INTO_DOLLARS, 77, 'jpy'), undefined);
    assert.equal(
      tooLittle(INTO_DOLLARS, 5, 'jpy')?.body.message,
      'Amount must convert to at least $0.50. ¥5 converts to approximately $0.03.',
    );
    assert.equal(tooLittle(INTO_DOLLARS, 46, 'eur'), undefined, 'less than 50, and worth more');
    assert.equal(tooLittle(INTO_DOLLARS, 30, 'gbp'), undefined, 'which has a balance of its own');
  });

  it('is asked of an intent that is made, and of one that is changed, which stays as it was', async () => {
    const { paymentIntents } = at.stripe;
    const error = await errorOf(paymentIntents.create({ amount: 49, currency: 'usd' }));
    assert.deepEqual([error.statusCode, error.code, error.param], [400, 'amount_too_small', 'amount']);
    const { id } = await paymentIntents.create({ amount: 50, currency: 'usd' });
    for (const change of [{ amount: 49 }, { currency: 'mxn' }, { amount: 999, currency: 'mxn' }]) {
      assert.equal((await errorOf(paymentIntents.update(id, change))).code, 'amount_too_small');
    }
    const { amount, currency } = await paymentIntents.retrieve(id);
    assert.deepEqual([amount, currency], [50, 'usd']);
    assert.equal((await paymentIntents.update(id, { amount: 1_000, currency: 'mxn' })).currency, 'mxn');
  });

  it('is not asked of a capture or a refund', async () => {
    const { paymentIntents, refunds } = at.stripe;
    const { id } = await paymentIntents.create({
      amount: 50,
      currency: 'usd',
      capture_method: 'manual',
      payment_method: 'pm_card_visa',
      confirm: true,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    });
    assert.equal((await paymentIntents.capture(id, { amount_to_capture: 2 })).amount_received, 2);
    assert.equal((await refunds.create({ payment_intent: id, amount: 1 })).status, 'succeeded');
  });
});
