import type { FieldError } from './errors.js';

/** Digits with the separators people write card numbers with. */
const DIGIT_RUN = /\d(?:[ .\-\u00a0\u2009\u2010-\u2015]?\d)+/g;
/** "cvc 123", "CVV: 1234", "security code=123". */
const CVC_IN_TEXT = /\b(?:cvc2?|cvv2?|cid|csc|security[ _-]?code)\b\W{0,3}\d{3,4}\b/i;
const CVC_KEY = /^(?:card[ _-]?)?(?:cvc2?|cvv2?|csc|security[ _-]?code)$/i;

/**
 * Every place in `value` that looks like a card number (13 to 19 digits passing Luhn, also written in groups) or a
 * card's check code, keys included. The messages repeat nothing, and a key that is itself the finding is masked.
 */
export function findCardData(value: unknown, path: readonly string[] = []): FieldError[] {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') {
    const message = complaintAbout(String(value));
    return message === null ? [] : [{ path: path.join('.'), message }];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (looksLikeCard(key)) return [{ path: [...path, '[masked]'].join('.'), message: CARD }];
    if (CVC_KEY.test(key)) return [{ path: [...path, key].join('.'), message: CVC }];
    return findCardData(inner, [...path, key]);
  });
}

const CARD = 'looks like a card number: Penstock takes only Stripe tokens, and keeps none of this';
const CVC = 'looks like a card check code: Penstock takes only Stripe tokens, and keeps none of this';

function complaintAbout(text: string): string | null {
  if (looksLikeCard(text)) return CARD;
  return CVC_IN_TEXT.test(text.normalize('NFKC')) ? CVC : null;
}

/** Whether some run of whole digit groups in `text` is 13 to 19 digits long and passes Luhn. */
export function looksLikeCard(text: string): boolean {
  for (const [run] of text.normalize('NFKC').matchAll(DIGIT_RUN)) {
    const groups = run.split(/\D/);
    for (let from = 0; from < groups.length; from += 1) {
      let digits = '';
      for (const group of groups.slice(from)) {
        digits += group;
        if (digits.length > 19) break;
        if (digits.length >= 13 && passesLuhn(digits)) return true;
      }
    }
  }
  return false;
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
