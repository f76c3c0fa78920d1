import { type Call, call, refused } from '../call.js';

const ADDRESS = {
  line1: '510 Townsend St',
  postal_code: '94103',
  city: 'San Francisco',
  state: 'CA',
  country: 'US',
};
const BY_CARD = {
  amount: 2_000,
  currency: 'usd',
  confirm: true,
  payment_method: 'pm_card_visa',
  automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
};
const MANDATE = { customer_acceptance: { type: 'offline', accepted_at: 1_590_590_577 } };

const CREATE = 'POST /v1/payment_intents';
const LIST = 'GET /v1/payment_intents';
const SEARCH = 'GET /v1/payment_intents/search';
const RETRIEVE = 'GET /v1/payment_intents/{intent}';
const UPDATE = 'POST /v1/payment_intents/{intent}';
const CONFIRM = 'POST /v1/payment_intents/{intent}/confirm';
const CAPTURE = 'POST /v1/payment_intents/{intent}/capture';
const CANCEL = 'POST /v1/payment_intents/{intent}/cancel';

const CREATED: readonly Call[] = [
  call(CREATE, 'to be confirmed', () => ({ params: { amount: 2_000, currency: 'usd' } })),
  call(CREATE, 'with all that is written on one', async (world) => ({
    params: {
      amount: 2_000,
      currency: 'usd',
      customer: (await world.customer()).id,
      description: 'a penstock',
      metadata: { order: '6735' },
      receipt_email: 'jenny.rosen@example.com',
      setup_future_usage: 'off_session',
      shipping: { name: 'Jenny Rosen', phone: '+15555550100', address: ADDRESS },
      statement_descriptor_suffix: 'VALVE',
      payment_method_options: { card: { request_three_d_secure: 'any' } },
      transfer_group: 'order_6735',
    },
  })),
  call(CREATE, 'paid by card, expanded', async (world) => ({
    params: {
      ...BY_CARD,
      customer: (await world.customer()).id,
      shipping: { name: 'Jenny Rosen', address: ADDRESS },
      expand: ['customer', 'payment_method', 'latest_charge.balance_transaction'],
    },
  })),
  call(CREATE, 'held on a card', () => ({ params: { ...BY_CARD, capture_method: 'manual' } })),
  call(CREATE, 'of which the customer is asked, on a page', () => ({
    params: {
      ...BY_CARD,
      payment_method: 'pm_card_authenticationRequired',
      automatic_payment_methods: { enabled: true },
      return_url: 'https://example.com/back',
    },
  })),
  call(CREATE, 'of which the customer is asked, by Stripe.js', () => ({
    params: { ...BY_CARD, payment_method: 'pm_card_threeDSecure2Required' },
  })),
  call(CREATE, 'debited from a bank account', () => ({
    params: { ...BY_CARD, payment_method: 'pm_usBankAccount_success', mandate_data: MANDATE },
  })),
  call(CREATE, 'debited by SEPA', () => ({
    params: { ...BY_CARD, currency: 'eur', payment_method: 'pm_sepaDebit_success_de', mandate_data: MANDATE },
  })),
  ...[
    'pm_card_chargeDeclined',
    'pm_card_visa_chargeDeclinedInsufficientFunds',
    'pm_card_chargeDeclinedExpiredCard',
    'pm_card_radarBlock',
  ].map((method) => refused(402, CREATE, `with ${method}`, () => ({ params: { ...BY_CARD, payment_method: method } }))),
  refused(400, CREATE, 'without an amount', () => ({ params: { currency: 'usd' } })),
  refused(400, CREATE, 'for nothing', () => ({ params: { amount: 0, currency: 'usd' } })),
  refused(400, CREATE, 'in no currency there is', () => ({ params: { amount: 2_000, currency: 'xyz' } })),
  // Stripe answers 404 to what is missing in the path alone.
  refused(400, CREATE, 'of nobody', () => ({ params: { amount: 2_000, currency: 'usd', customer: 'cus_of_nobody' } })),
  refused(400, CREATE, 'with no payment method there is', () => ({
    params: { ...BY_CARD, payment_method: 'pm_of_nobody' },
  })),
  refused(400, CREATE, 'with what is unknown', () => ({ params: { amount: 2_000, currency: 'usd', colour: 'red' } })),
];

