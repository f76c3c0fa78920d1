/** Money is an integer in minor units with its currency, never a float. */

/** The largest amount Stripe takes for most currencies: eight digits of minor units. */
export const MAX_AMOUNT = 99_999_999;

/**
 * Currencies Stripe can charge, as listed in its documentation ("Supported currencies", presentment). Lower case, as
 * Stripe spells them. Which of them an account takes is that account's configuration.
 */
const STRIPE_CURRENCIES: ReadonlySet<string> = new Set(
  (
    'usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp ' +
    'cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr ' +
    'isk jmd jpy kes kgs khr kmf krw kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn ' +
    'nad ngn nio nok npr nzd pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std ' +
    'szl thb tjs top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw bhd jod kwd omr tnd'
  ).split(' '),
);

/** Whether `code` is a lower-case currency code Stripe can charge. */
export function isCurrency(code: string): boolean {
  return STRIPE_CURRENCIES.has(code);
}

/** Whether `amount` is a chargeable number of minor units: a positive integer of at most eight digits. */
export function isAmount(amount: number): boolean {
  return Number.isInteger(amount) && amount >= 1 && amount <= MAX_AMOUNT;
}
