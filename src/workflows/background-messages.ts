import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { PaymentRequest } from '../domain/request.js';
import type { SyncCursor, SyncKind } from '../domain/syncing.js';
import type { PaymentSettings, ProposedAccount } from './payment-start.js';

/** Holds a batch or a job up after the step it is at. */
export const pauseWork = defineSignal('pauseWork');

/** Lets it go on. */
export const resumeWork = defineSignal('resumeWork');

/** Under this name the memo of a batch or a job holds how far it had come when it last wrote that down. */
export const PROGRESS = 'progress';

/** Under this name it holds what was asked for. */
export const ASKED = 'asked';

/** One payment of a batch, with the fingerprint of its request and the account proposed for it. */
export interface BatchItem {
  readonly request: PaymentRequest;
  readonly fingerprint: string;
  readonly account: string;
}

/** How far a batch has come, in payments. */
export interface BatchProgress {
  readonly total: number;
  readonly started: number;
  /** Taken before with the same parameters: the same payment, whoever asked for it. */
  readonly existing: number;
  /** Whose reference is another payment's, by payment id: nothing was changed. */
  readonly conflicted: readonly string[];
  readonly paused: boolean;
}

export interface BatchInput {
  readonly version: 1;
  /** What is still to be started. */
  readonly items: readonly BatchItem[];
  /** The accounts that the items name. */
  readonly accounts: readonly ProposedAccount[];
  readonly settings: PaymentSettings;
  /** Payments to start in a second. */
  readonly perSecond: number;
  readonly progress: BatchProgress;
}

export const batchProgress = defineQuery<BatchProgress>('progress');

/** What every job is asked for. Times in Unix ms: from the first, up to and without the second. */
export interface JobPeriod {
  readonly account: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What every job is started with beside its period. */
export interface JobSettings {
  readonly deployment: string;
  readonly workerLostMs: number;
}

/** How far a job has come. Its counts are its own; these all have. */
export interface JobProgress {
  readonly pages: number;
  /** HTTP requests to Stripe, those that failed among them. */
  readonly stripeCalls: number;
  readonly paused: boolean;
  readonly counts: Readonly<Record<string, number>>;
}

/** How a job ended. */
export interface JobResult extends Omit<JobProgress, 'paused'> {
  /** Whether everything that was asked for was read to its end. */
  readonly complete: boolean;
}

export const jobProgress = defineQuery<JobProgress>('progress');

export interface WebhookRecoveryInput extends JobPeriod, JobSettings {
  readonly version: 1;
  readonly after: string | null;
  readonly progress: JobProgress;
}

export interface SyncInput extends JobPeriod, JobSettings {
  readonly version: 1;
  readonly kinds: readonly SyncKind[];
  readonly at: SyncCursor;
  readonly progress: JobProgress;
}

/**
 * Where a reconciliation is: filling the ledger from Temporal, waiting for a report, reading Stripe's pages, or looking at what
 * was on none.
 */
export type ReconcilingAt =
  | { readonly step: 'fill'; readonly token: string | null }
  | { readonly step: 'choose' }
  | { readonly step: 'report'; readonly run: string | null; readonly looks: number }
  | { readonly step: 'file'; readonly file: string; readonly size?: number | undefined }
  | { readonly step: 'pages'; readonly after: string | null }
  | { readonly step: 'unseen'; readonly after: { readonly id: string; readonly occurredAtMs: number } | null };

export interface ReconciliationInput extends JobPeriod, JobSettings {
  readonly version: 1;
  readonly at: ReconcilingAt;
  readonly progress: JobProgress;
}

export const NOTHING_DONE: JobProgress = { pages: 0, stripeCalls: 0, paused: false, counts: {} };

/** The failure's type of a read that Stripe, or the budget, keeps from being answered for now: it is repeated. */
export const STRIPE_NOT_SETTLED = 'StripeNotSettled';

/** A stretch of Stripe's time, and the cursor in it (Unix ms). */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly after: string | null;
}

/** How far the recovery of an account's events has come, from one sweep to the next. */
export interface RecoveredTo {
  /** Everything before this was handed on (Unix ms). */
  readonly upToMs: number;
  /** A stretch that was too long for one sweep, or could be read no further, and where to go on in it. */
  readonly open: Stretch | null;
}
