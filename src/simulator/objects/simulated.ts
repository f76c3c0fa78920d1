import { DAY_MS } from '../time/durations.js';

/** What the simulator keeps for itself: nobody asks Stripe for it. */

/** What comes about at a later time, unless it is taken back before. */
export interface Scheduled {
  /** `<kind>/<what it concerns>`: the same thing scheduled again replaces the first. */
  id: string;
  /** When, Unix ms by the simulator's clock. */
  dueMs: number;
  kind: DueKind;
  /** The id of the object it concerns. */
  concerns: string;
}

export type DueKind =
  | 'authorization_expires'
  | 'charge_settles'
  | 'debit_decided'
  | 'refund_succeeds'
  | 'refund_fails'
  | 'dispute_opens'
  | 'inquiry_opens'
  | 'dispute_decided'
  | 'dispute_overdue'
  | 'inquiry_lapses'
  | 'balance_available'
  | 'payout_due'
  | 'payout_sent'
  | 'payout_arrives'
  | 'payout_reconciled'
  | 'report_ready';

/** How far the simulator's clock is ahead of real time, or where it stands still. */
export interface ClockOffset {
  id: 'clock';
  offsetMs: number;
  /** Unix ms by the simulator's clock; null, or nothing, where it runs. */
  frozenAtMs?: number | null;
}

/** What every id is made from: the seed, and how often a simulator was started with it. */
export interface Seed {
  id: 'seed';
  seed: string;
  starts: number;
}

/** Stripe keeps keys for 24 hours at least; the simulator no longer than that. */
export const KEY_LIFE_MS = DAY_MS;

/** An answer kept under an idempotency key. */
export interface StoredAnswer {
  id: string;
  /** The endpoint it answers. */
  path: string;
  fingerprint: string;
  status: number;
  body: unknown;
  createdMs: number;
}