const CHANGED: readonly Call[] = [
  call(UPDATE, 'before it is confirmed', async (world) => ({
    ids: [(await world.intent()).id],
    params: { amount: 2_100, description: 'a valve', metadata: { order: '6736' } },
  })),
  refused(400, UPDATE, 'once it is paid', async (world) => ({
    ids: [(await world.confirmed()).id],
    params: { amount: 2_100 },
  })),
  call(CONFIRM, 'with a card', async (world) => ({
    ids: [(await world.intent({ automatic_payment_methods: { enabled: true, allow_redirects: 'never' } })).id],
    params: { payment_method: 'pm_card_visa' },
  })),
  refused(402, CONFIRM, 'with a card that is declined', async (world) => ({
    ids: [(await world.intent({ automatic_payment_methods: { enabled: true, allow_redirects: 'never' } })).id],
    params: { payment_method: 'pm_card_chargeDeclined' },
  })),
  refused(400, CONFIRM, 'a second time', async (world) => ({
    ids: [(await world.confirmed()).id],
    params: { payment_method: 'pm_card_visa' },
  })),
  call(CAPTURE, 'in whole', async (world) => ({ ids: [(await world.held()).id] })),
  call(CAPTURE, 'in part, expanded', async (world) => ({
    ids: [(await world.held()).id],
    params: { amount_to_capture: 500, expand: ['latest_charge'] },
  })),
  refused(400, CAPTURE, 'of more than is held', async (world) => ({
    ids: [(await world.held()).id],
    params: { amount_to_capture: 2_001 },
  })),
  call(CANCEL, 'before it is confirmed', async (world) => ({ ids: [(await world.intent()).id] })),
  call(CANCEL, 'of what is held, for a reason', async (world) => ({
    ids: [(await world.held()).id],
    params: { cancellation_reason: 'requested_by_customer' },
  })),
  refused(400, CANCEL, 'once it is paid', async (world) => ({ ids: [(await world.confirmed()).id] })),
];

const READ: readonly Call[] = [
  call(RETRIEVE, 'that is paid', async (world) => ({ ids: [(await world.confirmed()).id] })),
  call(RETRIEVE, 'that was declined, expanded', async (world) => {
    const { id } = await world.intent({ automatic_payment_methods: { enabled: true, allow_redirects: 'never' } });
    await world.recorder.send('POST', `/v1/payment_intents/${id}/confirm`, {
      payment_method: 'pm_card_chargeDeclined',
    });
    return { ids: [id], params: { expand: ['latest_charge', 'payment_method'] } };
  }),
  call(RETRIEVE, 'whose authorisation ran out', async (world) => {
    const { id } = await world.held();
    await world.pass(8);
    return { ids: [id], params: { expand: ['latest_charge'] } };
  }),
  call(RETRIEVE, 'that a bank has debited, expanded to the balance', async (world) => {
    const { id } = await world.confirmed('pm_usBankAccount_success', { mandate_data: MANDATE });
    await world.pass(15);
    return { ids: [id], params: { expand: ['latest_charge.balance_transaction'] } };
  }),
  call(RETRIEVE, 'that a bank would not debit', async (world) => {
    const { id } = await world.confirmed('pm_usBankAccount_insufficientFunds', { mandate_data: MANDATE });
    await world.pass(15);
    return { ids: [id], params: { expand: ['latest_charge'] } };
  }),
  refused(404, RETRIEVE, 'that is not there', () => ({ ids: ['pi_of_nobody'] })),
  call(LIST, 'the newest'),
  call(LIST, 'of a customer, expanded', async (world) => {
    const customer = (await world.customer()).id;
    await world.confirmed('pm_card_visa', { customer });
    return { params: { customer, limit: 3, expand: ['data.latest_charge', 'data.customer'] } };
  }),
  call(LIST, 'of a time', async (world) => ({ params: { created: { gte: (await world.now()) - 60 }, limit: 100 } })),
  refused(400, LIST, 'of more than a page holds', () => ({ params: { limit: 101 } })),
  call(SEARCH, 'by their metadata', async (world) => {
    await world.intent({ metadata: { order: '6737' } });
    await world.pass(1);
    return { params: { query: "metadata['order']:'6737'" } };
  }),
  refused(400, SEARCH, 'by nothing that can be read', () => ({ params: { query: 'order is 6737' } })),
];

export const PAYMENT_INTENTS: readonly Call[] = [...CREATED, ...CHANGED, ...READ];
