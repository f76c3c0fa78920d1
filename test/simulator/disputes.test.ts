import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { disputing, movements, SOON } from '../support/disputing.js';
import { HOUR, SECOND, T0 } from '../support/facts.js';
import { Inbox } from '../support/inbox.js';
import { errorOf } from '../support/refused.js';
import { Simulated } from '../support/simulated.js';

const DAY = 24 * HOUR;
const OPENED = ['charge.dispute.created', 'charge.dispute.funds_withdrawn'];

let stripe: Simulated;
beforeEach(async () => {
  stripe = await Simulated.start({ now: () => T0 });
});
afterEach(() => stripe.stop());

const { pay, read, chargeOf, answer, disputed } = disputing(() => stripe);
async function only(): Promise<Stripe.Dispute> {
  const [dispute, ...more] = (await stripe.stripe.disputes.list()).data;
  assert.ok(dispute !== undefined && more.length === 0);
  return dispute;
}

describe('a dispute', () => {
  it('of pm_card_createDispute follows the payment at once, and takes the money back', async () => {
    const intent = await pay({ payment_method: 'pm_card_createDispute' });
    assert.equal(intent.status, 'succeeded');
    const dispute = await only();
    assert.deepEqual(
      [dispute.amount, dispute.currency, dispute.charge, dispute.payment_intent],
      [4_200, 'eur', intent.latest_charge, intent.id],
    );
    assert.deepEqual(
      [dispute.status, dispute.reason, dispute.is_charge_refundable, dispute.livemode],
      ['needs_response', 'fraudulent', false, false],
    );
    assert.deepEqual(movements(dispute), [['adjustment', -4_200, -6_200]]);
    assert.deepEqual(dispute.payment_method_details?.card?.case_type, 'chargeback');
    const events = await stripe.events();
    assert.deepEqual(
      events.slice(1).map(({ type }) => type),
      ['charge.succeeded', 'payment_intent.succeeded', 'charge.updated', ...OPENED],
    );
    assert.deepEqual(events.at(-1)?.request, { id: null, idempotency_key: null });
    assert.deepEqual(events.at(-1)?.data.object, JSON.parse(JSON.stringify(dispute)));
    assert.equal((await chargeOf(intent)).disputed, true);
    assert.equal((await stripe.stripe.paymentIntents.retrieve(intent.id)).status, 'succeeded');
  });

  it('comes by itself, without another request', async () => {
    const inbox = await Inbox.start();
    try {
      await stripe.sendWebhooksTo(inbox.url, 'whsec_of_the_inbox');
      await pay({ payment_method: 'pm_card_createDispute' });
      await inbox.until((box) => box.of('charge.dispute.funds_withdrawn').length === 1);
    } finally {
      await inbox.stop();
    }
  });

  it('waits for the capture where one is needed, and is about what was captured', async () => {
    const { id } = await pay({ payment_method: 'pm_card_createDispute', capture_method: 'manual' });
    assert.deepEqual((await stripe.stripe.disputes.list()).data, []);
    await stripe.stripe.paymentIntents.capture(id, { amount_to_capture: 1_000 });
    assert.equal((await only()).amount, 1_000);
  });

  it('of pm_sepaDebit_disputed_de follows the debit once it was paid', async () => {
    await pay({ payment_method: 'pm_sepaDebit_disputed_de' });
    assert.deepEqual((await stripe.stripe.disputes.list()).data, []);
    await stripe.control.advance(5 * DAY);
    const dispute = await only();
    assert.deepEqual([dispute.status, dispute.payment_method_details?.type], ['needs_response', undefined]);
  });

  it('comes at any time, for any reason, about what was not given back', async () => {
    const intent = await pay();
    await stripe.stripe.refunds.create({ payment_intent: intent.id, amount: 200 });
    await stripe.control.advance(90 * DAY);
    const dispute = await stripe.control.dispute(intent.id, { reason: 'product_not_received' });
    assert.deepEqual([dispute.amount, dispute.reason], [4_000, 'product_not_received']);
    assert.deepEqual(await read(dispute.id), dispute);
    assert.equal(dispute.created, (T0 + 90 * DAY) / SECOND);
  });

  it('is not made of nothing, and not twice; the control says why and nothing happens', async () => {
    const unpaid = await pay({ confirm: false });
    const held = await pay({ capture_method: 'manual' });
    const refunded = await pay();
    await stripe.stripe.refunds.create({ payment_intent: refunded.id });
    const { intent } = await disputed();
    const paid = await pay();
    const count = (await stripe.events()).length;
    await assert.rejects(stripe.control.dispute('pi_nobody'), /No such payment_intent/);
    await assert.rejects(stripe.control.dispute(unpaid.id), /No such charge/);
    for (const { id } of [held, refunded]) {
      await assert.rejects(stripe.control.dispute(id), /no money that could be disputed/);
    }
    await assert.rejects(stripe.control.dispute(intent.id), /disputed already/);
    await assert.rejects(stripe.control.dispute(paid.id, { reason: 'bored' }), /reason/);
    assert.equal((await stripe.events()).length, count);
    assert.equal((await stripe.stripe.disputes.list()).data.length, 1);
  });

  it('forbids refunds until it is won: the money has gone back already', async () => {
    const { intent, dispute } = await disputed();
    const error = await errorOf(stripe.stripe.refunds.create({ payment_intent: intent.id }));
    assert.deepEqual([error.statusCode, error.code], [400, 'charge_disputed']);
    assert.match(error.message, /has been charged back; cannot issue a refund/);
    await answer(dispute.id, 'winning_evidence');
    await stripe.control.advance(SOON);
    assert.equal((await stripe.stripe.refunds.create({ payment_intent: intent.id })).amount, 4_200);
  });

  it('stops a refund that is still on its way, so that the money does not go back twice', async () => {
    const intent = await pay({ payment_method: 'pm_card_pendingRefund' });
    const refund = await stripe.stripe.refunds.create({ payment_intent: intent.id, amount: 200 });
    await stripe.control.dispute(intent.id);
    const stopped = await stripe.stripe.refunds.retrieve(refund.id);
    assert.deepEqual([stopped.status, stopped.failure_reason], ['failed', 'charge_for_pending_refund_disputed']);
    await stripe.control.advance(6 * DAY);
    assert.equal((await stripe.stripe.refunds.retrieve(refund.id)).status, 'failed');
  });
});

