import fc from 'fast-check';

/** The digits with the one behind them that makes them pass Luhn: the one place where a sum modulo ten can be mended. */
export function withCheckDigit(digits: string): string {
  const last = [...'0123456789'].find((digit) => luhnSum(digits + digit) % 10 === 0);
  return digits + last;
}

/** The sum that is a multiple of ten for a card number (ISO/IEC 7812-1, annex B). */
export function luhnSum(digits: string): number {
  return [...digits].reverse().reduce((sum, digit, i) => {
    const value = Number(digit) * (i % 2 === 1 ? 2 : 1);
    return sum + Math.floor(value / 10) + (value % 10);
  }, 0);
}

export const anyDigits = (min: number, max: number) =>
  fc.stringMatching(new RegExp(`^[1-9][0-9]{${min - 1},${max - 1}}$`));

/** 13 to 19 digits that begin as card numbers do and pass Luhn. */
export const anyCard = fc
  .tuple(fc.constantFrom('3', '4', '5', '6', '22', '27'), fc.stringMatching(/^[0-9]{11,16}$/))
  .map(([issuer, rest]) => withCheckDigit(issuer + rest));
