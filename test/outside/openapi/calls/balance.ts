import { type Call, call, refused } from '../call.js';

const LIST = 'GET /v1/balance_transactions';
const RETRIEVE = 'GET /v1/balance_transactions/{id}';

export const BALANCE: readonly Call[] = [
  call('GET /v1/balance', 'after payments in two currencies', async (world) => {
    await world.confirmed('pm_card_bypassPending');
    await world.confirmed('pm_card_visa', { currency: 'eur' });
    return {};
  }),
  call(RETRIEVE, 'of a payment, expanded', async (world) => {
    await world.confirmed();
    await world.pass(1);
    return { ids: [(await world.first(LIST.slice(4), { type: 'charge' })).id], params: { expand: ['source'] } };
  }),
  call(RETRIEVE, 'of a refund, expanded', async (world) => {
    await world.refund();
    await world.pass(1);
    return { ids: [(await world.first(LIST.slice(4), { type: 'refund' })).id], params: { expand: ['source'] } };
  }),
  call(RETRIEVE, 'of a dispute, expanded', async (world) => {
    await world.dispute();
    await world.pass(1);
    return { ids: [(await world.first(LIST.slice(4), { type: 'adjustment' })).id], params: { expand: ['source'] } };
  }),
  refused(404, RETRIEVE, 'that is not there', () => ({ ids: ['txn_of_nobody'] })),
  call(LIST, 'the newest'),
  call(LIST, 'of a payout that Stripe made, expanded', async (world) => {
    return { params: { payout: (await world.automaticPayout()).id, limit: 100, expand: ['data.source'] } };
  }),
  // Stripe does not know what a payout that was asked for is made of.
  refused(400, LIST, 'of a payout that was asked for', async (world) => ({
    params: { payout: (await world.payout()).id },
  })),
];
