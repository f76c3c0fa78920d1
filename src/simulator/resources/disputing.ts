import type { Charge } from '../objects/charge.js';
import type { Dispute } from '../objects/dispute.js';
import type { PaymentMethod } from '../objects/payment-method.js';
import { nowSeconds, type RequestContext, raise, schedule, unschedule } from '../requests/context.js';
import { invalidRequest } from '../requests/errors.js';
import { shownMovement } from '../requests/shown.js';
import { DAY_MS } from '../time/durations.js';
import { EVIDENCE_FIELDS } from './evidence.js';
import { failRefund } from './refunds.js';
import { ensureSettled, reinstateDisputed, withdrawDisputed } from './settling.js';

/** How a dispute comes about, and how it ends. */

/** Evidence is due at the end of a UTC day, 8 days on: seen in Stripe's test mode; networks give 7 to 21. */
const EVIDENCE_DAYS = 8;
/** In test mode a bank decides on the evidence about 5 seconds after it was submitted. */
const DECIDED_AFTER_MS = 5_000;
/** An inquiry that never became a dispute is closed (docs.stripe.com/disputes/how-disputes-work). */
const INQUIRY_LIFE_MS = 120 * DAY_MS;
/** Dispute reasons (docs.stripe.com/disputes/categories). */
export const DISPUTE_REASONS = [
  'bank_cannot_process',
  'check_returned',
  'credit_not_processed',
  'customer_initiated',
  'debit_not_authorized',
  'duplicate',
  'fraudulent',
  'general',
  'incorrect_account_details',
  'insufficient_funds',
  'noncompliant',
  'product_not_received',
  'product_unacceptable',
  'subscription_canceled',
  'unrecognized',
] as const;

export interface DisputeTerms {
  readonly reason?: string | undefined;
  /** The bank only asks, and takes no money yet. */
  readonly inquiry: boolean;
}

/** The customer disputes what the charge took and was not given back. @throws what Stripe's side cannot dispute. */
export function openDispute(context: RequestContext, charge: Charge, terms: DisputeTerms): Dispute {
  const { tx } = context;
  const amount = charge.amount_captured - charge.amount_refunded;
  if (charge.status !== 'succeeded' || amount <= 0) {
    throw invalidRequest(`Charge ${charge.id} has taken no money that could be disputed.`);
  }
  // What was lost cannot be lost again; what was won, or only inquired about, can.
  if (tx.where('disputes', 'charge', charge.id).some((one) => isOpen(one) || one.status === 'lost')) {
    throw invalidRequest(`Charge ${charge.id} is disputed already.`);
  }
  const method = tx.get('payment_methods', charge.payment_method);
  const dispute = blankDispute(context, charge, method, amount, terms);
  charge.disputed = true;
  tx.put('charges', charge);
  if (!terms.inquiry) withdraw(context, dispute);
  tx.put('disputes', dispute);
  raise(context, 'charge.dispute.created', dispute);
  if (!terms.inquiry) raise(context, 'charge.dispute.funds_withdrawn', dispute);
  if (terms.inquiry) schedule(context, 'inquiry_lapses', dispute.id, INQUIRY_LIFE_MS);
  return dispute;
}

/** What was in store for the charge, unless it was refunded or disputed before. */
export function disputeLater(context: RequestContext, chargeId: string, terms: DisputeTerms): void {
  const charge = context.tx.get('charges', chargeId);
  if (charge === undefined || charge.disputed || charge.amount_refunded === charge.amount_captured) return;
  openDispute(context, charge, terms);
}

/** The evidence is with the bank. */
export function submit(context: RequestContext, dispute: Dispute): void {
  dispute.evidence_details.submission_count += 1;
  dispute.evidence_details.submission_method = 'manual';
  dispute.status = isInquiry(dispute) ? 'warning_under_review' : 'under_review';
  unschedule(context, 'dispute_overdue', dispute.id);
  schedule(context, 'dispute_decided', dispute.id, DECIDED_AFTER_MS);
}

/** The bank decides as the evidence bids it (docs.stripe.com/testing); any other evidence is under review for ever. */
export function decideDispute(context: RequestContext, id: string): void {
  const dispute = context.tx.get('disputes', id);
  if (dispute === undefined || !isOpen(dispute)) return;
  const evidence = dispute.evidence['uncategorized_text'];
  if (evidence === 'winning_evidence') close(context, dispute, 'won');
  else if (evidence === 'losing_evidence') close(context, dispute, 'lost');
  else if (evidence === 'escalate_inquiry_evidence' && isInquiry(dispute)) escalate(context, dispute);
}

