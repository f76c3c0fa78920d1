import { inTime } from '../clock.js';
import { holdsMoney, isRefunded, type RefundStatus } from '../domain/refund/index.js';
import type { Tombstone, TombstoneResult } from '../domain/tombstone.js';
import { booksOf, type LedgerEntry, type Store, StoreMissingError } from '../store/index.js';
import { Problem, unavailable } from './errors.js';
import type { Followed } from './followed.js';

/** A payment that Temporal has forgotten, as the store has it. */
export interface PastPayment {
  readonly tombstone: Tombstone & { readonly result: TombstoneResult };
  /** What the ledger knows of its money. */
  readonly ledger: readonly LedgerEntry[];
}

export interface PastParts {
  readonly store: Store;
  readonly deployment: string;
}

/** Whoever asks for what Temporal does not know waits no longer for the store. */
const PATIENCE_MS = 2_000;

/**
 * What the store knows of a payment that Temporal has not: the end it came to.
 *
 * @param read reads it from Temporal.
 * @throws what `read` throws, where the store has no end of it either; Problem 503 where the store cannot say.
 */
export async function orPast<T>(parts: PastParts, id: string, read: () => Promise<T>): Promise<T | PastPayment> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    const past = await askedInTime(findPast(parts, id));
    if (past === null) throw error;
    return past;
  }
}

export function isPast(found: object): found is PastPayment {
  return 'tombstone' in found;
}

async function findPast({ store, deployment }: PastParts, id: string): Promise<PastPayment | null> {
  const books = booksOf(store.database, deployment);
  const tombstone = await books.tombstones.find(id);
  if (tombstone === null || tombstone.result === null) return null;
  return { tombstone: { ...tombstone, result: tombstone.result }, ledger: await books.ledger.ofPayment(id) };
}

/** Without a store nothing is known but what Temporal knows; a store that is away may know, and is asked again later. */
async function askedInTime(asking: Promise<PastPayment | null>): Promise<PastPayment | null> {
  const noAnswer = () => {
    throw unavailable('Temporal does not have the payment, and the store did not answer. Ask again.');
  };
  const known = asking.catch((error: unknown) => (error instanceof StoreMissingError ? null : noAnswer()));
  return inTime(known, PATIENCE_MS, noAnswer);
}

/** A refund, by what is known of it: the workflow that follows it, or the ledger, or both. */
interface KnownRefund {
  readonly amount: number;
  readonly status: string;
}

/** Every refund of the payment's own intent once: as its workflow tells it, else as the ledger has it. */
function refundsOf({ tombstone, ledger }: PastPayment, followed: Followed): readonly KnownRefund[] {
  const { intent } = tombstone.result;
  const told = followed.refunds.filter((r) => r.payment_intent === null || r.payment_intent === intent);
  const ids = new Set(told.map(({ refund }) => refund));
  // A run that has not shown its refund yet counts by what it was asked for.
  const runs = new Set(told.flatMap(({ refund, workflowId }) => (refund === null ? [workflowId] : [])));
  const kept = ledger.filter(
    ({ kind, intent: of, id, workflow }) =>
      kind === 'refund' && of === intent && !ids.has(id) && !runs.has(workflow ?? ''),
  );
  return [...told, ...kept];
}

const sum = (refunds: readonly KnownRefund[]) => refunds.reduce((total, { amount }) => total + amount, 0);

/** What counts as given back, minor units. */
export function pastRefunded(past: PastPayment, followed: Followed): number {
  return sum(refundsOf(past, followed).filter(({ status }) => isRefunded(status as RefundStatus)));
}

/** What cannot be given back another time, minor units. */
export function pastTaken(past: PastPayment, followed: Followed): number {
  return sum(refundsOf(past, followed).filter(({ status }) => holdsMoney(status as RefundStatus)));
}
