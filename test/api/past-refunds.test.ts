import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Followed, FollowedRefund } from '../../src/api/followed.js';
import { type PastPayment, pastTaken } from '../../src/api/past.js';
import { forgottenRefund, forgottenRefunds } from '../../src/api/past-refunds.js';
import type { LedgerEntry } from '../../src/store/index.js';
import { closedTombstone, KEPT_AT, ledgerEntry } from '../support/kept.js';

const R1 = 'refund.acme.1.r1';
const R2 = 'refund.acme.1.r2';

function past(...ledger: LedgerEntry[]): PastPayment {
  const tombstone = closedTombstone('pay.acme.1', 'run-1', KEPT_AT);
  assert.ok(tombstone.result !== null);
  return { tombstone: { ...tombstone, result: tombstone.result }, ledger: [ledgerEntry('ch_1'), ...ledger] };
}
const refunded = (id: string, changes: Partial<LedgerEntry> = {}) =>
  ledgerEntry(id, { kind: 'refund', amount: 500, workflow: R1, fingerprint: '1:same', ...changes });
function following(workflowId: string, refund: string | null): Followed {
  const shown = { status: 'processing', amount: 500, refund, payment_intent: 'pi_1' } as const;
  return { refunds: [{ ...shown, workflowId } as FollowedRefund], disputes: [] };
}
const NONE: Followed = { refunds: [], disputes: [] };
const refusedAs = (code: string) => (error: Error & { status?: number; code?: string }) =>
  error.status === 409 && error.code === code;

describe('a refund that Temporal has forgotten with its payment', () => {
  it('is the same refund when the same is asked for again', () => {
    const found = forgottenRefund(past(refunded('re_1')), NONE, R1, '1:same');
    assert.deepEqual(
      [found?.workflowId, found?.reference, found?.refund, found?.amount, found?.status, found?.runStatus],
      [R1, 'r1', 're_1', 500, 'succeeded', 'FORGOTTEN'],
    );
  });

  it('is told by its refund that holds the money, not by one that failed before it', () => {
    const failed = refunded('re_1', { status: 'failed' });
    assert.equal(forgottenRefund(past(failed, refunded('re_2')), NONE, R1, '1:same')?.refund, 're_2');
    assert.equal(forgottenRefund(past(failed), NONE, R1, '1:same')?.status, 'failed');
  });

  it('keeps its reference from another request, and no other reference', () => {
    assert.throws(() => forgottenRefund(past(refunded('re_1')), NONE, R1, '1:other'), refusedAs('reference_taken'));
    assert.equal(forgottenRefund(past(refunded('re_1')), NONE, R2, '1:same'), null);
  });

  it('of which nobody knows whose it was lets nothing be given back under any reference', () => {
    const nameless = ledgerEntry('re_1', { kind: 'refund', amount: 500 });
    for (const entry of [nameless, refunded('re_1', { fingerprint: null })]) {
      assert.throws(
        () => forgottenRefund(past(entry), NONE, R1, '1:same'),
        (error: Error & { detail?: string }) =>
          refusedAs('refund_forgotten')(error) && /^500 were given back \(re_1\).*dashboard/.test(error.detail ?? ''),
      );
    }
    assert.throws(() => forgottenRefund(past(nameless), NONE, R2, '1:x'), refusedAs('refund_forgotten'));
    const failed = { ...nameless, status: 'failed' };
    assert.equal(forgottenRefund(past(failed), NONE, R1, '1:same'), null);
  });

  it('is none that Temporal still knows, by its refund or by its run, and counts once', () => {
    const nameless = ledgerEntry('re_1', { kind: 'refund', amount: 500 });
    assert.equal(forgottenRefund(past(nameless), following(R2, 're_1'), R1, '1:same'), null);
    const entry = refunded('re_1', { workflow: R2 });
    assert.deepEqual(forgottenRefunds(past(entry), following(R2, null)), []);
    assert.equal(pastTaken(past(entry), following(R2, null)), 500);
    assert.equal(pastTaken(past(entry), NONE), 500);
  });
});
