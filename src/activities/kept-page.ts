import { ApplicationFailure, Context } from '@temporalio/activity';
import { type Books, booksOf, type Store, StoreMissingError } from '../store/index.js';
import { beforeCall } from './one-call.js';

export interface KeptParts {
  readonly store: Store;
  readonly deployment: string;
}

/** The job that this activity works for: its workflow's id. */
export function jobOf(): string {
  return Context.current().info.workflowExecution?.workflowId ?? '';
}

/** @throws ApplicationFailure, for good, where this worker has no store at all; while one is away Temporal repeats. */
export function booksFor({ store, deployment }: KeptParts): Books {
  if (!store.isThere) throw ApplicationFailure.nonRetryable(new StoreMissingError().message, 'NoStore');
  return booksOf(store.database, deployment);
}

/**
 * Does a page once: what it found is kept in one transaction with what it writes, so a page that is done again, because a
 * worker died between its commit and its answer, asks nobody anything.
 *
 * @param cursor the page's name among the job's.
 * @param read asks Stripe, once the store is known to be there: a call whose answer could not be kept would be for nothing.
 * @param keep writes what was read.
 */
export async function keptPage<R extends { readonly stripeCalls: number }, T extends { readonly stripeCalls: number }>(
  parts: KeptParts,
  cursor: string,
  read: () => Promise<R>,
  keep: (books: Books, read: R) => Promise<T>,
): Promise<T> {
  const job = jobOf();
  const books = booksFor(parts);
  const before = (await beforeCall(() => books.jobs.page(job, cursor))) as T | undefined;
  // Its own calls are on record; the tries after it made none.
  if (before !== undefined) return before;
  const answer = await read();
  return parts.store.database.transaction(async (on) => {
    const within = booksOf(on, parts.deployment);
    const found = await keep(within, answer);
    await within.jobs.finishPage(job, cursor, found);
    return found;
  });
}
