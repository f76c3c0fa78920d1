import { type Call, call, refused } from '../call.js';

const CREATE = 'POST /v1/payouts';
const LIST = 'GET /v1/payouts';
const RETRIEVE = 'GET /v1/payouts/{payout}';
const CANCEL = 'POST /v1/payouts/{payout}/cancel';

export const PAYOUTS: readonly Call[] = [
  call(CREATE, 'of what is available', async (world) => {
    await world.confirmed('pm_card_bypassPending');
    return { params: { amount: 1_100, currency: 'usd' } };
  }),
  call(CREATE, 'with all that is written on one', async (world) => {
    await world.confirmed('pm_card_bypassPending');
    return {
      params: {
        amount: 1_100,
        currency: 'usd',
        description: 'for valves',
        metadata: { number: '6735' },
        statement_descriptor: 'VALVES',
        expand: ['balance_transaction'],
      },
    };
  }),
  refused(400, CREATE, 'of more than is available', () => ({ params: { amount: 99_999_999, currency: 'usd' } })),
  call(RETRIEVE, 'on its way', async (world) => ({ ids: [(await world.payout()).id] })),
  call(RETRIEVE, 'that has arrived', async (world) => {
    const { id } = await world.payout();
    await world.pass(8);
    return { ids: [id], params: { expand: ['balance_transaction'] } };
  }),
  call(RETRIEVE, 'that Stripe made', async (world) => ({ ids: [(await world.automaticPayout()).id] })),
  refused(404, RETRIEVE, 'that is not there', () => ({ ids: ['po_of_nobody'] })),
  call(LIST, 'the newest'),
  call('POST /v1/payouts/{payout}', 'with metadata', async (world) => ({
    ids: [(await world.payout()).id],
    params: { metadata: { number: '6735' } },
  })),
  call(CANCEL, 'before it has gone', async (world) => ({ ids: [(await world.payout()).id] })),
  refused(400, CANCEL, 'a second time', async (world) => {
    const { id } = await world.payout();
    await world.post(`/v1/payouts/${id}/cancel`);
    return { ids: [id] };
  }),
];
