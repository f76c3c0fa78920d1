import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { DisputeStanding } from '../../src/domain/dispute/index.js';
import { SHOWN } from '../../src/workflows/messages.js';
import { PAYMENT_ID } from '../../src/workflows/search-attributes.js';
import { amid, between, UPSETS } from '../support/amid.js';
import { deliverSigned } from '../support/signed-event.js';
import { SOON_LOST, Stack } from '../support/stack.js';

const DAY_MS = 24 * 60 * 60_000;

describe('a dispute', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({ policy: SOON_LOST });
  });
  afterEach(() => stack.simulator.noFaults());
  after(() => stack?.stop());

  const shows = (id: string, status: string) =>
    stack.api.untilShows(id, (p) => p.disputes.length === 1 && p.disputes[0]?.status === status);

  const submit = (dispute: string, text: string) =>
    stack.stripe.disputes.update(dispute, { evidence: { uncategorized_text: text }, submit: true });

  for (const upset of UPSETS) {
    it(`is shown once the read of its intent has told whose it is${upset.name}`, async () => {
      const { id, intent } = await stack.paid();
      const made = await amid(stack, upset, 'payment_intents.retrieve', () => stack.simulator.dispute(intent));
      const open = await shows(id, 'needs_response');
      assert.equal(open.disputes[0]?.dispute, made.id);
      await stack.alerted(new RegExp(`dispute_opened.*${made.id}`));
    });

    it(`of which no event comes any more is read${upset.name}`, async () => {
      const { id, intent } = await stack.paid();
      const made = await stack.simulator.dispute(intent);
      await shows(id, 'needs_response');
      await amid(stack, upset, 'disputes.retrieve', () => submit(made.id, 'losing_evidence'), { silent: true });
      // The bank decides 5 s after the evidence, and a restart may take longer than that.
      await stack.api.untilShows(id, (p) => ['under_review', 'lost'].includes(p.disputes[0]?.status ?? ''));
      await stack.simulator.advance(DAY_MS);
      await stack.closed((await shows(id, 'lost')).disputes[0]?.id ?? '');
    });

    it(`is opened, asks for evidence, and is won: the money comes back${upset.name}`, async () => {
      const { id, intent } = await stack.paid();
      const made = await between(stack, upset, () => stack.simulator.dispute(intent));
      const open = await shows(id, 'needs_response');
      assert.equal(open.disputed, true);
      assert.deepEqual([open.status, open.final], ['succeeded', true], 'a fact beside the status');
      const [dispute] = open.disputes;
      assert.deepEqual([dispute?.dispute, dispute?.amount, dispute?.amount_withdrawn], [made.id, 1999, 1999]);
      assert.ok(Date.parse(dispute?.evidence_due_by ?? '') > Date.now());
      await stack.alerted(new RegExp(`dispute_opened.*${made.id}`));

      await between(stack, upset, () => submit(made.id, 'winning_evidence'));
      await stack.simulator.advance(DAY_MS);
      const won = await stack.api.untilShows(id, (p) => p.disputes[0]?.amount_reinstated === 1999);
      assert.deepEqual([won.disputes[0]?.status, won.disputes[0]?.final], ['won', true]);
      await stack.closed(won.disputes[0]?.id ?? '');
    });

    it(`is lost: the money stays away${upset.name}`, async () => {
      const { id, intent } = await stack.paid();
      const made = await stack.simulator.dispute(intent);
      await shows(id, 'needs_response');
      await between(stack, upset, () => submit(made.id, 'losing_evidence'));
      await stack.simulator.advance(DAY_MS);
      const lost = await shows(id, 'lost');
      assert.deepEqual([lost.disputes[0]?.amount_withdrawn, lost.disputes[0]?.amount_reinstated], [1999, 0]);
      await stack.closed(lost.disputes[0]?.id ?? '');
      await stack.alerted(new RegExp(`dispute_lost.*${made.id}`));
    });

    it(`that arrives a month after the payment closed is found by its intent${upset.name}`, async () => {
      const { id, intent } = await stack.paid();
      const [charge] = await stack.chargesOf(id);
      const payment = stack.temporal.workflow.getHandle(id);
      const ended = await payment.describe();
      assert.equal(ended.status.name, 'COMPLETED');
      await stack.simulator.advance(30 * DAY_MS);
      const made = await between(stack, upset, () => stack.simulator.dispute(intent, { reason: 'fraudulent' }));
      const monthLaterMs = (charge?.created ?? Number.NaN) * 1000 + 30 * DAY_MS;
      assert.ok(made.created * 1000 >= monthLaterMs, 'by Stripe’s clock the charge is a month old');
      const [dispute] = (await shows(id, 'needs_response')).disputes;
      assert.deepEqual([dispute?.dispute, dispute?.reason], [made.id, 'fraudulent']);
      assert.ok(Date.parse(dispute?.evidence_due_by ?? '') > monthLaterMs, 'evidence is due from then on');
      const after = await payment.describe();
      assert.deepEqual([after.runId, after.status.name], [ended.runId, 'COMPLETED'], 'the payment stays closed');
      const own = await stack.temporal.workflow.getHandle(dispute?.id ?? '').describe();
      assert.deepEqual([own.type, own.typedSearchAttributes.get(PAYMENT_ID)], ['dispute', id]);
      assert.ok(own.startTime > (ended.closeTime ?? own.startTime), 'its own workflow began after that');
    });
  }

  it('by a bank’s inquiry takes no money, and is shown too', async () => {
    const { id, intent } = await stack.paid();
    await stack.simulator.dispute(intent, { inquiry: true });
    const open = await shows(id, 'warning_needs_response');
    assert.equal(open.disputes[0]?.amount_withdrawn, 0);
  });

  it('that comes of an inquiry long closed is the same dispute, open again, and told anew', async () => {
    const { id, intent } = await stack.paid();
    const made = await stack.simulator.dispute(intent, { inquiry: true });
    await shows(id, 'warning_needs_response');
    await deliverSigned(stack, 'charge.dispute.closed', { ...made, status: 'warning_closed' });
    const closed = await shows(id, 'warning_closed');
    await stack.closed(closed.disputes[0]?.id ?? '');
    const told = { ...made, status: 'needs_response', balance_transactions: [{ amount: -1999, currency: 'usd' }] };
    await deliverSigned(stack, 'charge.dispute.updated', told);
    const [open] = (await shows(id, 'needs_response')).disputes;
    assert.deepEqual([open?.final, open?.amount_withdrawn, open?.balance_currency], [false, 1999, 'usd']);
    await stack.alerted(new RegExp(`dispute_escalated.*${made.id}`));
  });

  it('is shown as its first event tells it, though no worker runs', async () => {
    const { intent } = await stack.paid();
    await stack.workerPart.kill9();
    const made = await stack.simulator.dispute(intent);
    const { memo } = await (await stack.started(`dispute.default.${made.id}`)).describe();
    const shown = memo?.[SHOWN] as DisputeStanding | undefined;
    assert.deepEqual(
      [shown?.status, shown?.amount, shown?.currency, shown?.amount_withdrawn, shown?.payment_intent],
      ['needs_response', 1999, 'eur', 1999, intent],
    );
    await stack.workerPart.start();
  });

  it('that opens again is shown as its event tells it, though no worker runs', async () => {
    const { id, intent } = await stack.paid();
    const made = await stack.simulator.dispute(intent, { inquiry: true });
    await shows(id, 'warning_needs_response');
    await deliverSigned(stack, 'charge.dispute.closed', { ...made, status: 'warning_closed' });
    await stack.closed((await shows(id, 'warning_closed')).disputes[0]?.id ?? '');
    await stack.workerPart.kill9();
    const told = { ...made, status: 'needs_response', balance_transactions: [{ amount: -1999, currency: 'usd' }] };
    await deliverSigned(stack, 'charge.dispute.updated', told);
    const open = await stack.api.untilShows(id, (p) => p.disputes[0]?.final === false);
    const [dispute] = open.disputes;
    assert.deepEqual(
      [dispute?.status, dispute?.amount, dispute?.currency, dispute?.amount_withdrawn, dispute?.balance_currency],
      ['needs_response', 1999, 'eur', 1999, 'usd'],
    );
    assert.equal(dispute?.payment_intent, intent);
    await stack.workerPart.start();
  });

  it('told three times over, in any order, is one dispute', async () => {
    const { id, intent } = await stack.paid();
    await stack.simulator.faults({
      webhooks: [
        { kind: 'duplicate', copies: 3 },
        { kind: 'shuffle', delay_ms: 300 },
      ],
    });
    const made = await stack.simulator.dispute(intent);
    await shows(id, 'needs_response');
    await submit(made.id, 'losing_evidence');
    await stack.simulator.advance(DAY_MS);
    const lost = await shows(id, 'lost');
    assert.equal(lost.disputes.length, 1);
    await stack.closed(lost.disputes[0]?.id ?? '');
    await stack.simulator.redeliver();
    const after = (await stack.api.get(id)).body;
    assert.deepEqual(after.disputes, lost.disputes, 'old news starts nothing anew');
  });

  it('of a charge that is none of Penstock’s own is nobody’s here', async () => {
    const foreign = await stack.stripe.paymentIntents.create({
      amount: 4_000,
      currency: 'eur',
      payment_method: 'pm_card_visa',
      confirm: true,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    });
    const made = await stack.simulator.dispute(foreign.id);
    const handle = await stack.started(`dispute.default.${made.id}`);
    const { state } = (await handle.result()) as { state: { owner: { kind: string } } };
    assert.equal(state.owner.kind, 'foreign');
  });
});
