import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NEW_ACCOUNT } from '../../../src/simulator/account.js';
import { disputeFee, type Priced, paymentFee } from '../../../src/simulator/ledger/fees.js';
import type { Account } from '../../../src/simulator/objects/account.js';

const CARD: Priced = { amount: 10_000, currency: 'usd', method: 'card', country: 'US', converted: false };
const ACH: Priced = { ...CARD, method: 'us_bank_account' };
const SEPA: Priced = { ...CARD, currency: 'eur', method: 'sepa_debit', country: 'DE' };

/** An account in Germany, by the prices there (stripe.com/de/pricing). */
const GERMAN: Pick<Account, 'country' | 'fees'> = {
  country: 'DE',
  fees: {
    payments: [
      { method: 'card', countries: ['DE', 'FR', 'NL'], currencies: ['eur'], bps: 150, fixed: 25 },
      { method: 'card', countries: ['GB'], bps: 250, fixed: 25 },
      { method: 'card', bps: 325, fixed: 25 },
    ],
    conversion_bps: 200,
    dispute: { eur: 2_000 },
  },
};

type Row = readonly [what: string, account: Pick<Account, 'country' | 'fees'>, priced: Priced, fee: number];

const ROWS: readonly Row[] = [
  ['a domestic card: 2.9% + 30', NEW_ACCOUNT, CARD, 320],
  ['an international card: 1.5% more', NEW_ACCOUNT, { ...CARD, country: 'DE' }, 470],
  ['what has to be changed: 1% more', NEW_ACCOUNT, { ...CARD, converted: true }, 420],
  ['an international card, changed', NEW_ACCOUNT, { ...CARD, country: 'DE', converted: true }, 570],
  ['a cent: no less than the fixed part', NEW_ACCOUNT, { ...CARD, amount: 1 }, 30],
  ['half a cent of share: to the next', NEW_ACCOUNT, { ...CARD, amount: 50 }, 31],
  ['ACH: 0.8%', NEW_ACCOUNT, ACH, 80],
  ['ACH just below its cap', NEW_ACCOUNT, { ...ACH, amount: 62_499 }, 500],
  ['ACH: 5 dollars at most', NEW_ACCOUNT, { ...ACH, amount: 1_000_000 }, 500],
  ['SEPA debit: 35 cents, whatever the amount', NEW_ACCOUNT, { ...SEPA, amount: 1_000_000 }, 35],
  ['a card of one of the countries, in the currency', GERMAN, { ...CARD, currency: 'eur', country: 'FR' }, 175],
  ['a card of one of the countries, in another currency', GERMAN, { ...CARD, country: 'FR' }, 350],
  ['a card of another country that has a price', GERMAN, { ...CARD, country: 'GB' }, 275],
  ['any other card: the first price that fits', GERMAN, { ...CARD, country: 'US' }, 350],
  ['a method that no price fits: nothing', GERMAN, SEPA, 0],
  ['a method that no price fits, changed: the changing', GERMAN, { ...SEPA, converted: true }, 200],
];

describe('what Stripe keeps of a payment', () => {
  for (const [what, account, priced, fee] of ROWS) {
    it(`of ${what}`, () => assert.equal(paymentFee(account, priced), fee));
  }
});

describe('what Stripe keeps for a dispute', () => {
  for (const [currency, fee] of [
    ['usd', 1_500],
    ['eur', 2_000],
    ['jpy', 1_500],
  ] as const) {
    it(`is ${fee} in ${currency}`, () => assert.equal(disputeFee(NEW_ACCOUNT.fees, currency), fee));
  }

  it('is nothing where nothing was agreed', () => assert.equal(disputeFee(GERMAN.fees, 'usd'), 0));
});
