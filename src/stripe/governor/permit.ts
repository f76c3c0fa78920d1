/** A call that asks to go to Stripe. */
export interface Turn {
  readonly endpoint: string;
  /** Temporal's priority key: 1 goes first. */
  readonly priority: number;
  /** Whose it is: among those of one priority merchants take turns. */
  readonly merchant: string;
  /** How long it can wait, ms. */
  readonly waitMs: number;
  /** Nobody is the worse for it if it waits for days: where the month's reads are used up, it does. */
  readonly mayWaitForDays?: boolean;
}

/** The leave to send one request. Whoever has it says what becomes of it: it is under way until then. */
export interface Permit {
  /** How long it was waited for, ms. */
  readonly waitedMs: number;
  /** The first byte is about to go out. @returns false where it must not any more: the share it had has ended. */
  written(): boolean;
  /**
   * It is over.
   *
   * @param end which of the account's limits refused it; `passed` where it got past them, whatever came of it then; `unknown`
   *   where nothing was written or no answer came.
   */
  ended(end: LimitCause | 'passed' | 'unknown'): void;
}

/** The causes of a 429 that say something of the account's budget (`Stripe-Rate-Limited-Reason`). */
export type LimitCause = 'global-rate' | 'endpoint-rate' | 'global-concurrency' | 'endpoint-concurrency';

const CAUSES: ReadonlySet<string> = new Set<LimitCause>([
  'global-rate',
  'endpoint-rate',
  'global-concurrency',
  'endpoint-concurrency',
]);

/**
 * What the reason of a 429, or its lack, says of the budget: of one object's own limit nothing, and of a reason that Stripe
 * has added since, the widest.
 */
export function limitCause(reason: string | null): LimitCause | 'passed' {
  if (reason === null || reason === 'resource-specific') return 'passed';
  return CAUSES.has(reason) ? (reason as LimitCause) : 'global-rate';
}

/** The budget has no room for a call within the time that it has. */
export class NoBudgetError extends Error {
  override readonly name = 'NoBudgetError';
  constructor(
    /** When there may be room, as far as can be told, ms. */
    readonly againInMs: number,
  ) {
    super('the budget has no room in time');
  }
}
