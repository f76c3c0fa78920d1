import { type Call, call, refused } from '../call.js';

const CREATE = 'POST /v1/customers';
const LIST = 'GET /v1/customers';
const RETRIEVE = 'GET /v1/customers/{customer}';
const UPDATE = 'POST /v1/customers/{customer}';
const DELETE = 'DELETE /v1/customers/{customer}';
const METHODS = 'GET /v1/customers/{customer}/payment_methods';

const ADDRESS = { line1: '510 Townsend St', city: 'San Francisco', country: 'US', postal_code: '94103' };

export const CUSTOMERS: readonly Call[] = [
  call(CREATE, 'of whom nothing is known'),
  call(CREATE, 'of whom much is known', () => ({
    params: {
      name: 'Jenny Rosen',
      email: 'jenny.rosen@example.com',
      phone: '+15555550100',
      description: 'buys penstocks',
      address: ADDRESS,
      shipping: { name: 'Jenny Rosen', address: ADDRESS },
      metadata: { number: '6735' },
    },
  })),
  refused(400, CREATE, 'with what is unknown', () => ({ params: { colour: 'red' } })),
  call(RETRIEVE, 'that is there', async (world) => ({ ids: [(await world.customer()).id] })),
  refused(404, RETRIEVE, 'that is not there', () => ({ ids: ['cus_of_nobody'] })),
  call(LIST, 'the newest'),
  call(LIST, 'of an address', async (world) => {
    await world.customer();
    return { params: { email: 'jenny.rosen@example.com', limit: 1 } };
  }),
  call(UPDATE, 'who has another name', async (world) => ({
    ids: [(await world.customer()).id],
    params: { name: 'Jenny Ross', metadata: { number: '6736' } },
  })),
  call(DELETE, 'for good', async (world) => ({ ids: [(await world.customer()).id] })),
  refused(404, DELETE, 'that is not there', () => ({ ids: ['cus_of_nobody'] })),
  call('GET /v1/customers/search', 'by their address', async (world) => {
    await world.customer();
    await world.pass(1);
    return { params: { query: "email:'jenny.rosen@example.com'" } };
  }),
  call(METHODS, 'of a customer', async (world) => ({ ids: [(await world.card()).customer] })),
  call('GET /v1/customers/{customer}/payment_methods/{payment_method}', 'of a customer', async (world) => {
    const { customer, method } = await world.card();
    return { ids: [customer, method] };
  }),
];
