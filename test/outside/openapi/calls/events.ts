import { type Call, call, refused } from '../call.js';

const LIST = 'GET /v1/events';
const RETRIEVE = 'GET /v1/events/{id}';

export const EVENTS: readonly Call[] = [
  call(RETRIEVE, 'of a payment', async (world) => {
    await world.confirmed();
    return { ids: [(await world.first('/v1/events')).id] };
  }),
  refused(404, RETRIEVE, 'that is not there', () => ({ ids: ['evt_of_nobody'] })),
  call(LIST, 'the newest'),
  call(LIST, 'of a type', () => ({ params: { type: 'charge.succeeded', limit: 3 } })),
  call(LIST, 'of some types, that were delivered', () => ({
    params: { types: ['charge.succeeded', 'charge.failed'], delivery_success: true },
  })),
];
