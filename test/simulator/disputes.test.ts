import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { HOUR, SECOND, T0 } from '../support/facts.js';
import { Inbox } from '../support/inbox.js';
import { cardPayment } from '../support/metered-gateway.js';
import { errorOf } from '../support/refused.js';
import { Simulated } from '../support/simulated.js';

const DAY = 24 * HOUR;
/** Longer than a bank takes to decide on evidence, and shorter than anything else. */
const SOON = 10 * SECOND;
const OPENED = ['charge.dispute.created', 'charge.dispute.funds_withdrawn'];
const SUBMITTED = ['charge.dispute.updated', 'charge.updated'];

let stripe: Simulated;
beforeEach(async () => {
  stripe = await Simulated.start({ now: () => T0 });
});
afterEach(() => stripe.stop());

const pay = (changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.stripe.paymentIntents.create(cardPayment(changes));
const read = (id: string) => stripe.stripe.disputes.retrieve(id);
const chargeOf = (intent: Stripe.PaymentIntent) => stripe.stripe.charges.retrieve(intent.latest_charge as string);
const answer = (id: string, uncategorized_text: string, changes: Stripe.DisputeUpdateParams = {}) =>
  stripe.stripe.disputes.update(id, { evidence: { uncategorized_text }, ...changes });
const movements = ({ balance_transactions }: Stripe.Dispute) =>
  balance_transactions.map(({ type, amount, net }) => [type, amount, net]);
async function disputed(options: { reason?: string; inquiry?: boolean } = {}, changes = {}) {
  const intent = await pay(changes);
  return { intent, dispute: await stripe.control.dispute(intent.id, options) };
}
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

describe('evidence against a dispute', () => {
  for (const [text, status, moved, raised] of [
    [
      'winning_evidence',
      'won',
      [
        ['adjustment', -4_200, -6_200],
        ['adjustment', 4_200, 6_200],
      ],
      ['charge.dispute.funds_reinstated', 'charge.dispute.closed', 'charge.updated'],
    ],
    ['losing_evidence', 'lost', [['adjustment', -4_200, -6_200]], ['charge.dispute.closed', 'charge.updated']],
  ] as const) {
    it(`${text} is reviewed, and the dispute is ${status} soon after`, async () => {
      const { intent, dispute } = await disputed();
      let submitted: Stripe.Dispute | undefined;
      const types = await stripe.typesRaisedBy(async () => {
        submitted = await answer(dispute.id, text);
      });
      assert.deepEqual(types, SUBMITTED);
      assert.equal(submitted?.status, 'under_review');
      assert.deepEqual(
        [submitted?.evidence_details.has_evidence, submitted?.evidence_details.submission_count],
        [true, 1],
      );
      assert.equal(submitted?.evidence.uncategorized_text, text);
      assert.deepEqual(await stripe.typesRaisedBy(() => stripe.control.advance(SOON)), raised);
      const closed = await read(dispute.id);
      assert.deepEqual([closed.status, movements(closed)], [status, moved]);
      assert.equal(closed.is_charge_refundable, status === 'won');
      assert.equal((await chargeOf(intent)).disputed, true, 'it was disputed, whatever came of it');
      assert.deepEqual(await stripe.typesRaisedBy(() => stripe.control.advance(365 * DAY)), [], 'and that is the end');
    });
  }

  it('of any other text is reviewed without end', async () => {
    const { dispute } = await disputed();
    await answer(dispute.id, 'they signed for it');
    await stripe.control.advance(365 * DAY);
    assert.equal((await read(dispute.id)).status, 'under_review');
  });

  it('that is staged goes nowhere until it is submitted', async () => {
    const { dispute } = await disputed();
    const types = await stripe.typesRaisedBy(() => answer(dispute.id, 'winning_evidence', { submit: false }));
    assert.deepEqual(types, ['charge.dispute.updated']);
    await stripe.control.advance(SOON);
    const staged = await read(dispute.id);
    assert.deepEqual([staged.status, staged.evidence_details.has_evidence], ['needs_response', true]);
    assert.equal(staged.evidence_details.submission_count, 0);
    await stripe.stripe.disputes.update(dispute.id, { submit: true });
    await stripe.control.advance(SOON);
    assert.equal((await read(dispute.id)).status, 'won');
  });

  it('metadata alone is no answer', async () => {
    const { dispute } = await disputed();
    const updated = await stripe.stripe.disputes.update(dispute.id, { metadata: { ticket: '7' } });
    assert.deepEqual([updated.status, updated.metadata], ['needs_response', { ticket: '7' }]);
  });

  it('that nobody gave by the end of its day: the dispute is lost', async () => {
    const { dispute } = await disputed();
    const dueMs = (dispute.evidence_details.due_by ?? 0) * SECOND;
    assert.equal((dueMs + SECOND) % DAY, 0, 'the last second of a day');
    assert.ok(dueMs - T0 >= 8 * DAY && dueMs - T0 < 9 * DAY);
    await stripe.control.advance(dueMs - T0 - 1);
    assert.equal((await read(dispute.id)).status, 'needs_response');
    const types = await stripe.typesRaisedBy(() => stripe.control.advance(1));
    assert.deepEqual(types, ['charge.dispute.closed', 'charge.updated']);
    assert.equal((await read(dispute.id)).status, 'lost');
  });

  it('is not asked for where the dispute is accepted: lost there and then', async () => {
    const { dispute } = await disputed();
    const types = await stripe.typesRaisedBy(async () => {
      assert.equal((await stripe.stripe.disputes.close(dispute.id)).status, 'lost');
    });
    assert.deepEqual(types, ['charge.dispute.closed', 'charge.updated']);
    for (const call of [answer(dispute.id, 'winning_evidence'), stripe.stripe.disputes.close(dispute.id)]) {
      const error = await errorOf(call);
      assert.deepEqual([error.statusCode, error.message], [400, 'This dispute is already closed']);
    }
    assert.deepEqual(await stripe.typesRaisedBy(() => stripe.control.advance(365 * DAY)), []);
  });

  it('takes no field and no parameter Stripe does not know', async () => {
    const { dispute } = await disputed();
    const update = (params: object) => errorOf(stripe.stripe.disputes.update(dispute.id, params));
    assert.equal((await update({ evidence: { proof: 'x' } })).param, 'evidence[proof]');
    assert.equal((await update({ proof: 'x' })).param, 'proof');
    assert.equal(
      (await update({ evidence: { uncategorized_text: 'x'.repeat(150_001) } })).param,
      'evidence[uncategorized_text]',
    );
    assert.deepEqual(await read(dispute.id), dispute);
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
