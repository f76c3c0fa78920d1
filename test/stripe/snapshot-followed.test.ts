import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type Stripe from 'stripe';
import type { DisputeSnapshot } from '../../src/domain/dispute/index.js';
import { toMetadata } from '../../src/domain/intent.js';
import { toDisputeSnapshot, toRefundSnapshot, toSnapshot } from '../../src/stripe/snapshot.js';

const OWNER = { name: 'default', secretKey: 'sk_test_0123456789' };
const CREATED = 1_800_000_000;
/** Marked where Stripe puts what is nobody's business here. */
const PRIVATE = 'PRIVATE';
const LABELS = { deployment: 'd1', workflowId: 'refund.acme.order-1.back-1', attempt: 1 };

const refund = (changes: object = {}) =>
  ({
    id: 're_1',
    object: 'refund',
    amount: 500,
    currency: 'eur',
    created: CREATED,
    status: 'pending',
    payment_intent: 'pi_1',
    charge: 'ch_1',
    reason: 'requested_by_customer',
    metadata: { ...toMetadata(LABELS), note: PRIVATE },
    description: PRIVATE,
    instructions_email: PRIVATE,
    receipt_number: PRIVATE,
    destination_details: { card: { reference: PRIVATE } },
    next_action: { display_details: { email_sent: { email_sent_to: PRIVATE } } },
    ...changes,
  }) as unknown as Stripe.Refund;

const dispute = (changes: object = {}) =>
  ({
    id: 'dp_1',
    object: 'dispute',
    livemode: false,
    amount: 1999,
    currency: 'eur',
    created: CREATED,
    status: 'needs_response',
    reason: 'fraudulent',
    payment_intent: 'pi_1',
    charge: 'ch_1',
    balance_transactions: [],
    evidence_details: { due_by: CREATED + 604_800, submission_count: 0, has_evidence: false, past_due: false },
    evidence: {
      customer_email_address: PRIVATE,
      customer_name: PRIVATE,
      billing_address: PRIVATE,
      uncategorized_text: PRIVATE,
    },
    metadata: { note: PRIVATE },
    payment_method_details: { card: { brand: 'visa', network_reason_code: PRIVATE } },
    ...changes,
  }) as unknown as Stripe.Dispute;

const moved = (...amounts: number[]) => ({ balance_transactions: amounts.map((amount) => ({ amount, fee: 1500 })) });

/** As a workflow is told of it. */
const asTold = (kept: DisputeSnapshot): DisputeSnapshot => JSON.parse(JSON.stringify(kept));

describe('what is kept of a refund', () => {
  it('is what decides its state, and nothing about people', () => {
    const kept = toRefundSnapshot(OWNER, refund({ status: 'failed', failure_reason: 'lost_or_stolen_card' }));
    assert.deepEqual(kept, {
      account: 'default',
      id: 're_1',
      status: 'failed',
      amount: 500,
      currency: 'eur',
      intent: 'pi_1',
      charge: 'ch_1',
      reason: 'requested_by_customer',
      failureReason: 'lost_or_stolen_card',
      createdMs: CREATED * 1000,
      labels: LABELS,
    });
    assert.ok(!JSON.stringify(kept).includes(PRIVATE));
  });

  it('is the same whether Stripe names its intent and charge or shows them whole', () => {
    const whole = refund({
      payment_intent: { id: 'pi_1', receipt_email: PRIVATE },
      charge: { id: 'ch_1', billing_details: PRIVATE },
    });
    assert.deepEqual(toRefundSnapshot(OWNER, whole), toRefundSnapshot(OWNER, refund()));
  });

  it('survives what Stripe may leave out', () => {
    const bare = toRefundSnapshot(OWNER, refund({ status: null, payment_intent: null, charge: null, metadata: null }));
    assert.deepEqual(
      [bare.status, bare.intent, bare.charge, bare.labels, bare.failureReason],
      ['unknown', null, null, null, null],
    );
  });
});

describe('what is kept of a dispute', () => {
  it('is what decides its state, and none of the evidence', () => {
    const kept = asTold(toDisputeSnapshot(OWNER, dispute()));
    assert.deepEqual(kept, {
      account: 'default',
      livemode: false,
      id: 'dp_1',
      status: 'needs_response',
      amount: 1999,
      currency: 'eur',
      reason: 'fraudulent',
      intent: 'pi_1',
      charge: 'ch_1',
      createdMs: CREATED * 1000,
      evidenceDueMs: (CREATED + 604_800) * 1000,
      evidenceSubmitted: 0,
      withdrawn: 0,
      reinstated: 0,
      balanceCurrency: null,
    });
    assert.ok(!JSON.stringify(kept).includes(PRIVATE));
  });

  it('adds up what went out and what came back, each by itself and both positive', () => {
    const rows: [number[], number, number][] = [
      [[], 0, 0],
      [[-1999], 1999, 0],
      [[-1999, 1999], 1999, 1999],
      [[-1000, -999, 500], 1999, 500],
    ];
    for (const [amounts, withdrawn, reinstated] of rows) {
      const kept = asTold(toDisputeSnapshot(OWNER, dispute(moved(...amounts))));
      assert.deepEqual([kept.withdrawn, kept.reinstated], [withdrawn, reinstated]);
    }
  });

  it('counts the disputed money, and not the fee that Stripe takes for it', () => {
    const [out] = moved(-1999).balance_transactions;
    const { withdrawn } = toDisputeSnapshot(
      OWNER,
      dispute({ balance_transactions: [{ ...out, fee: 1500, net: -3499 }] }),
    );
    assert.equal(withdrawn, 1999);
  });

  it('survives what Stripe may leave out', () => {
    const bare = dispute({
      payment_intent: null,
      charge: null,
      evidence_details: { due_by: null, submission_count: 2 },
    });
    const { intent, charge, evidenceDueMs, evidenceSubmitted } = toDisputeSnapshot(OWNER, bare);
    assert.deepEqual([intent, charge, evidenceDueMs, evidenceSubmitted], [null, '', null, 2]);
  });
});

describe('an answer of another kind than was asked for', () => {
  it('is not taken for one', () => {
    const wrong = { id: 'ch_1', object: 'charge' } as never;
    for (const take of [toSnapshot, toRefundSnapshot, toDisputeSnapshot]) {
      assert.throws(() => take(OWNER, wrong), TypeError);
    }
  });
});
