import type { Tombstone } from '../../src/domain/tombstone.js';
import type { LedgerEntry } from '../../src/store/ledger.js';

/** When what these tests keep happened, Unix ms. */
export const KEPT_AT = Date.UTC(2026, 0, 15, 12);

/** A charge in the ledger, with `changes`. */
export function ledgerEntry(id: string, changes: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    account: 'eu',
    id,
    kind: 'charge',
    payment: 'pay.acme.1',
    intent: 'pi_1',
    amount: 1_999,
    currency: 'eur',
    status: 'succeeded',
    occurredAtMs: KEPT_AT,
    recordedAtMs: KEPT_AT,
    ...changes,
  };
}

/** The tombstone of a payment that was taken and has not closed, with `changes`. */
export function openTombstone(payment: string, run: string, changes: Partial<Tombstone> = {}): Tombstone {
  return {
    payment,
    run,
    fingerprint: '1:abc',
    account: 'eu',
    merchant: 'acme',
    reference: '1',
    openedAtMs: KEPT_AT,
    result: null,
    closedAtMs: null,
    ...changes,
  };
}

/** The tombstone of one that succeeded, with `changes` of its result. */
export function closedTombstone(
  payment: string,
  run: string,
  closedAtMs: number,
  changes: Partial<NonNullable<Tombstone['result']>> = {},
): Tombstone {
  return openTombstone(payment, run, {
    closedAtMs,
    result: {
      status: 'succeeded',
      amount: 1_999,
      currency: 'eur',
      livemode: false,
      account: 'eu',
      intent: 'pi_1',
      amountCaptured: 1_999,
      failure: null,
      acceptedAtMs: KEPT_AT,
      expiresAtMs: KEPT_AT + 900_000,
      ...changes,
    },
  });
}
