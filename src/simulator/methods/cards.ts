import { digest } from '../ids.js';
import type { CardDetails } from '../objects/payment-method.js';
import { type Behaviour, declines } from './behaviours.js';

const DECLINED = 'Your card was declined.';

/** Stripe's test cards (docs.stripe.com/testing) and what they do. */
const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  pm_card_visa: { kind: 'pays' },
  pm_card_visa_debit: { kind: 'pays' },
  pm_card_mastercard: { kind: 'pays' },
  pm_card_amex: { kind: 'pays' },
  pm_card_bypassPending: { kind: 'pays', availableAtOnce: true },
  pm_card_authenticationRequired: { kind: 'authenticates', ends: { kind: 'pays' } },
  pm_card_threeDSecure2Required: { kind: 'authenticates', ends: { kind: 'pays' } },
  pm_card_threeDSecureRequiredChargeDeclined: {
    kind: 'authenticates',
    ends: declines('card_declined', 'generic_decline', DECLINED),
  },
  pm_card_pendingRefund: { kind: 'pays', sequel: 'refund_pending' },
  pm_card_refundFail: { kind: 'pays', sequel: 'refund_fails' },
  pm_card_createDispute: { kind: 'pays', sequel: 'dispute' },
  pm_card_createDisputeInquiry: { kind: 'pays', sequel: 'inquiry' },
  pm_card_chargeDeclined: declines('card_declined', 'generic_decline', DECLINED),
  pm_card_visa_chargeDeclined: declines('card_declined', 'generic_decline', DECLINED),
  pm_card_visa_chargeDeclinedInsufficientFunds: declines(
    'card_declined',
    'insufficient_funds',
    'Your card has insufficient funds.',
  ),
  pm_card_visa_chargeDeclinedLostCard: declines('card_declined', 'lost_card', DECLINED),
  pm_card_visa_chargeDeclinedStolenCard: declines('card_declined', 'stolen_card', DECLINED),
  pm_card_visa_chargeDeclinedVelocityLimitExceeded: declines('card_declined', 'card_velocity_exceeded', DECLINED),
  pm_card_chargeDeclinedExpiredCard: declines('expired_card', null, 'Your card has expired.'),
  pm_card_chargeDeclinedIncorrectCvc: declines('incorrect_cvc', null, "Your card's security code is incorrect."),
  pm_card_chargeDeclinedProcessingError: declines(
    'processing_error',
    null,
    'An error occurred while processing your card. Try again in a little bit.',
  ),
  pm_card_chargeCustomerFail: declines('card_declined', 'generic_decline', DECLINED),
  pm_card_radarBlock: { ...declines('card_declined', 'fraudulent', DECLINED), blocked: true },
};

export const TEST_CARDS: readonly string[] = [...Object.keys(BEHAVIOURS), 'pm_card_de', 'pm_card_br'];

/** `pm_card_<country>`: a card of that country that pays, of the countries that Stripe has one of (docs.stripe.com/testing). */
const COUNTRY_CARD = /^pm_card_([a-z]{2})$/;
const CARD_COUNTRIES: ReadonlySet<string> = new Set(
  (
    'us ar br ca cl co cr ec mx pa py pe uy ae at be bg by hr cy cz dk ee fi fr de gi gr hu ie it lv li lt lu mt nl no pl ' +
    'pt ro si sk es se ch gb au cn hk in jp my nz sg tw'
  ).split(' '),
);

export function cardBehaviour(token: string): Behaviour | undefined {
  if (Object.hasOwn(BEHAVIOURS, token)) return BEHAVIOURS[token];
  const country = COUNTRY_CARD.exec(token)?.[1] ?? '';
  return CARD_COUNTRIES.has(country) ? { kind: 'pays' } : undefined;
}

export function cardDetails(token: string): CardDetails {
  const country = COUNTRY_CARD.exec(token)?.[1]?.toUpperCase() ?? 'US';
  const brand = token.includes('mastercard') ? 'mastercard' : token.includes('amex') ? 'amex' : 'visa';
  return {
    brand,
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: null },
    country,
    display_brand: brand === 'amex' ? 'american_express' : brand,
    exp_month: 12,
    exp_year: 2034,
    // The same card has the same one, whatever it is called.
    fingerprint: digest(`card/${token}`).slice(0, 16),
    funding: token.includes('debit') ? 'debit' : 'credit',
    generated_from: null,
    last4: '4242',
    networks: { available: [brand], preferred: null },
    regulated_status: null,
    three_d_secure_usage: { supported: true },
    wallet: null,
  };
}
