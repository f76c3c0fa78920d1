import { type Call, call, refused } from '../call.js';

const CREATE = 'POST /v1/payment_methods';
const LIST = 'GET /v1/payment_methods';
const RETRIEVE = 'GET /v1/payment_methods/{payment_method}';
const ATTACH = 'POST /v1/payment_methods/{payment_method}/attach';
const DETACH = 'POST /v1/payment_methods/{payment_method}/detach';

const OWNER = { name: 'Bob', email: 'bob@example.com' };

export const PAYMENT_METHODS: readonly Call[] = [
  call(CREATE, 'by token', () => ({ params: { type: 'card', card: { token: 'tok_visa' } } })),
  call(CREATE, 'of an account for SEPA', () => ({
    params: { type: 'sepa_debit', sepa_debit: { iban: 'AT321904300235473204' }, billing_details: OWNER },
  })),
  call(CREATE, 'of an account in the US', () => ({
    params: {
      type: 'us_bank_account',
      us_bank_account: {
        account_holder_type: 'individual',
        account_number: '000123456789',
        routing_number: '110000000',
      },
      billing_details: OWNER,
    },
  })),
  refused(400, CREATE, 'of no type', () => ({ params: { card: { token: 'tok_visa' } } })),
  call(RETRIEVE, 'that a payment was made with', async (world) => ({
    ids: [String((await world.confirmed())['payment_method'])],
  })),
  call(RETRIEVE, "that is a customer's, expanded", async (world) => ({
    ids: [(await world.card()).method],
    params: { expand: ['customer'] },
  })),
  refused(404, RETRIEVE, 'that is not there', () => ({ ids: ['pm_of_nobody'] })),
  call(LIST, "a customer's cards", async (world) => ({
    params: { customer: (await world.card()).customer, type: 'card' },
  })),
  call('POST /v1/payment_methods/{payment_method}', 'with an address', async (world) => ({
    ids: [(await world.card()).method],
    params: { billing_details: OWNER, metadata: { number: '6735' } },
  })),
  call(ATTACH, 'to a customer', async (world) => ({
    ids: ['pm_card_visa'],
    params: { customer: (await world.customer()).id },
  })),
  // Stripe answers 404 to what is missing in the path alone.
  refused(400, ATTACH, 'to nobody', () => ({ ids: ['pm_card_visa'], params: { customer: 'cus_of_nobody' } })),
  call(DETACH, 'from a customer', async (world) => ({ ids: [(await world.card()).method] })),
];
