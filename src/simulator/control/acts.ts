import { z } from 'zod';
import type { Payout } from '../objects/balance.js';
import type { Dispute } from '../objects/dispute.js';
import type { PaymentIntent } from '../objects/payment-intent.js';
import type { Refund } from '../objects/refund.js';
import { noSuch } from '../requests/errors.js';
import { authenticate } from '../resources/authenticating.js';
import {
  arrivePayoutNow,
  decideDebitNow,
  failPayoutNow,
  failRefundNow,
  PAYOUT_FAILURES,
  settleRefundNow,
} from '../resources/bank.js';
import { DISPUTE_REASONS, openDispute } from '../resources/disputing.js';
import type { Simulator } from '../simulator.js';
import type { TableName } from '../state/tables.js';
import { apartBy, exactly } from './input.js';

/** Controls that do what no caller of Stripe's API can: what a customer or a bank does. */

export const outcomeSchema = z.enum(['succeed', 'fail']);

const authenticationSchema = exactly({ intent: z.string(), outcome: outcomeSchema });

const disputeSchema = exactly({
  intent: z.string(),
  /** `fraudulent` when left out; of an inquiry `general`. */
  reason: z.enum(DISPUTE_REASONS).optional(),
  /** The bank only asks, and takes no money yet. */
  inquiry: z.boolean().default(false),
});

/** Of a payment that the bank is to decide: now, and not in days. */
const debitSchema = exactly({ intent: z.string(), outcome: outcomeSchema });

/** Why a bank returns a refund (docs.stripe.com/refunds#failed-refunds). */
const REFUND_FAILURES = [
  'charge_for_pending_refund_disputed',
  'declined',
  'expired_or_canceled_card',
  'insufficient_funds',
  'lost_or_stolen_card',
  'merchant_request',
  'unknown',
] as const;

const refundSchema = apartBy('outcome', [
  exactly({ refund: z.string(), outcome: z.literal('succeed') }),
  exactly({ refund: z.string(), outcome: z.literal('fail'), reason: z.enum(REFUND_FAILURES).optional() }),
]);

const payoutSchema = apartBy('outcome', [
  exactly({ payout: z.string(), outcome: z.literal('arrive') }),
  exactly({ payout: z.string(), outcome: z.literal('fail'), code: z.enum(PAYOUT_FAILURES).optional() }),
]);

export function authenticateBy(simulator: Simulator, body: unknown): PaymentIntent {
  const { intent, outcome } = authenticationSchema.parse(body);
  const { account } = findAnywhere(simulator, intent);
  return simulator.happen(account, (context) => authenticate(context, intent, outcome));
}

export function disputeBy(simulator: Simulator, body: unknown): Dispute {
  const { intent, ...terms } = disputeSchema.parse(body);
  const { account } = findAnywhere(simulator, intent);
  return simulator.happen(account, (context) => {
    const { latest_charge } = context.tx.get('payment_intents', intent) ?? {};
    const charge = context.tx.get('charges', latest_charge ?? '');
    if (charge === undefined) throw noSuch('charge', `of ${intent}`, 'intent');
    return openDispute(context, charge, terms);
  });
}

export function debitBy(simulator: Simulator, body: unknown): PaymentIntent {
  const { intent, outcome } = debitSchema.parse(body);
  const { account } = findAnywhere(simulator, intent);
  return simulator.happen(account, (context) => decideDebitNow(context, intent, outcome));
}

export function refundBy(simulator: Simulator, body: unknown): Refund {
  const given = refundSchema.parse(body);
  const account = accountWith(simulator, 'refunds', given.refund) ?? missing('refund', given.refund);
  return simulator.happen(account, (context) => {
    if (given.outcome === 'succeed') settleRefundNow(context, given.refund);
    else failRefundNow(context, given.refund, given.reason);
    return context.tx.get('refunds', given.refund) as Refund;
  });
}

export function payoutBy(simulator: Simulator, body: unknown): Payout {
  const given = payoutSchema.parse(body);
  const account = accountWith(simulator, 'payouts', given.payout) ?? missing('payout', given.payout);
  return simulator.happen(account, (context) =>
    given.outcome === 'arrive'
      ? arrivePayoutNow(context, given.payout)
      : failPayoutNow(context, given.payout, given.code ?? 'could_not_process'),
  );
}

/** An intent by its id alone: no key comes with what a customer or a bank does. @throws when there is none. */
export function findAnywhere(simulator: Simulator, id: string): { account: string; intent: PaymentIntent } {
  const account = accountWith(simulator, 'payment_intents', id) ?? missing('payment_intent', id);
  return { account, intent: simulator.store.get(account, 'payment_intents', id) as PaymentIntent };
}

function accountWith({ store }: Simulator, table: TableName, id: string): string | undefined {
  return store.accountNames().find((account) => store.get(account, table, id) !== undefined);
}

function missing(what: string, id: string): never {
  throw noSuch(what, id, what === 'payment_intent' ? 'intent' : what);
}
