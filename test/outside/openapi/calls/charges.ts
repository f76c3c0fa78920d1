import { type Call, call, refused } from '../call.js';

const LIST = 'GET /v1/charges';
const RETRIEVE = 'GET /v1/charges/{charge}';
const UPDATE = 'POST /v1/charges/{charge}';
const CAPTURE = 'POST /v1/charges/{charge}/capture';

const READ: readonly Call[] = [
  call(RETRIEVE, 'by card', async (world) => ({ ids: [await world.charge()] })),
  ...['pm_card_mastercard', 'pm_card_amex', 'pm_card_bypassPending', 'pm_usBankAccount_success'].map((method) =>
    call(RETRIEVE, `by ${method}, once it is on the balance`, async (world) => {
      const id = await world.charge(method);
      await world.pass(15);
      return { ids: [id], params: { expand: ['balance_transaction', 'customer', 'payment_intent.payment_method'] } };
    }),
  ),
  call(RETRIEVE, 'by SEPA', async (world) => {
    const id = await world.charge('pm_sepaDebit_success_de', { currency: 'eur' });
    await world.pass(15);
    return { ids: [id], params: { expand: ['balance_transaction'] } };
  }),
  call(RETRIEVE, 'that is held', async (world) => ({ ids: [String((await world.held())['latest_charge'])] })),
  call(RETRIEVE, 'that was refunded, with its refunds', async (world) => ({
    ids: [String((await world.refund())['charge'])],
    params: { expand: ['refunds'] },
  })),
  call(RETRIEVE, 'that is disputed', async (world) => ({ ids: [String((await world.dispute())['charge'])] })),
  call(RETRIEVE, 'that was declined', async (world) => {
    await world.recorder.send('POST', '/v1/payment_intents', {
      amount: 2_000,
      currency: 'usd',
      confirm: true,
      payment_method: 'pm_card_visa_chargeDeclinedLostCard',
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    });
    return { ids: [(await world.first('/v1/charges')).id] };
  }),
  call(RETRIEVE, 'that was refunded, with two things of each refund', async (world) => ({
    ids: [String((await world.refund())['charge'])],
    params: { expand: ['refunds.data.balance_transaction', 'refunds.data.charge', 'refunds'] },
  })),
  refused(404, RETRIEVE, 'that is not there', () => ({ ids: ['ch_of_nobody'] })),
  call(LIST, 'the newest'),
  call(LIST, 'of a payment, expanded four levels deep', async (world) => ({
    params: {
      payment_intent: (await world.confirmed()).id,
      expand: ['data.payment_intent.latest_charge.balance_transaction'],
    },
  })),
  refused(400, LIST, 'expanded by what cannot be', () => ({ params: { expand: ['data.amount'] } })),
];

const CHANGED: readonly Call[] = [
  call(UPDATE, 'with a description', async (world) => ({
    ids: [await world.charge()],
    params: { description: 'a valve', metadata: { order: '6735' }, receipt_email: 'jenny.rosen@example.com' },
  })),
  call(CAPTURE, 'of what is held', async (world) => ({ ids: [String((await world.held())['latest_charge'])] })),
  refused(400, CAPTURE, 'a second time', async (world) => ({ ids: [await world.charge()] })),
  call('GET /v1/charges/search', 'by their amount', async (world) => {
    await world.charge();
    await world.pass(1);
    return { params: { query: 'amount>1000' } };
  }),
];

export const CHARGES: readonly Call[] = [...READ, ...CHANGED];
