/** ISO 4217, as Stripe spells it. */
export const CURRENCIES: ReadonlySet<string> = new Set(
  Intl.supportedValuesOf('currency').map((code) => code.toLowerCase()),
);

/** An amount in minor units as people write it: `$40.00`, `¥500`. */
export function written(amount: number, currency: string): string {
  const format = new Intl.NumberFormat('en-US', { style: 'currency', currency: currency.toUpperCase() });
  return format.format(amount / 10 ** digitsOf(currency));
}

/** An amount in minor units as a number of major ones: `40.00`, `500`. */
export function inMajorUnits(amount: number, currency: string): string {
  return (amount / 10 ** digitsOf(currency)).toFixed(digitsOf(currency));
}

const DIGITS = new Map<string, number>();

function digitsOf(currency: string): number {
  const known = DIGITS.get(currency);
  if (known !== undefined) return known;
  const digits = digitsBy(currency);
  DIGITS.set(currency, digits);
  return digits;
}

/** Dear: a report asks for it a thousand times. */
function digitsBy(currency: string): number {
  const format = new Intl.NumberFormat('en-US', { style: 'currency', currency: currency.toUpperCase() });
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}
