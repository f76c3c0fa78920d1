import { aPayment } from '../support/api-client.js';
import type { Stack } from '../support/stack.js';

/** A payment's way; resolves with the workflow ids that took part. */
type Path = (stack: Stack) => Promise<readonly string[]>;

const DAY_MS = 24 * 60 * 60_000;
const DROPPED = [{ kind: 'drop' as const }];
const inSeconds = (seconds: number) => Math.ceil(Date.now() / 1000) + seconds;

/** Takes a payment and waits until it is final or waits for somebody. */
async function pay(stack: Stack, changes: Record<string, unknown> = {}) {
  const payment = await stack.api.pay(aPayment(changes));
  return { id: payment.id, intent: payment.payment_intent ?? '' };
}

async function ended(stack: Stack, id: string): Promise<string[]> {
  await stack.api.until(id, (p) => p.final);
  await stack.closed(id);
  return [id];
}

async function paid(stack: Stack, changes: Record<string, unknown> = {}) {
  const payment = await pay(stack, changes);
  await ended(stack, payment.id);
  return payment;
}

/** The plain payment: how it is paid, refused, given up and found again. */
const PLAIN: Record<string, Path> = {
  paid: async (stack) => [(await paid(stack)).id],
  declined: async (stack) =>
    ended(stack, (await pay(stack, { payment_method: 'pm_card_visa_chargeDeclined', off_session: true })).id),
  rejected: async (stack) => ended(stack, (await pay(stack, { payment_method: 'pm_card_nonesuch' })).id),
  'reply-lost': async (stack) => {
    await stack.simulator.faults({ requests: [{ kind: 'lose_reply', times: 1 }], webhooks: DROPPED });
    const { body } = await stack.api.create(aPayment());
    return ended(stack, body.id);
  },
  'refused-for-a-while': async (stack) => {
    await stack.simulator.faults({ requests: [{ kind: 'reject', reason: 'global-rate', times: 2 }] });
    const { body } = await stack.api.create(aPayment());
    return ended(stack, body.id);
  },
  'server-error-then-found': async (stack) => {
    await stack.simulator.faults({
      requests: [{ kind: 'error_500', endpoint: 'payment_intents.create', times: 1 }],
      webhooks: DROPPED,
    });
    const { body } = await stack.api.create(aPayment());
    await ended(stack, body.id);
    return [body.id];
  },
  'canceled-while-waiting': async (stack) => {
    const { id } = await pay(stack, { payment_method: 'pm_card_authenticationRequired' });
    await stack.api.cancel(id);
    return ended(stack, id);
  },
  'canceled-by-temporal': async (stack) => {
    const { id } = await pay(stack, { payment_method: 'pm_card_authenticationRequired' });
    await stack.temporal.workflow.getHandle(id).cancel();
    return ended(stack, id);
  },
  expired: async (stack) => {
    const { id } = await pay(stack, {
      payment_method: 'pm_card_authenticationRequired',
      expires_at: inSeconds(2),
    });
    return ended(stack, id);
  },
  'swept-up': async (stack) => {
    await stack.simulator.faults({ webhooks: DROPPED });
    const { id } = await pay(stack);
    await ended(stack, id);
    const query = "WorkflowType = 'sweep' AND ExecutionStatus = 'Completed'";
    for await (const sweep of stack.temporal.workflow.list({ query })) {
      const { told } = await stack.temporal.workflow.getHandle(sweep.workflowId, sweep.runId).result();
      if (told > 0) return [id, sweep.workflowId];
    }
    throw new Error('no sweep told anybody');
  },
  reset: async (stack) => {
    const { id } = await paid(stack);
    const workflowExecution = { workflowId: id };
    const { namespace } = stack.temporal.options;
    await stack.temporal.workflowService.resetWorkflowExecution({
      namespace,
      workflowExecution,
      workflowTaskFinishEventId: 4,
      requestId: 'reset-1',
    } as never);
    return ended(stack, id);
  },
};

