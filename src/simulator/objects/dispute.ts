import type { BalanceTransaction } from './balance.js';
import type { Metadata } from './shared.js';

/** A dispute and the money it moves, in Stripe's own spelling. */

export interface Dispute {
  id: string;
  object: 'dispute';
  amount: number;
  /** None, the withdrawal, or the withdrawal and the reinstatement. */
  balance_transactions: (Omit<BalanceTransaction, 'payout'> & { status: 'available' | 'pending' })[];
  charge: string;
  created: number;
  currency: string;
  enhanced_eligibility_types: string[];
  evidence: Record<string, string | null | Record<string, never>>;
  evidence_details: {
    /** Unix seconds. */
    due_by: number;
    enhanced_eligibility: Record<string, never>;
    has_evidence: boolean;
    past_due: boolean;
    submission_count: number;
    submission_method: 'manual' | 'not_submitted';
  };
  intended_submission_method: null;
  is_charge_refundable: boolean;
  livemode: boolean;
  metadata: Metadata;
  payment_intent: string;
  /** Of a card only: Stripe says no more of a debit. */
  payment_method_details?: {
    type: 'card';
    card: { brand: string; case_type: 'chargeback' | 'inquiry'; network: string; network_reason_code: null };
  };
  reason: string;
  status: DisputeStatus;
}

export type DisputeStatus =
  | 'warning_needs_response'
  | 'warning_under_review'
  | 'warning_closed'
  | 'needs_response'
  | 'under_review'
  | 'won'
  | 'lost';
