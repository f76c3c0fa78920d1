/** Decimal places of the currencies that have not two (docs.stripe.com/currencies). */
const NONE = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '));
const THREE = new Set('bhd jod kwd omr tnd'.split(' '));

/**
 * An amount as a report writes it, in major units (`-12.30`), in minor units and exactly; null for what is no amount of that
 * currency.
 */
export function toMinorUnits(text: string, currency: string): number | null {
  const digits = NONE.has(currency) ? 0 : THREE.has(currency) ? 3 : 2;
  const parts = /^(-?)(\d{1,12})(?:\.(\d{1,4}))?$/.exec(text);
  if (parts === null) return null;
  const [, sign = '', whole = '0', fraction = ''] = parts;
  if (/[^0]/.test(fraction.slice(digits))) return null;
  const minor = Number(whole + fraction.slice(0, digits).padEnd(digits, '0'));
  return sign === '-' && minor !== 0 ? -minor : minor;
}
