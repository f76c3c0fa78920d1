import type { SyncKind } from '../domain/syncing.js';

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
  readonly job: string;
  readonly kind: SyncKind;
}

export interface SyncedPage extends PageDone {
  readonly next: string | null;
}

/** The activities of background work, on the background lane: one call to Stripe each. */
export interface BackgroundActivities {
  /** Hands on a page of events that were not delivered, oldest first, as if their webhooks had come. */
  recoverWebhooks(input: PageInput): Promise<RecoveredPage>;
}
