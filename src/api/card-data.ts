import { looksLikeCard } from '../domain/card-numbers.js';
import type { FieldError } from './errors.js';

const CVC_WORD = '(?:cvc2?|cvv2?|csc|security[ _-]?code)';
/** "cvc 123", "CVV: 1234", "security code=123". */
const CVC_IN_TEXT = new RegExp(`(?<![a-z])${CVC_WORD}\\W{0,3}\\d{3,4}(?!\\d)`, 'i');
const CVC_KEY = new RegExp(`^(?:card[ _-]?)?${CVC_WORD}(?:[ _-]?(?:code|number|value))?$`, 'i');

const CARD = 'looks like a card number: Penstock takes only Stripe tokens, and keeps none of this';
const CVC = 'looks like a card check code: Penstock takes only Stripe tokens, and keeps none of this';
const MASKED = '[masked]';

/** No request is nested more deeply than this. */
const DEEPEST = 8;

/**
 * Every place in `value` that looks like a card number or a card's check code, keys included. The messages repeat
 * nothing, and a key that is itself the finding is masked.
 */
export function findCardData(value: unknown, path: readonly string[] = []): FieldError[] {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') {
    const message = complaintAbout(String(value));
    return message === null ? [] : [{ path: path.join('.'), message }];
  }
  if (typeof value !== 'object' || value === null) return [];
  if (path.length >= DEEPEST) return [{ path: path.join('.'), message: 'nested too deeply' }];
  return Object.entries(value).flatMap(([key, inner]) => {
    const message = complaintAbout(key);
    if (message !== null) return [{ path: [...path, MASKED].join('.'), message }];
    if (CVC_KEY.test(key)) return [{ path: [...path, key].join('.'), message: CVC }];
    return findCardData(inner, [...path, key]);
  });
}

/** Whether `text` must not be repeated to anybody. */
export function isCardData(text: string): boolean {
  return complaintAbout(text) !== null;
}

function complaintAbout(text: string): string | null {
  if (looksLikeCard(text)) return CARD;
  return CVC_IN_TEXT.test(text.normalize('NFKC')) ? CVC : null;
}
