/**
 * What looks like a card number: 13 to 19 digits passing Luhn, also written in groups, in full-width or other scripts'
 * digits. Used where input is refused and where logs are redacted, so that the two never disagree.
 */

/** Digits with what people put between groups of them: up to two of these. */
const DIGIT_RUN = /\d(?:[\s._/\u200b-\u200d\u2060\u2010-\u2015-]{0,2}\d)+/g;
const SEPARATORS = /\D+/;

/**
 * How numbers of payment cards begin (ISO/IEC 7812: 3 to 6, and Mastercard's 22 to 27). Asked of digits in groups only:
 * dates and counters come in groups too, and one in ten of them passes Luhn. Digits in one piece are always suspect.
 */
const ISSUER = /^(?:[3-6]|2[2-7])/;

/** Whether some run of whole digit groups in `text` is 13 to 19 digits long and passes Luhn. */
export function looksLikeCard(text: string): boolean {
  // Compatibility forms fold full-width digits; they also fold what is no digit of a number (①), so both are read.
  return [text, text.normalize('NFKC')].some((form) => cardRunsOf(asciiDigits(form)).length > 0);
}

/** The text with every digit of a card-like run replaced. */
export function maskCards(text: string): string {
  const ascii = asciiDigits(text);
  let masked = ascii;
  for (const run of cardRunsOf(ascii)) masked = masked.replace(run, '[digits]');
  if (masked !== ascii) return masked;
  return looksLikeCard(text) ? '[text with digits removed]' : text;
}

function cardRunsOf(text: string): string[] {
  return [...text.matchAll(DIGIT_RUN)].map(([run]) => run).filter((run) => holdsCard(run.split(SEPARATORS)));
}

function holdsCard(groups: readonly string[]): boolean {
  for (let from = 0; from < groups.length; from += 1) {
    let digits = '';
    // At most 19 digits are looked at from each group, so the work grows with the text and no faster.
    for (let to = from; to < groups.length; to += 1) {
      digits += groups[to];
      if (digits.length > 19) break;
      const plausible = to === from || ISSUER.test(digits);
      if (digits.length >= 13 && plausible && passesLuhn(digits)) return true;
    }
  }
  return false;
}

/** Decimal digits of every script as ASCII ones. Unicode keeps each script's ten digits together, zero first. */
function asciiDigits(text: string): string {
  return text.replace(/(?![0-9])\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0;
    let value = 0;
    while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value += 1;
    return String(value);
  });
}

/** ISO/IEC 7812-1, annex B. */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
