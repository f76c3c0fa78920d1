/**
 * Currencies that Stripe charges (docs.stripe.com/currencies, presentment). A list and no question to `Intl`: that has
 * others, and other digits (of CLDR's display), by the version of Node that runs.
 */
const TWO_DECIMALS =
  'usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop crc ' +
  'cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr isk jmd kes kgs khr kyd ' +
  'kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr ' +
  'pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah ugx uyu uzs wst xcd ' +
  'xcg yer zar zmw';

/** ISK and UGX have no decimals and are written with two all the same, "for backwards compatibility". */
const NO_DECIMALS = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf';
const THREE_DECIMALS = 'bhd jod kwd omr tnd';

const DIGITS: ReadonlyMap<string, number> = new Map(
  [NO_DECIMALS, TWO_DECIMALS, THREE_DECIMALS].flatMap((codes, at) =>
    codes.split(' ').map((code) => [code, [0, 2, 3][at] ?? 2] as const),
  ),
);

/** As Stripe spells them, in small letters. */
export const CURRENCIES: ReadonlySet<string> = new Set(DIGITS.keys());

/** An amount in minor units as people write it: `$40.00`, `¥500`. */
export function written(amount: number, currency: string): string {
  const digits = digitsOf(currency);
  const format = new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency: currency.toUpperCase(),
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return format.format(amount / 10 ** digits);
}

/** An amount in minor units as a number of major ones: `40.00`, `500`. */
export function inMajorUnits(amount: number, currency: string): string {
  return (amount / 10 ** digitsOf(currency)).toFixed(digitsOf(currency));
}

function digitsOf(currency: string): number {
  return DIGITS.get(currency) ?? 2;
}
