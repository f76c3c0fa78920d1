import { type Call, call, refused } from '../call.js';

const CREATE = 'POST /v1/webhook_endpoints';
const RETRIEVE = 'GET /v1/webhook_endpoints/{webhook_endpoint}';
const UPDATE = 'POST /v1/webhook_endpoints/{webhook_endpoint}';
const DELETE = 'DELETE /v1/webhook_endpoints/{webhook_endpoint}';

export const WEBHOOK_ENDPOINTS: readonly Call[] = [
  call(CREATE, 'for some events', ({ sink }) => ({
    params: { url: sink, enabled_events: ['charge.succeeded', 'charge.failed'] },
  })),
  call(CREATE, 'for all events, with all that is written on one', ({ sink }) => ({
    params: { url: sink, enabled_events: ['*'], description: 'ours', metadata: { number: '6735' } },
  })),
  refused(400, CREATE, 'for no event there is', ({ sink }) => ({
    params: { url: sink, enabled_events: ['penstock.opened'] },
  })),
  call(RETRIEVE, 'without its secret', async (world) => ({ ids: [(await world.webhookEndpoint()).id] })),
  refused(404, RETRIEVE, 'that is not there', () => ({ ids: ['we_of_nobody'] })),
  call('GET /v1/webhook_endpoints', 'the newest'),
  call(UPDATE, 'that is switched off', async (world) => ({
    ids: [(await world.webhookEndpoint()).id],
    params: { disabled: true, enabled_events: ['charge.refunded'], description: 'theirs' },
  })),
  call(DELETE, 'for good', async (world) => ({ ids: [(await world.webhookEndpoint()).id] })),
];
