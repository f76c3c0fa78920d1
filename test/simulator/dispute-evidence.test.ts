import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { disputing, movements, SOON } from '../support/disputing.js';
import { HOUR, SECOND, T0 } from '../support/facts.js';
import { errorOf } from '../support/refused.js';
import { Simulated } from '../support/simulated.js';

const DAY = 24 * HOUR;
const SUBMITTED = ['charge.dispute.updated', 'charge.updated'];

let stripe: Simulated;
beforeEach(async () => {
  stripe = await Simulated.start({ now: () => T0 });
});
afterEach(() => stripe.stop());

const { read, chargeOf, answer, disputed } = disputing(() => stripe);

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
