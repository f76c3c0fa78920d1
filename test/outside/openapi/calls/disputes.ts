import { type Call, call, refused } from '../call.js';

const LIST = 'GET /v1/disputes';
const RETRIEVE = 'GET /v1/disputes/{dispute}';
const UPDATE = 'POST /v1/disputes/{dispute}';
const CLOSE = 'POST /v1/disputes/{dispute}/close';

/** A dispute that was answered with evidence which bids the bank to decide so. */
const decided = (title: string, evidence: string, method?: string): Call =>
  call(RETRIEVE, title, async (world) => {
    const { id } = await world.dispute(method);
    await world.post(`/v1/disputes/${id}`, { evidence: { uncategorized_text: evidence } });
    await world.pass(1);
    return { ids: [id], params: { expand: ['charge', 'payment_intent'] } };
  });

export const DISPUTES: readonly Call[] = [
  call(RETRIEVE, 'that wants an answer', async (world) => ({ ids: [(await world.dispute()).id] })),
  call(RETRIEVE, 'that is an inquiry', async (world) => ({
    ids: [(await world.dispute('pm_card_createDisputeInquiry')).id],
  })),
  decided('that was won', 'winning_evidence'),
  decided('that was lost', 'losing_evidence'),
  decided('that is under review', 'some evidence'),
  decided('that was escalated', 'escalate_inquiry_evidence', 'pm_card_createDisputeInquiry'),
  call(RETRIEVE, 'that nobody answered', async (world) => {
    const { id } = await world.dispute();
    await world.pass(10);
    return { ids: [id] };
  }),
  call(RETRIEVE, 'about a debit', async (world) => {
    const { id } = await world.confirmed('pm_sepaDebit_disputed_de', { currency: 'eur' });
    await world.pass(15);
    return { ids: [(await world.first('/v1/disputes', { payment_intent: id })).id] };
  }),
  refused(404, RETRIEVE, 'that is not there', () => ({ ids: ['dp_of_nobody'] })),
  call(LIST, 'the newest'),
  call(LIST, 'of a payment, expanded', async (world) => ({
    params: { payment_intent: String((await world.dispute())['payment_intent']), expand: ['data.charge'] },
  })),
  call(UPDATE, 'with evidence that is not submitted yet', async (world) => ({
    ids: [(await world.dispute()).id],
    params: { evidence: { customer_name: 'Jenny Rosen', product_description: 'a valve' }, submit: false },
  })),
  call(UPDATE, 'with evidence', async (world) => ({
    ids: [(await world.dispute()).id],
    params: { evidence: { uncategorized_text: 'winning_evidence' }, metadata: { order: '6735' } },
  })),
  call(CLOSE, 'of a dispute', async (world) => ({ ids: [(await world.dispute()).id] })),
  call(CLOSE, 'of an inquiry', async (world) => ({ ids: [(await world.dispute('pm_card_createDisputeInquiry')).id] })),
  refused(400, CLOSE, 'a second time', async (world) => {
    const { id } = await world.dispute();
    await world.post(`/v1/disputes/${id}/close`);
    return { ids: [id] };
  }),
];