/** Nobody answered in time: "a missed deadline is lost" (docs.stripe.com/disputes/responding). */
export function loseOverdue(context: RequestContext, id: string): void {
  const dispute = context.tx.get('disputes', id);
  if (dispute?.status === 'needs_response') close(context, dispute, 'lost');
}

export function lapseInquiry(context: RequestContext, id: string): void {
  const dispute = context.tx.get('disputes', id);
  if (dispute !== undefined && isOpen(dispute) && isInquiry(dispute)) close(context, dispute, 'lost');
}

/** An inquiry ends without a winner, and took no money. */
export function close(context: RequestContext, dispute: Dispute, outcome: 'won' | 'lost'): void {
  const inquiry = isInquiry(dispute);
  dispute.status = inquiry ? 'warning_closed' : outcome;
  for (const kind of ['dispute_decided', 'dispute_overdue', 'inquiry_lapses'] as const) {
    unschedule(context, kind, dispute.id);
  }
  if (!inquiry && outcome === 'won') {
    dispute.is_charge_refundable = true;
    const returned = reinstateDisputed(context, dispute);
    if (returned !== undefined) dispute.balance_transactions.push(shownMovement(returned, context));
    raise(context, 'charge.dispute.funds_reinstated', dispute);
  }
  context.tx.put('disputes', dispute);
  raise(context, 'charge.dispute.closed', dispute);
  raise(context, 'charge.updated', context.tx.look('charges', dispute.charge));
}

export function isOpen({ status }: Dispute): boolean {
  return status !== 'won' && status !== 'lost' && status !== 'warning_closed';
}

function isInquiry({ status }: Dispute): boolean {
  return status.startsWith('warning_');
}

/** The inquiry becomes a dispute of what has not been given back meanwhile: that goes, and the deadline begins. */
function escalate(context: RequestContext, dispute: Dispute): void {
  const charge = context.tx.look('charges', dispute.charge);
  // What was refunded meanwhile is disputed no more; what was refunded in full is no inquiry any longer.
  if (charge !== undefined) dispute.amount = charge.amount_captured - charge.amount_refunded;
  dispute.status = 'needs_response';
  dispute.is_charge_refundable = false;
  dispute.evidence_details.due_by = endOfDay(context);
  const { card } = dispute.payment_method_details ?? {};
  if (card !== undefined) card.case_type = 'chargeback';
  unschedule(context, 'inquiry_lapses', dispute.id);
  withdraw(context, dispute);
  context.tx.put('disputes', dispute);
  raise(context, 'charge.dispute.updated', dispute);
  raise(context, 'charge.dispute.funds_withdrawn', dispute);
}

/** The money goes back to the customer; a refund still on its way does not go as well. */
function withdraw(context: RequestContext, dispute: Dispute): void {
  const { tx } = context;
  const charge = tx.get('charges', dispute.charge);
  if (charge === undefined) return;
  ensureSettled(context, charge);
  const withdrawn = withdrawDisputed(context, dispute, charge);
  dispute.balance_transactions.push(shownMovement(withdrawn, context));
  for (const { id, status } of tx.where('refunds', 'charge', dispute.charge)) {
    if (status === 'pending') failRefund(context, id, 'charge_for_pending_refund_disputed');
  }
  const dueMs = dispute.evidence_details.due_by * 1000;
  schedule(context, 'dispute_overdue', dispute.id, dueMs - context.nowMs);
}

/** Unix seconds. */
function endOfDay({ nowMs }: RequestContext): number {
  return ((Math.floor(nowMs / DAY_MS) + EVIDENCE_DAYS + 1) * DAY_MS) / 1000 - 1;
}

function blankDispute(
  context: RequestContext,
  charge: Charge,
  method: PaymentMethod | undefined,
  amount: number,
  { reason, inquiry }: DisputeTerms,
): Dispute {
  return {
    id: context.newId('dp'),
    object: 'dispute',
    amount,
    balance_transactions: [],
    charge: charge.id,
    created: nowSeconds(context),
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: { ...Object.fromEntries(EVIDENCE_FIELDS.map((field) => [field, null])), enhanced_evidence: {} },
    evidence_details: {
      due_by: endOfDay(context),
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: inquiry,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    ...(method?.card === undefined ? {} : { payment_method_details: cardDispute(method.card.brand, inquiry) }),
    reason: reason ?? (inquiry ? 'general' : 'fraudulent'),
    status: inquiry ? 'warning_needs_response' : 'needs_response',
  };
}

function cardDispute(brand: string, inquiry: boolean): NonNullable<Dispute['payment_method_details']> {
  const case_type = inquiry ? 'inquiry' : 'chargeback';
  return { type: 'card', card: { brand, case_type, network: brand, network_reason_code: null } };
}