/** What comes of a payment that is not simply paid. */
const LONGER: Record<string, Path> = {
  'another-method': async (stack) => {
    const { id } = await pay(stack, { payment_method: 'pm_card_visa_chargeDeclined' });
    await stack.api.confirm(id, 'pm_card_chargeDeclinedExpiredCard');
    await stack.api.until(id, (p) => p.failure?.code === 'expired_card');
    await stack.simulator.faults({ requests: [{ kind: 'lose_reply', times: 1 }] });
    await stack.api.confirm(id, 'pm_card_visa');
    return ended(stack, id);
  },
  authenticated: async (stack) => {
    const { id, intent } = await pay(stack, { payment_method: 'pm_card_threeDSecure2Required' });
    await stack.simulator.authenticate(intent, 'succeed');
    return ended(stack, id);
  },
  'authentication-failed': async (stack) => {
    const { id, intent } = await pay(stack, { payment_method: 'pm_card_threeDSecure2Required' });
    await stack.simulator.authenticate(intent, 'fail');
    await stack.api.until(id, (p) => p.status === 'requires_payment_method');
    await stack.api.confirm(id, 'pm_card_visa');
    return ended(stack, id);
  },
  'captured-in-part': async (stack) => {
    const { id } = await pay(stack, { capture_method: 'manual' });
    await stack.simulator.faults({ requests: [{ kind: 'lose_reply', times: 1 }], webhooks: DROPPED });
    await stack.api.capture(id, { amount: 500 });
    return ended(stack, id);
  },
  'let-go': async (stack) => {
    const { id } = await pay(stack, { capture_method: 'manual' });
    await stack.api.cancel(id);
    return ended(stack, id);
  },
  'authorization-expired': async (stack) => {
    const { id } = await pay(stack, { capture_method: 'manual' });
    await stack.simulator.advance(7 * DAY_MS);
    return ended(stack, id);
  },
  'bank-pays': async (stack) => {
    const { body } = await stack.api.create(aPayment({ payment_method: 'pm_usBankAccount_success', currency: 'usd' }));
    await stack.api.untilTold(body.id, /is processing/);
    await stack.simulator.advance(5 * DAY_MS);
    return ended(stack, body.id);
  },
  'bank-refuses-late': async (stack) => {
    const { body } = await stack.api.create(
      aPayment({ payment_method: 'pm_usBankAccount_noAccount', currency: 'usd', expires_at: inSeconds(2) }),
    );
    await stack.api.untilTold(body.id, /is processing/);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await stack.simulator.advance(5 * DAY_MS);
    return ended(stack, body.id);
  },
};

/** What follows a payment in workflows of its own. */
const FOLLOWING: Record<string, Path> = {
  refunded: async (stack) => {
    const { id } = await paid(stack);
    await stack.simulator.faults({ requests: [{ kind: 'lose_reply', endpoint: 'refunds.create', times: 1 }] });
    const { body } = await stack.api.refund(id, { reference: 'r1', amount: 700 });
    await stack.closed(body.id);
    return [body.id];
  },
  'refund-pending': async (stack) => {
    const { id } = await paid(stack, { payment_method: 'pm_card_pendingRefund' });
    const { body } = await stack.api.refund(id, { reference: 'r1' });
    await stack.api.untilShows(id, (p) => p.refunds[0]?.status === 'pending');
    await stack.simulator.advance(30 * DAY_MS);
    await stack.closed(body.id);
    return [body.id];
  },
  'refund-fails-later': async (stack) => {
    const { id } = await paid(stack, { payment_method: 'pm_card_refundFail' });
    const { body } = await stack.api.refund(id, { reference: 'r1' });
    await stack.closed(body.id);
    await stack.simulator.advance(60 * DAY_MS);
    await stack.api.untilShows(
      id,
      (p) => p.refunds[0]?.status === 'failed' && p.refunds[0].workflow.status === 'COMPLETED',
    );
    return [body.id];
  },
  'refund-refused': async (stack) => {
    const { id, intent } = await paid(stack);
    await stack.simulator.faults({ webhooks: DROPPED });
    await stack.stripe.refunds.create({ payment_intent: intent });
    const { body } = await stack.api.refund(id, { reference: 'r1' });
    await stack.closed(body.id);
    return [body.id];
  },
  'refunded-elsewhere': async (stack) => {
    const { id, intent } = await paid(stack);
    const refund = await stack.stripe.refunds.create({ payment_intent: intent });
    await stack.api.untilShows(id, (p) => p.refunds[0]?.final === true);
    return [`refund.default.${refund.id}`];
  },
  'dispute-won': async (stack) => disputed(stack, 'winning_evidence'),
  'dispute-lost': async (stack) => disputed(stack, 'losing_evidence'),
  'late-money': async (stack) => {
    const { id, intent } = await pay(stack, { payment_method: 'pm_card_authenticationRequired' });
    await stack.api.cancel(id);
    await ended(stack, id);
    const row = await stack.stripe.paymentIntents.retrieve(intent);
    const charge = (await stack.stripe.paymentIntents.create({
      amount: row.amount,
      currency: row.currency,
      payment_method: 'pm_card_visa',
      confirm: true,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
      metadata: row.metadata,
    })) as { id: string };
    const incident = `incident.late_money.${id}.${charge.id}`;
    const handle = stack.temporal.workflow.getHandle(incident);
    for (let tries = 0; tries < 100; tries += 1) {
      if (
        await handle.describe().then(
          () => true,
          () => false,
        )
      )
        break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await handle.signal('resolveIncident', 'refund');
    await handle.result();
    return [incident];
  },
};

async function disputed(stack: Stack, evidence: string): Promise<readonly string[]> {
  const { id, intent } = await paid(stack);
  const dispute = await stack.simulator.dispute(intent);
  await stack.api.untilShows(id, (p) => p.disputes[0]?.status === 'needs_response');
  await stack.stripe.disputes.update(dispute.id, { evidence: { uncategorized_text: evidence }, submit: true });
  await stack.simulator.advance(DAY_MS);
  await stack.closed(`dispute.default.${dispute.id}`);
  return [`dispute.default.${dispute.id}`];
}

export const PATHS: Readonly<Record<string, Path>> = { ...PLAIN, ...LONGER, ...FOLLOWING };
