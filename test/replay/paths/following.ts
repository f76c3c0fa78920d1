import { refundId } from '../../../src/domain/ids.js';
import type { Stack } from '../../support/stack.js';
import { DAY_MS, DROPPED, ended, type Paths, pay, strayOf } from './path.js';

const CREATE = 'refunds.create';
/** An event that has not come is soon asked for. */
const SOON_OVERDUE = { overdue_ms: 2_000 };

/** What follows a payment in workflows of its own. */
export const FOLLOWING: Paths = {
  refunded: {
    holds: ['createRefund', 'createRefund'],
    go: async (stack) => {
      const { id } = await stack.paid();
      await stack.simulator.faults({
        requests: [{ kind: 'reset_after', endpoint: CREATE, times: 1 }],
        webhooks: DROPPED,
      });
      return refunded(stack, id, { amount: 700 });
    },
  },
  'refund-server-error-then-found': {
    holds: ['createRefund', 'createRefund', 'findRefund'],
    go: async (stack) => {
      const { id } = await stack.paid();
      await stack.simulator.faults({
        requests: [{ kind: 'error_after', endpoint: CREATE, times: 1 }],
        webhooks: DROPPED,
      });
      return refunded(stack, id);
    },
  },
  'refund-handed-to-a-person': {
    policy: { patience_ms: 1_000 },
    holds: ['createRefund', 'alert', 'createRefund'],
    go: async (stack) => {
      const { id } = await stack.paid();
      await stack.simulator.faults({ requests: [{ kind: 'reset_before', endpoint: CREATE }], webhooks: DROPPED });
      const { body } = await stack.api.refund(id, { reference: 'r1' });
      await stack.alerted(/refund_unknown/);
      await stack.simulator.faults({ webhooks: DROPPED });
      await stack.closed(body.id);
      return [body.id];
    },
  },
  'refund-pending': {
    holds: ['createRefund'],
    go: async (stack) => {
      const { id, refund } = await pendingRefund(stack);
      await stack.simulator.advance(30 * DAY_MS);
      await stack.api.untilShows(id, (p) => p.refunds[0]?.final === true);
      await stack.closed(refund);
      return [refund];
    },
  },
  'refund-unheard-of': {
    policy: SOON_OVERDUE,
    holds: ['createRefund', 'retrieveRefund'],
    go: async (stack) => {
      const { refund } = await pendingRefund(stack);
      await stack.simulator.faults({ webhooks: DROPPED });
      await stack.simulator.advance(30 * DAY_MS);
      await stack.closed(refund);
      return [refund];
    },
  },
  'refund-fails-later': {
    holds: ['alert'],
    go: async (stack) => {
      const { id } = await stack.paid({ payment_method: 'pm_card_refundFail' });
      const [refund = ''] = await refunded(stack, id);
      await stack.simulator.advance(60 * DAY_MS);
      await stack.api.untilShows(id, (p) => p.refunds[0]?.status === 'failed');
      await stack.closed(refund);
      return [refund];
    },
  },
  'refund-refused': {
    holds: ['createRefund', 'alert'],
    go: async (stack) => {
      const { id, intent } = await stack.paid();
      await stack.simulator.faults({ webhooks: DROPPED });
      await stack.stripe.refunds.create({ payment_intent: intent });
      return refunded(stack, id);
    },
  },
  'refunded-elsewhere': {
    holds: ['identifyIntent'],
    go: async (stack) => {
      const { id, intent } = await stack.paid();
      const refund = await stack.stripe.refunds.create({ payment_intent: intent });
      await stack.api.untilShows(id, (p) => p.refunds[0]?.final === true);
      await stack.closed(`refund.default.${refund.id}`);
      return [`refund.default.${refund.id}`];
    },
  },
  'dispute-won': {
    holds: ['identifyIntent', 'alert'],
    go: (stack) => disputed(stack, 'winning_evidence'),
  },
  'dispute-lost': {
    holds: ['identifyIntent', 'alert', 'alert'],
    go: (stack) => disputed(stack, 'losing_evidence'),
  },
  'dispute-unheard-of': {
    policy: SOON_OVERDUE,
    holds: ['identifyIntent', 'alert', 'retrieveDispute', 'alert'],
    go: (stack) => disputed(stack, 'losing_evidence', () => stack.simulator.faults({ webhooks: DROPPED })),
  },
  'late-money': {
    holds: ['alert', 'retrieveIntent', 'refund', 'createRefund'],
    go: async (stack) => {
      const { id, intent } = await pay(stack, { payment_method: 'pm_card_authenticationRequired' });
      await stack.api.cancel(id);
      await ended(stack, id);
      const stray = await strayOf(stack, intent);
      const incident = await stack.started(`incident.late_money.${id}.${stray}`);
      await incident.signal('resolveIncident', 'refund');
      await incident.result();
      return [incident.workflowId, refundId(id, stray)];
    },
  },
};

async function refunded(stack: Stack, id: string, body: { amount?: number } = {}): Promise<readonly string[]> {
  const taken = await stack.api.refund(id, { reference: 'r1', ...body });
  await stack.closed(taken.body.id);
  return [taken.body.id];
}

async function pendingRefund(stack: Stack) {
  const { id } = await stack.paid({ payment_method: 'pm_card_pendingRefund' });
  const { body } = await stack.api.refund(id, { reference: 'r1' });
  await stack.api.untilShows(id, (p) => p.refunds[0]?.status === 'pending');
  return { id, refund: body.id };
}

/** @param onceOpen what comes about between its opening and the evidence. */
async function disputed(
  stack: Stack,
  evidence: string,
  onceOpen: () => Promise<unknown> = async () => undefined,
): Promise<readonly string[]> {
  const { id, intent } = await stack.paid();
  const dispute = await stack.simulator.dispute(intent);
  await stack.api.untilShows(id, (p) => p.disputes[0]?.status === 'needs_response');
  await onceOpen();
  await stack.stripe.disputes.update(dispute.id, { evidence: { uncategorized_text: evidence }, submit: true });
  await stack.simulator.advance(DAY_MS);
  await stack.closed(`dispute.default.${dispute.id}`);
  return [`dispute.default.${dispute.id}`];
}
