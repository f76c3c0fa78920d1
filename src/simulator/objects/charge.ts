import type { MethodType } from './payment-method.js';
import type { BillingDetails, Metadata, Shipping } from './shared.js';

export interface Charge {
  id: string;
  object: 'charge';
  amount: number;
  amount_captured: number;
  amount_refunded: number;
  application: null;
  application_fee: null;
  application_fee_amount: null;
  /** Null until the money is on the books, which for an intent captured `automatic_async` is a little later. */
  balance_transaction: string | null;
  billing_details: BillingDetails;
  calculated_statement_descriptor: string | null;
  captured: boolean;
  created: number;
  currency: string;
  customer: string | null;
  description: string | null;
  disputed: boolean;
  failure_balance_transaction: null;
  failure_code: string | null;
  failure_message: string | null;
  fraud_details: Record<string, string>;
  livemode: boolean;
  metadata: Metadata;
  on_behalf_of: null;
  outcome: ChargeOutcome;
  paid: boolean;
  payment_intent: string;
  payment_method: string;
  payment_method_details: PaymentMethodDetails;
  radar_options: Record<string, never>;
  receipt_email: string | null;
  receipt_number: null;
  receipt_url: string | null;
  refunded: boolean;
  review: null;
  shipping: Shipping | null;
  source_transfer: null;
  statement_descriptor: string | null;
  statement_descriptor_suffix: string | null;
  status: 'succeeded' | 'failed' | 'pending';
  transfer_data: null;
  transfer_group: string | null;
}

export interface ChargeOutcome {
  advice_code: string | null;
  network_advice_code: string | null;
  network_decline_code: string | null;
  network_status: 'approved_by_network' | 'declined_by_network' | 'not_sent_to_network';
  reason: string | null;
  risk_level: 'normal' | 'highest';
  seller_message: string;
  type: 'authorized' | 'issuer_declined' | 'blocked';
}

export interface PaymentMethodDetails {
  type: MethodType;
  card?: ChargedCard;
  us_bank_account?: ChargedUsBankAccount;
  sepa_debit?: ChargedSepaDebit;
}

export interface ChargedCard {
  amount_authorized: number | null;
  authorization_code: string | null;
  brand: string;
  /** Only while it is authorised and not captured. */
  capture_before?: number;
  checks: { address_line1_check: null; address_postal_code_check: null; cvc_check: 'pass' | null };
  country: string;
  exp_month: number;
  exp_year: number;
  extended_authorization: { status: 'disabled' };
  fingerprint: string;
  funding: 'credit' | 'debit';
  incremental_authorization: { status: 'unavailable' };
  installments: null;
  last4: string;
  mandate: null;
  multicapture: { status: 'unavailable' };
  network: string;
  network_token: { used: boolean };
  network_transaction_id: string | null;
  overcapture: { maximum_amount_capturable: number; status: 'unavailable' };
  regulated_status: null;
  three_d_secure: null;
  wallet: null;
}

export interface ChargedUsBankAccount {
  account_holder_type: 'individual' | 'company';
  account_type: 'checking' | 'savings';
  bank_name: string;
  fingerprint: string;
  last4: string;
  payment_reference: string | null;
  routing_number: string;
}

export interface ChargedSepaDebit {
  bank_code: string;
  branch_code: string;
  country: string;
  fingerprint: string;
  last4: string;
  mandate: string | null;
}
