import type { Booked, Reading } from '../domain/reconciling.js';
import type { SyncKind } from '../domain/syncing.js';
import type { JobResult } from '../workflows/messages.js';

/** What every page of background work says beside what it found. */
export interface PageDone {
  /** HTTP requests to Stripe, those of tries that failed among them. */
  readonly stripeCalls: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** A stretch of time at Stripe and where in it to go on; from the first, up to and without the second, Unix ms. */
export interface PageInput {
  readonly account: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly after: string | null;
}

export interface RecoveredPage extends PageDone {
  readonly next: string | null;
  /** Payments that were told of a final intent. */
  readonly settled: readonly string[];
}

export interface SyncPageInput extends PageInput {
  readonly kind: SyncKind;
}

export interface SyncedPage extends PageDone {
  readonly next: string | null;
}

/** A page of Temporal's own record of the payments that closed in a period. */
export interface FillInput {
  readonly account: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly token: string | null;
}

export interface FilledPage extends PageDone {
  readonly next: string | null;
}

export interface ComparedPage extends PageDone {
  readonly next: string | null;
}

/** A report's file, its size in bytes, and the period that it is of; jobs of before said no period. */
export interface ReportInput {
  readonly account: string;
  readonly file: string;
  readonly size?: number | undefined;
  readonly fromMs?: number;
  readonly toMs?: number;
}

export interface UnseenInput {
  readonly account: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly after: LedgerPlace | null;
}

/** An entry's place in the ledger. */
export interface LedgerPlace {
  readonly id: string;
  readonly occurredAtMs: number;
}

export interface UnseenPage {
  /** What is booked and was on no page. */
  readonly unseen: readonly Booked[];
  readonly next: LedgerPlace | null;
}

/** A report's run, as far as it has come. */
export interface ReportLook extends PageDone {
  readonly id: string;
  readonly status: 'pending' | 'succeeded' | 'failed';
  readonly file: string | null;
  /** Bytes of the file. */
  readonly size?: number | undefined;
}

export interface ReportedPage extends PageDone {
  /** Whether the report was read whole and nothing in it disagrees. */
  readonly agrees: boolean;
}

/** The activities of background work, on the background lane: one call to Stripe each, or none. */
export interface BackgroundActivities {
  /** Hands on a page of events that were not delivered, oldest first, as if their webhooks had come. */
  recoverWebhooks(input: PageInput): Promise<RecoveredPage>;
  /** Keeps a page of historic objects. */
  syncObjects(input: SyncPageInput): Promise<SyncedPage>;
  /** Books what closed payments collected, how they ended, and the store has missed. Asks Temporal and the store. */
  fillLedger(input: FillInput): Promise<FilledPage>;
  /** Holds a page of Stripe's balance transactions against the ledger, and tells payments what does not agree. */
  comparePage(input: PageInput): Promise<ComparedPage>;
  /** Whether a report takes fewer calls than lists. Asks the store. */
  chooseReading(input: Omit<PageInput, 'after'>): Promise<{ reading: Reading }>;
  /** Asks Stripe for a report of the period. */
  askReport(input: Omit<PageInput, 'after'>): Promise<ReportLook>;
  /** Looks whether it is there. */
  lookAtReport(input: { account: string; run: string }): Promise<ReportLook>;
  /** Holds a whole report against the ledger. */
  compareReport(input: ReportInput): Promise<ReportedPage>;
  /** Looks through the ledger for what was on no page. Asks the store. */
  listUnseen(input: UnseenInput): Promise<UnseenPage>;
  /** Reads what was on no page, and says whether it agrees after all; whom it concerns is told what does not. */
  compareUnseen(input: { account: string; booked: Booked }): Promise<PageDone>;
  /** Records in the store how the job ended, and lets go of its pages. */
  recordEnd(input: { account: string; type: string; result: JobResult }): Promise<void>;
}
