import { DAY_MS } from '../../time/durations.js';
import type { StripeObject } from '../remote.js';
import type { Recipe } from './index.js';
import type { Stage } from './stage.js';

/** What leads to the events of payments, charges, refunds and disputes. */

const PAYMENT = {
  amount: 2_000,
  currency: 'usd',
  payment_method: 'pm_card_visa',
  confirm: true,
  automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  description: '(made by trigger)',
};

export function pay(stage: Stage, changes: object = {}): Promise<StripeObject> {
  return stage.post('payment_intents', { ...PAYMENT, ...changes });
}

const unconfirmed = (stage: Stage) => pay(stage, { confirm: false });
const authorized = (stage: Stage) => pay(stage, { capture_method: 'manual' });
const debit = (stage: Stage) => pay(stage, { payment_method: 'pm_usBankAccount_success' });
const declined = (stage: Stage) =>
  stage.declined('payment_intents', { ...PAYMENT, payment_method: 'pm_card_chargeDeclined' });

async function capture(stage: Stage): Promise<void> {
  await stage.post(`payment_intents/${(await authorized(stage)).id}/capture`);
}

async function refund(stage: Stage): Promise<StripeObject> {
  return stage.post('refunds', { payment_intent: (await pay(stage)).id });
}

async function changedRefund(stage: Stage): Promise<void> {
  await stage.post(`refunds/${(await refund(stage)).id}`, { metadata: { order: '6735' } });
}

async function dispute(stage: Stage): Promise<StripeObject> {
  return stage.control('dispute', { intent: (await pay(stage)).id });
}

/** Evidence that the bank decides on some seconds later, as Stripe's test mode has it. */
async function won(stage: Stage): Promise<void> {
  const evidence = { uncategorized_text: 'winning_evidence' };
  await stage.post(`disputes/${(await dispute(stage)).id}`, { evidence, submit: true });
  await stage.step(6_000);
}

export const PAYMENTS: Readonly<Record<string, Recipe>> = {
  'payment_intent.created': { does: 'an intent, not confirmed', run: unconfirmed },
  'payment_intent.succeeded': { does: 'a payment by card', run: pay },
  'payment_intent.payment_failed': { does: 'a decline', run: declined },
  'payment_intent.requires_action': {
    does: '3D Secure that waits for the customer',
    run: (stage) => pay(stage, { payment_method: 'pm_card_authenticationRequired' }),
  },
  'payment_intent.processing': { does: 'a bank debit that waits for the bank', run: debit },
  'payment_intent.amount_capturable_updated': { does: 'an authorisation', run: authorized },
  'payment_intent.canceled': {
    does: 'an intent, canceled',
    run: async (stage) => stage.post(`payment_intents/${(await unconfirmed(stage)).id}/cancel`),
  },
  'charge.succeeded': { does: 'a payment by card', run: pay },
  'charge.failed': { does: 'a decline', run: declined },
  'charge.pending': { does: 'a bank debit that waits for the bank', run: debit },
  'charge.captured': { does: 'an authorisation, captured', run: capture },
  'charge.expired': {
    does: 'an authorisation that nobody captures',
    steps: '7 days',
    run: async (stage) => {
      await authorized(stage);
      await stage.step(7 * DAY_MS);
    },
  },
  'charge.updated': {
    does: "a payment, and a change of its charge's metadata",
    run: async (stage) => stage.post(`charges/${(await pay(stage))['latest_charge']}`, { metadata: { order: '6735' } }),
  },
  'charge.refunded': { does: 'a payment, refunded', run: refund },
  'charge.refund.updated': { does: 'a refund, and a change of its metadata', run: changedRefund },
  'refund.created': { does: 'a payment, refunded', run: refund },
  'refund.updated': { does: 'a refund, and a change of its metadata', run: changedRefund },
  'refund.failed': {
    does: 'a refund that the bank returns',
    run: async (stage) => stage.control('refund', { refund: (await refund(stage)).id, outcome: 'fail' }),
  },
  'charge.dispute.created': { does: 'a payment that the customer disputes', run: dispute },
  'charge.dispute.funds_withdrawn': { does: 'a payment that the customer disputes', run: dispute },
  'charge.dispute.updated': {
    does: 'a dispute, with evidence that is not submitted yet',
    run: async (stage) => {
      const evidence = { product_description: 'A thing.' };
      return stage.post(`disputes/${(await dispute(stage)).id}`, { evidence, submit: false });
    },
  },
  'charge.dispute.closed': {
    does: 'a dispute that is accepted, and so lost',
    run: async (stage) => stage.post(`disputes/${(await dispute(stage)).id}/close`),
  },
  'charge.dispute.funds_reinstated': { does: 'a dispute that is won', steps: '6 seconds', run: won },
};
