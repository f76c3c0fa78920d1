import { UsageError } from '../../../process.js';
import { DAY_MS, HOUR_MS } from '../../time/durations.js';
import type { StripeObject } from '../remote.js';
import type { Recipe } from './index.js';
import { pay } from './payments.js';
import type { Stage } from './stage.js';

/** What leads to the events of customers, payment methods, payouts, the balance and reports. */

/** Minor units. */
const PAID_OUT = 2_000;
const LARGEST_AMOUNT = 99_999_999;

const customer = (stage: Stage) => stage.post('customers', { description: '(made by trigger)' });

/** A card, attached to a customer. */
async function attached(stage: Stage): Promise<StripeObject> {
  const { id } = await customer(stage);
  return stage.post('payment_methods/pm_card_visa/attach', { customer: id });
}

interface Balances {
  readonly available: readonly { readonly amount: number }[];
}

/** Money that can be paid out at once, and more of it than disputes and refunds have taken from the balance before. */
async function available(stage: Stage): Promise<StripeObject> {
  const balance = (await stage.get('balance')) as unknown as Balances;
  const missing = Math.max(0, ...balance.available.map(({ amount }) => -amount));
  // Twice: a part of it goes in fees, and it may have to be changed into another currency.
  const amount = Math.min(LARGEST_AMOUNT, PAID_OUT + 2 * missing);
  return pay(stage, { amount, payment_method: 'pm_card_bypassPending', capture_method: 'automatic' });
}

/** Some of what a payment brought, in whichever currency it has come. */
async function payout(stage: Stage): Promise<StripeObject> {
  const { latest_charge } = await available(stage);
  const charge = await stage.get(`charges/${latest_charge}`, { expand: ['balance_transaction'] });
  const { currency, net } = charge['balance_transaction'] as { currency: string; net: number };
  return stage.post('payouts', { amount: Math.min(net, PAID_OUT / 2), currency });
}

async function report(stage: Stage): Promise<void> {
  const now = Math.floor((await stage.now()) / 1_000);
  const { report_takes_ms } = await stage.settings();
  await stage.post('reporting/report_runs', {
    report_type: 'balance.summary.1',
    parameters: { interval_start: now - DAY_MS / 1_000, interval_end: now },
  });
  await stage.step(report_takes_ms + 1_000);
}

/** A payout that the account makes by itself at midnight; what it was made of is known an hour later. */
async function reconciled(stage: Stage): Promise<void> {
  if ((await stage.settings()).payouts.interval !== 'daily') {
    throw new UsageError(
      'the account pays out by hand: {"payouts": {"interval": "daily"}} lets it pay out by itself (npm run simulator -- ' +
        'account set FILE)',
    );
  }
  await available(stage);
  await stage.step(DAY_MS - ((await stage.now()) % DAY_MS) + 2 * HOUR_MS);
}

export const MONEY: Readonly<Record<string, Recipe>> = {
  'customer.created': { does: 'a customer', run: customer },
  'customer.updated': {
    does: 'a customer, changed',
    run: async (stage) => stage.post(`customers/${(await customer(stage)).id}`, { metadata: { order: '6735' } }),
  },
  'customer.deleted': {
    does: 'a customer, deleted',
    run: async (stage) => stage.remove(`customers/${(await customer(stage)).id}`),
  },
  'payment_method.attached': { does: 'a card, attached to a customer', run: attached },
  'payment_method.updated': {
    does: 'a card of a customer, changed',
    run: async (stage) => stage.post(`payment_methods/${(await attached(stage)).id}`, { metadata: { order: '6735' } }),
  },
  'payment_method.detached': {
    does: 'a card, attached to a customer and detached',
    run: async (stage) => stage.post(`payment_methods/${(await attached(stage)).id}/detach`),
  },
  'payout.created': { does: 'a payment, paid out', run: payout },
  'payout.updated': {
    does: 'a payout, changed',
    run: async (stage) => stage.post(`payouts/${(await payout(stage)).id}`, { metadata: { order: '6735' } }),
  },
  'payout.paid': {
    does: 'a payout that arrives',
    run: async (stage) => stage.control('payout', { payout: (await payout(stage)).id, outcome: 'arrive' }),
  },
  'payout.failed': {
    does: 'a payout that the bank returns',
    run: async (stage) => stage.control('payout', { payout: (await payout(stage)).id, outcome: 'fail' }),
  },
  'payout.canceled': {
    does: 'a payout, canceled',
    run: async (stage) => stage.post(`payouts/${(await payout(stage)).id}/cancel`),
  },
  'payout.reconciliation_completed': {
    does: 'a payout that the account makes by itself',
    steps: 'to 2 hours after midnight',
    ofNothing: true,
    run: reconciled,
  },
  'balance.available': { does: 'a payment whose money can be paid out at once', ofNothing: true, run: available },
  'reporting.report_run.succeeded': { does: 'a report', steps: 'by as long as it takes', run: report },
};
