import { written } from '../money.js';
import type { Settlement } from '../objects/account.js';
import { invalidRequest, type StripeApiError } from '../requests/errors.js';
import { changed } from './settlement.js';

/** The least that Stripe charges, in minor units (docs.stripe.com/currencies, "Minimum and maximum charge amounts"). */
const LEAST: Readonly<Record<string, number>> = {
  aed: 200,
  ars: 50,
  aud: 50,
  brl: 50,
  cad: 50,
  chf: 50,
  cop: 50,
  czk: 1_500,
  dkk: 250,
  eur: 50,
  gbp: 30,
  hkd: 400,
  huf: 17_500,
  idr: 50,
  ils: 50,
  inr: 50,
  jpy: 50,
  krw: 50,
  mxn: 1_000,
  myr: 200,
  nok: 300,
  nzd: 50,
  php: 50,
  pln: 200,
  ron: 200,
  rub: 50,
  sek: 300,
  sgd: 50,
  thb: 1_000,
  usd: 50,
  zar: 50,
};

/**
 * Why so little cannot be charged; undefined where it can. Where money is changed, what it is changed into decides, as at
 * Stripe: "Amount must convert to at least 50 cents. ¥5 converts to approximately $0.03."
 * (github.com/opencollective/opencollective-api/pull/10662). Of a currency that is not in its table Stripe says nothing: any
 * amount is enough here. Captures and refunds of less are taken.
 */
export function tooLittle(settlement: Settlement, amount: number, currency: string): StripeApiError | undefined {
  const { currencies, rates } = settlement;
  const [into] = currencies;
  const rate = into === undefined || currencies.includes(currency) ? undefined : rates[currency];
  if (into !== undefined && rate !== undefined) {
    const arriving = changed(amount, rate);
    const least = LEAST[into] ?? 0;
    if (arriving >= least) return undefined;
    return refusal(
      `Amount must convert to at least ${written(least, into)}. ${written(amount, currency)} converts to approximately ` +
        `${written(arriving, into)}.`,
    );
  }
  const least = LEAST[currency] ?? 0;
  return amount >= least ? undefined : refusal(`Amount must be at least ${written(least, currency)} ${currency}`);
}

function refusal(message: string): StripeApiError {
  return invalidRequest(message, 'amount_too_small', 'amount');
}
