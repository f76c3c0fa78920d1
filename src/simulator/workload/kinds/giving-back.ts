import type { Dispute } from '../../objects/dispute.js';
import { AIM, ANY } from '../choices.js';
import { type Kind, kind, post } from './kind.js';
import { partOf } from './payments.js';

const refund = kind(
  9,
  { of: ANY, aim: AIM, part: ['half', 'whole', 'one', 'too much'], byCharge: [false, false, true] },
  (island, given) => {
    const intent = island.pick('payment_intent', given, ({ status }) => status === 'succeeded');
    if (intent === undefined) return undefined;
    const { latest_charge: charge, id } = intent;
    const amount = partOf(intent.amount_received || intent.amount, given.part);
    return post('/v1/refunds', {
      amount,
      ...(given.byCharge && charge !== null ? { charge } : { payment_intent: id }),
    });
  },
);

const updateRefund = kind(1, { of: ANY }, (island, given) => {
  const one = island.pick('refund', given);
  return one && post(`/v1/refunds/${one.id}`, { metadata: { changed: 'yes' } });
});

const cancelRefund = kind(0.5, { of: ANY }, (island, given) => {
  const one = island.pick('refund', given);
  return one && post(`/v1/refunds/${one.id}/cancel`);
});

const updateCharge = kind(1, { of: ANY, report: ['fraudulent', 'safe'] }, (island, given) => {
  const charge = island.pick('payment_intent', given, ({ latest_charge }) => latest_charge !== null)?.latest_charge;
  return charge ? post(`/v1/charges/${charge}`, { fraud_details: { user_report: given.report } }) : undefined;
});

const dispute = kind(2, { of: ANY, aim: AIM, inquiry: [false, true] }, (island, given) => {
  const intent = island.pick('payment_intent', given, ({ status }) => status === 'succeeded');
  return intent && { control: 'POST dispute', body: { intent: intent.id, inquiry: given.inquiry } };
});

function isOpen({ status }: Dispute): boolean {
  return status.endsWith('needs_response');
}

const EVIDENCE = ['winning_evidence', 'losing_evidence', 'escalate_inquiry_evidence', 'a letter'] as const;

const evidence = kind(4, { of: ANY, aim: AIM, text: EVIDENCE, submit: [true, true, false] }, (island, given) => {
  const one = island.pick('dispute', given, isOpen);
  const { text: uncategorized_text, submit } = given;
  return one && post(`/v1/disputes/${one.id}`, { evidence: { uncategorized_text }, submit });
});

const close = kind(1, { of: ANY, aim: AIM }, (island, given) => {
  const one = island.pick('dispute', given, isOpen);
  return one && post(`/v1/disputes/${one.id}/close`);
});

/** What goes back of a payment that succeeded. */
export const GIVING_BACK_KINDS = {
  refund,
  'update a refund': updateRefund,
  'cancel a refund': cancelRefund,
  'update a charge': updateCharge,
  dispute,
  'give evidence': evidence,
  'close a dispute': close,
} satisfies Readonly<Record<string, Kind>>;
