import type { ChargedCard, PaymentMethodDetails } from '../objects/charge.js';
import type { MethodType, PaymentMethod } from '../objects/payment-method.js';
import { NO_BILLING } from '../objects/shared.js';
import type { Behaviour, Sequel } from './behaviours.js';
import { cardBehaviour, cardDetails, TEST_CARDS } from './cards.js';
import { sepaBehaviour, sepaDebit, TEST_ACCOUNTS, usBankAccount, usBehaviour } from './debits.js';

/** Every token that a test method can be made from; of cards of another country two of many. */
export const TEST_METHODS: readonly string[] = [...TEST_CARDS, ...TEST_ACCOUNTS];

/** How the test payment method behaves; undefined when Stripe knows none of that name. */
export function behaviourOf(token: string): Behaviour | undefined {
  return cardBehaviour(token) ?? usBehaviour(token) ?? sepaBehaviour(token);
}

/** What it does once everybody was asked and has answered. */
function endOf({ token }: Pick<PaymentMethod, 'token'>): Behaviour | undefined {
  const behaviour = behaviourOf(token);
  return behaviour?.kind === 'debits' || behaviour?.kind === 'authenticates' ? behaviour.ends : behaviour;
}

/** What comes of the money it pays, later. */
export function sequelOf(method: Pick<PaymentMethod, 'token'>): Sequel | undefined {
  const end = endOf(method);
  return end?.kind === 'pays' ? end.sequel : undefined;
}

/** What it pays can be paid out at once. */
export function isAvailableAtOnce(method: Pick<PaymentMethod, 'token'>): boolean {
  const end = endOf(method);
  return end?.kind === 'pays' && end.availableAtOnce === true;
}

/** A test token makes a new payment method each time it is used, as at Stripe. */
export function methodFrom(token: string, id: string, createdSeconds: number): PaymentMethod {
  return {
    id,
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: NO_BILLING,
    created: createdSeconds,
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
    ...ownPart(token),
    token,
  };
}

function ownPart(token: string): Pick<PaymentMethod, 'type' | MethodType> {
  if (usBehaviour(token) !== undefined) return { type: 'us_bank_account', us_bank_account: usBankAccount(token) };
  if (sepaBehaviour(token) !== undefined) return { type: 'sepa_debit', sepa_debit: sepaDebit(token) };
  return { type: 'card', card: cardDetails(token) };
}

/** Where the card or the account is, ISO 3166. */
export function countryOf({ card, sepa_debit }: PaymentMethod): string {
  return card?.country ?? sepa_debit?.country ?? 'US';
}

/** The method's own part, as a charge of `amount` shows it. */
export function detailsFor(method: PaymentMethod, amount: number): PaymentMethodDetails {
  const { type, us_bank_account, sepa_debit } = method;
  if (us_bank_account !== undefined) {
    const { account_holder_type, account_type, bank_name, fingerprint, last4, routing_number } = us_bank_account;
    const account = { account_holder_type, account_type, bank_name, fingerprint, last4, routing_number };
    return { type, us_bank_account: { ...account, payment_reference: null } };
  }
  if (sepa_debit !== undefined) {
    const { generated_from: _, ...account } = sepa_debit;
    return { type, sepa_debit: { ...account, mandate: null } };
  }
  return { type, card: chargedCard(method, amount) };
}

function chargedCard({ card, token }: PaymentMethod, amount: number): ChargedCard {
  const { brand, checks, country, exp_month, exp_year, fingerprint, funding, last4 } = card ?? cardDetails(token);
  return {
    amount_authorized: amount,
    authorization_code: null,
    brand,
    checks,
    country,
    exp_month,
    exp_year,
    extended_authorization: { status: 'disabled' },
    fingerprint,
    funding,
    incremental_authorization: { status: 'unavailable' },
    installments: null,
    last4,
    mandate: null,
    multicapture: { status: 'unavailable' },
    network: brand,
    network_token: { used: false },
    network_transaction_id: null,
    overcapture: { maximum_amount_capturable: amount, status: 'unavailable' },
    regulated_status: null,
    three_d_secure: null,
    wallet: null,
  };
}

/** Bank debits take their own currency alone, and nothing can be held on an account for later. */
export function typesFor(currency: string, captureMethod: string): MethodType[] {
  if (captureMethod === 'manual') return ['card'];
  if (currency === 'usd') return ['card', 'us_bank_account'];
  if (currency === 'eur') return ['card', 'sepa_debit'];
  return ['card'];
}