describe('an inquiry', () => {
  it('of pm_card_createDisputeInquiry asks and takes no money; the payment can be refunded', async () => {
    const intent = await pay({ payment_method: 'pm_card_createDisputeInquiry' });
    const inquiry = await only();
    assert.deepEqual(
      [inquiry.status, inquiry.is_charge_refundable, movements(inquiry)],
      ['warning_needs_response', true, []],
    );
    assert.deepEqual(
      (await stripe.events()).slice(3).map(({ type }) => type),
      ['charge.dispute.created'],
    );
    assert.equal((await chargeOf(intent)).disputed, true);
    assert.equal((await stripe.stripe.refunds.create({ payment_intent: intent.id, amount: 1 })).status, 'succeeded');
  });

  for (const text of ['winning_evidence', 'losing_evidence']) {
    it(`that is answered with ${text} is closed, with no money moved`, async () => {
      const { dispute } = await disputed({ inquiry: true });
      assert.equal((await answer(dispute.id, text)).status, 'warning_under_review');
      const types = await stripe.typesRaisedBy(() => stripe.control.advance(SOON));
      // The first of them says that the payment is on the books.
      assert.deepEqual(types, ['charge.updated', 'charge.dispute.closed', 'charge.updated']);
      const closed = await read(dispute.id);
      assert.deepEqual([closed.status, movements(closed)], ['warning_closed', []]);
    });
  }

  it('that is escalated becomes a dispute: the money goes, and evidence is due from then on', async () => {
    const { dispute } = await disputed({ inquiry: true });
    await stripe.control.advance(50 * DAY);
    await answer(dispute.id, 'escalate_inquiry_evidence');
    const types = await stripe.typesRaisedBy(() => stripe.control.advance(SOON));
    assert.deepEqual(types, ['charge.dispute.updated', 'charge.dispute.funds_withdrawn']);
    const escalated = await read(dispute.id);
    assert.deepEqual([escalated.status, escalated.is_charge_refundable], ['needs_response', false]);
    assert.deepEqual(movements(escalated), [['adjustment', -4_200, -6_200]]);
    assert.ok((escalated.evidence_details.due_by ?? 0) * SECOND > T0 + 57 * DAY);
    await stripe.control.advance(10 * DAY);
    assert.equal((await read(dispute.id)).status, 'lost');
  });

  it('that nothing comes of is closed after 120 days', async () => {
    const { dispute } = await disputed({ inquiry: true });
    await stripe.control.advance(120 * DAY - 1);
    assert.equal((await read(dispute.id)).status, 'warning_needs_response');
    await stripe.control.advance(1);
    assert.equal((await read(dispute.id)).status, 'warning_closed');
  });
});

describe('a list of disputes', () => {
  it('is newest first, and cut by charge and by payment intent', async () => {
    const first = await disputed();
    const second = await disputed();
    const ids = async (params: Stripe.DisputeListParams) =>
      (await stripe.stripe.disputes.list(params)).data.map(({ id }) => id);
    assert.deepEqual(await ids({}), [second.dispute.id, first.dispute.id]);
    assert.deepEqual(await ids({ charge: first.intent.latest_charge as string }), [first.dispute.id]);
    assert.deepEqual(await ids({ payment_intent: second.intent.id }), [second.dispute.id]);
    const error = await errorOf(read('dp_nobody'));
    assert.deepEqual([error.statusCode, error.param], [404, 'dispute']);
  });
});
