import type { BillingDetails, Metadata } from './shared.js';

export interface PaymentMethod {
  id: string;
  object: 'payment_method';
  allow_redisplay: 'unspecified';
  billing_details: BillingDetails;
  card?: CardDetails;
  created: number;
  customer: string | null;
  customer_account: null;
  livemode: boolean;
  metadata: Metadata;
  sepa_debit?: SepaDebit;
  type: MethodType;
  us_bank_account?: UsBankAccount;
  /** The test token it was made from; it decides how the method behaves. Never shown. */
  token: string;
  /** It was taken off its customer and can be used no more. Never shown. */
  detached?: boolean;
}

export type ShownMethod = Omit<PaymentMethod, 'token' | 'detached'>;

export const METHOD_TYPES = ['card', 'us_bank_account', 'sepa_debit'] as const;
export type MethodType = (typeof METHOD_TYPES)[number];

export interface CardDetails {
  brand: string;
  checks: { address_line1_check: null; address_postal_code_check: null; cvc_check: 'pass' | null };
  country: string;
  display_brand: string;
  exp_month: number;
  exp_year: number;
  fingerprint: string;
  funding: 'credit' | 'debit';
  generated_from: null;
  last4: string;
  networks: { available: string[]; preferred: null };
  regulated_status: null;
  three_d_secure_usage: { supported: boolean };
  wallet: null;
}

export interface UsBankAccount {
  account_holder_type: 'individual' | 'company';
  account_type: 'checking' | 'savings';
  bank_name: string;
  financial_connections_account: null;
  fingerprint: string;
  last4: string;
  networks: { preferred: 'ach'; supported: ['ach'] };
  routing_number: string;
  status_details: null;
}

export interface SepaDebit {
  bank_code: string;
  branch_code: string;
  country: string;
  fingerprint: string;
  generated_from: { charge: null; setup_attempt: null };
  last4: string;
}
