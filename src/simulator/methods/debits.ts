import { isCountry } from '../countries.js';
import { digest } from '../ids.js';
import type { SepaDebit, UsBankAccount } from '../objects/payment-method.js';
import { DAY_MS } from '../time/durations.js';
import { type Behaviour, type Decline, declines, type Pays } from './behaviours.js';

/**
 * How long a bank debit is under way. Stripe counts business days, the simulator's clock knows only days:
 * - `ach`: "up to 4 business days to receive acknowledgement" (docs.stripe.com/payments/ach-direct-debit);
 * - `sepa`: "typically 5 business days" (docs.stripe.com/payments/sepa-debit/accept-a-payment);
 * - `sepaDelayed`: "up to 14 business days" (Stripe's SEPA sample), for the tokens that Stripe's test mode delays.
 */
const UNDER_WAY_MS = { ach: 4 * DAY_MS, sepa: 5 * DAY_MS, sepaDelayed: 14 * DAY_MS } as const;

const PAYS: Pays = { kind: 'pays' };
const ACCOUNT_CLOSED = declines('account_closed', null, "The customer's bank account has been closed.");
const NO_ACCOUNT = declines('no_account', null, 'The bank account could not be located.');
const INSUFFICIENT_FUNDS = declines(
  'insufficient_funds',
  null,
  "The customer's account has insufficient funds to cover this payment.",
);
const NOT_AUTHORIZED = declines(
  'debit_not_authorized',
  null,
  'The customer has notified their bank that this payment was unauthorized.',
);
/** Stripe documents that these payments fail, and not with which code: this is its code for any failed attempt. */
export const DEBIT_FAILED = declines('payment_intent_payment_attempt_failed', null, 'The payment attempt failed.');
const OVER_VOLUME = declines(
  'charge_exceeds_source_limit',
  null,
  'This charge would cause you to exceed your rolling-window processing limit for this source type.',
);
const OVER_WEEK = declines(
  'charge_exceeds_weekly_limit',
  null,
  'This charge would cause you to exceed your weekly limit for this payment method.',
);

/** US bank accounts (docs.stripe.com/testing, "Test account numbers"). */
const US: Readonly<Record<string, Pays | Decline>> = {
  pm_usBankAccount_success: PAYS,
  pm_usBankAccount_accountClosed: ACCOUNT_CLOSED,
  pm_usBankAccount_noAccount: NO_ACCOUNT,
  pm_usBankAccount_insufficientFunds: INSUFFICIENT_FUNDS,
  pm_usBankAccount_debitNotAuthorized: NOT_AUTHORIZED,
};

/** Stays in processing for ever. */
const US_PROCESSING = 'pm_usBankAccount_processing';

/** SEPA accounts (docs.stripe.com/testing, "SEPA Direct Debit"): `pm_sepaDebit_<scenario>_<country>`. */
const SEPA: Readonly<Record<string, Pays | Decline>> = {
  success: PAYS,
  successDelayed: PAYS,
  failed: DEBIT_FAILED,
  failedDelayed: DEBIT_FAILED,
  disputed: { kind: 'pays', sequel: 'dispute' },
  insufficientFunds: INSUFFICIENT_FUNDS,
  exceedsWeeklyVolumeLimit: OVER_VOLUME,
  exceedsWeeklyTransactionLimit: OVER_WEEK,
};
const SEPA_TOKEN = /^pm_sepaDebit_([A-Za-z]+)_([a-z]{2})$/;

export const TEST_ACCOUNTS: readonly string[] = [
  ...Object.keys(US),
  US_PROCESSING,
  ...Object.keys(SEPA).map((scenario) => `pm_sepaDebit_${scenario}_de`),
];

export function usBehaviour(token: string): Behaviour | undefined {
  if (token === US_PROCESSING) return { kind: 'debits', decidedAfterMs: null, ends: PAYS };
  const ends = Object.hasOwn(US, token) ? US[token] : undefined;
  return ends === undefined ? undefined : { kind: 'debits', decidedAfterMs: UNDER_WAY_MS.ach, ends };
}

export function sepaBehaviour(token: string): Behaviour | undefined {
  const [, scenario = '', country = ''] = SEPA_TOKEN.exec(token) ?? [];
  if (!isCountry(country.toUpperCase())) return undefined;
  const ends = Object.hasOwn(SEPA, scenario) ? SEPA[scenario] : undefined;
  if (ends === undefined) return undefined;
  const decidedAfterMs = scenario.endsWith('Delayed') ? UNDER_WAY_MS.sepaDelayed : UNDER_WAY_MS.sepa;
  return { kind: 'debits', decidedAfterMs, ends };
}

export function usBankAccount(token: string): UsBankAccount {
  return {
    account_holder_type: 'individual',
    account_type: 'checking',
    bank_name: 'STRIPE TEST BANK',
    financial_connections_account: null,
    fingerprint: digest(`account/${token}`).slice(0, 16),
    last4: '6789',
    networks: { preferred: 'ach', supported: ['ach'] },
    routing_number: '110000000',
    status_details: null,
  };
}

export function sepaDebit(token: string): SepaDebit {
  return {
    bank_code: '37040044',
    branch_code: '',
    country: SEPA_TOKEN.exec(token)?.[2]?.toUpperCase() ?? 'DE',
    fingerprint: digest(`iban/${token}`).slice(0, 16),
    generated_from: { charge: null, setup_attempt: null },
    last4: '3000',
  };
}
