import { settlementOf } from '../ledger/settlement.js';
import type { Decline } from '../methods/behaviours.js';
import { detailsFor } from '../methods/index.js';
import type { Charge, ChargeOutcome } from '../objects/charge.js';
import type { PaymentIntent } from '../objects/payment-intent.js';
import type { PaymentMethod } from '../objects/payment-method.js';
import { nowSeconds, type RequestContext } from '../requests/context.js';

/** Stripe's own name for whoever set none (docs.stripe.com/get-started/account/statement-descriptors). */
const DESCRIPTOR = 'PENSTOCK SIMULATOR';

const AUTHORIZED: ChargeOutcome = {
  advice_code: null,
  network_advice_code: null,
  network_decline_code: null,
  network_status: 'approved_by_network',
  reason: null,
  risk_level: 'normal',
  seller_message: 'Payment complete.',
  type: 'authorized',
};

/**
 * A new charge for the intent, pending until it succeeds or fails. @throws when its money could never come onto the books:
 * later, when it is settled, there is nobody left to tell.
 */
export function makeCharge(context: RequestContext, intent: PaymentIntent, method: PaymentMethod): Charge {
  settlementOf(context.account.settlement, intent.currency);
  const isCard = method.type === 'card';
  return {
    // A payment by bank debit is a charge under another name.
    id: context.newId(isCard ? 'ch' : 'py'),
    object: 'charge',
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: isCard ? (intent.statement_descriptor ?? DESCRIPTOR) : null,
    captured: false,
    created: nowSeconds(context),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: AUTHORIZED,
    paid: false,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: detailsFor(method, intent.amount),
    radar_options: {},
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: intent.shipping,
    source_transfer: null,
    statement_descriptor: intent.statement_descriptor,
    statement_descriptor_suffix: intent.statement_descriptor_suffix,
    status: 'pending',
    transfer_data: null,
    transfer_group: intent.transfer_group,
  };
}

/** The money was taken, or is held until it is. */
export function succeed(charge: Charge, captured: boolean): void {
  charge.status = 'succeeded';
  charge.paid = true;
  charge.captured = captured;
  charge.amount_captured = captured ? charge.amount : 0;
}

export function fail(charge: Charge, decline: Decline): void {
  const blocked = decline.blocked === true;
  charge.status = 'failed';
  charge.paid = false;
  charge.failure_code = decline.code;
  charge.failure_message = decline.message;
  charge.outcome = {
    ...AUTHORIZED,
    network_status: blocked ? 'not_sent_to_network' : 'declined_by_network',
    reason: blocked ? 'highest_risk_level' : (decline.declineCode ?? decline.code),
    risk_level: blocked ? 'highest' : 'normal',
    seller_message: blocked
      ? 'Stripe blocked this payment as too risky.'
      : 'The bank did not return any further details with this decline.',
    type: blocked ? 'blocked' : 'issuer_declined',
  };
}
