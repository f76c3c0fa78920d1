import { type Call, call, refused } from '../call.js';

const CREATE = 'POST /v1/refunds';
const LIST = 'GET /v1/refunds';
const RETRIEVE = 'GET /v1/refunds/{refund}';
const UPDATE = 'POST /v1/refunds/{refund}';
const CANCEL = 'POST /v1/refunds/{refund}/cancel';

export const REFUNDS: readonly Call[] = [
  call(CREATE, 'of a payment', async (world) => ({ params: { payment_intent: (await world.confirmed()).id } })),
  call(CREATE, 'of a part of a charge, expanded', async (world) => ({
    params: {
      charge: await world.charge(),
      amount: 500,
      reason: 'requested_by_customer',
      metadata: { order: '6735' },
      expand: ['charge', 'payment_intent', 'balance_transaction'],
    },
  })),
  call(CREATE, 'that is pending', async (world) => ({
    params: { payment_intent: (await world.confirmed('pm_card_pendingRefund')).id },
  })),
  refused(400, CREATE, 'of nothing', () => ({})),
  refused(400, CREATE, 'of no payment there is', () => ({ params: { payment_intent: 'pi_of_nobody' } })),
  refused(400, CREATE, 'of more than was paid', async (world) => ({
    params: { payment_intent: (await world.confirmed()).id, amount: 2_001 },
  })),
  refused(400, CREATE, 'a second time', async (world) => ({
    params: { charge: String((await world.refund())['charge']) },
  })),
  call(RETRIEVE, 'that succeeded', async (world) => ({ ids: [(await world.refund()).id] })),
  call(RETRIEVE, 'that failed, expanded', async (world) => {
    const { id } = await world.refund('pm_card_refundFail');
    await world.pass(31);
    return { ids: [id], params: { expand: ['charge', 'failure_balance_transaction'] } };
  }),
  call(RETRIEVE, 'that was pending', async (world) => {
    const { id } = await world.refund('pm_card_pendingRefund');
    await world.pass(31);
    return { ids: [id] };
  }),
  refused(404, RETRIEVE, 'that is not there', () => ({ ids: ['re_of_nobody'] })),
  call(LIST, 'the newest'),
  call(LIST, 'of a payment, expanded', async (world) => ({
    params: { payment_intent: String((await world.refund())['payment_intent']), expand: ['data.charge'] },
  })),
  call(UPDATE, 'with metadata', async (world) => ({
    ids: [(await world.refund()).id],
    params: { metadata: { order: '6735' } },
  })),
  // Only one that waits for the customer's bank details can be: a test card's never does.
  refused(400, CANCEL, 'of one by card', async (world) => ({ ids: [(await world.refund()).id] })),
];
