import type { Metadata } from './shared.js';

/** One movement of the account's balance. */
export interface BalanceTransaction {
  id: string;
  object: 'balance_transaction';
  /** Negative where it leaves the balance. */
  amount: number;
  available_on: number;
  balance_type: 'payments';
  created: number;
  currency: string;
  description: string | null;
  /** What one minor unit of the payment's currency is worth on the balance; null where it is one currency. */
  exchange_rate: number | null;
  /** Kept by Stripe; negative where it is given back. `net` is `amount - fee`. */
  fee: number;
  fee_details: FeeDetail[];
  net: number;
  reporting_category: ReportingCategory;
  source: string;
  type: 'charge' | 'payment' | 'refund' | 'payment_refund' | 'refund_failure' | 'adjustment' | PayoutMovement;
  /** The payout that it went out with. Never shown: lists are asked for it. */
  payout: string | null;
}

type PayoutMovement = 'payout' | 'payout_cancel' | 'payout_failure';

export type ReportingCategory =
  | 'charge'
  | 'refund'
  | 'refund_failure'
  | 'dispute'
  | 'dispute_reversal'
  | 'payout'
  | 'payout_reversal';

export interface FeeDetail {
  amount: number;
  application: null;
  currency: string;
  description: string;
  type: 'stripe_fee';
}

/**
 * The account's books in one currency, by double entry: what the customers paid is what is on the balance, what Stripe
 * kept and what was paid out. Balances in minor units; `customers` falls as the others rise, so that all four add to 0.
 */
export interface Books {
  /** The currency. */
  id: string;
  /** Negative: what came from them, less what they got back. */
  customers: number;
  stripe: number;
  bank: number;
  /** Of the balance, what can be paid out. */
  available: number;
  /** Of the balance, what cannot be paid out yet, by when it can (Unix seconds). */
  pending: Record<string, number>;
  /** The net of balance transactions that are remembered no more. */
  forgotten: number;
}

export interface Payout {
  id: string;
  object: 'payout';
  amount: number;
  application_fee: null;
  application_fee_amount: null;
  arrival_date: number;
  automatic: boolean;
  balance_transaction: string;
  created: number;
  currency: string;
  description: string | null;
  destination: string;
  failure_balance_transaction: string | null;
  failure_code: string | null;
  failure_message: string | null;
  livemode: boolean;
  metadata: Metadata;
  method: 'standard' | 'instant';
  original_payout: null;
  payout_method: null;
  reconciliation_status: 'completed' | 'in_progress' | 'not_applicable';
  reversed_by: null;
  source_type: 'card';
  statement_descriptor: string | null;
  status: 'pending' | 'in_transit' | 'paid' | 'failed' | 'canceled';
  trace_id: { status: 'pending' | 'supported'; value: string | null };
  type: 'bank_account';
}
