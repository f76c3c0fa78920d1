import type Stripe from 'stripe';
import { SECOND } from './facts.js';
import { cardPayment } from './metered-gateway.js';
import type { Simulated } from './simulated.js';

/** Longer than a bank takes to decide on evidence, and shorter than anything else. */
export const SOON = 10 * SECOND;

/** What a dispute did to the balance: type, amount and what is left of it after Stripe's fee. */
export function movements({ balance_transactions }: Stripe.Dispute): (string | number)[][] {
  return balance_transactions.map(({ type, amount, net }) => [type, amount, net]);
}

/** Payments that are disputed, and what a merchant does about it. @param at the simulator of the test that runs. */
export function disputing(at: () => Simulated) {
  const pay = (changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
    at().stripe.paymentIntents.create(cardPayment(changes));
  return {
    pay,
    read: (id: string) => at().stripe.disputes.retrieve(id),
    chargeOf: (intent: Stripe.PaymentIntent) => at().stripe.charges.retrieve(intent.latest_charge as string),
    answer: (id: string, uncategorized_text: string, changes: Stripe.DisputeUpdateParams = {}) =>
      at().stripe.disputes.update(id, { evidence: { uncategorized_text }, ...changes }),
    disputed: async (options: { reason?: string; inquiry?: boolean } = {}, changes = {}) => {
      const intent = await pay(changes);
      return { intent, dispute: await at().control.dispute(intent.id, options) };
    },
  };
}
