import type { TableName, Tables } from '../state/tables.js';
import type { Wanted } from '../state/transaction.js';
import type { RequestContext } from './context.js';
import { invalidRequest } from './errors.js';
import type { ListParams } from './params.js';
import { shown } from './shown.js';

/** A page as Stripe answers it: newest first. */
export interface Page {
  readonly object: 'list';
  readonly url: string;
  readonly has_more: boolean;
  readonly data: readonly unknown[];
}

/** Where the rows of a page come from. */
export interface Listing<T extends TableName> {
  readonly table: T;
  readonly url: string;
  /** Rows are looked for by this indexed field where its value is given. */
  readonly by?: readonly [field: keyof Tables[T] & string, value: unknown];
  readonly where?: (row: Tables[T]) => boolean;
  /** The same of rows that are kept as text, before one is read; of a list that has no `by`. */
  readonly wanted?: Wanted<T>;
}

type Paged = Omit<ListParams, 'expand' | 'created'> & { created?: ListParams['created'] };

/**
 * A page of `listing`, newest first, cut by `created`, cursors and `limit`. Reads no further than it must: rows stand in
 * the order of their creation.
 */
export function page<T extends TableName>(context: RequestContext, given: Paged, listing: Listing<T>): Page {
  const { limit = 10, starting_after, ending_before } = given;
  for (const [name, id] of [
    ['starting_after', starting_after],
    ['ending_before', ending_before],
  ] as const) {
    if (id !== undefined && context.tx.look(listing.table, id) === undefined) {
      throw invalidRequest(`No such object: '${id}'`, 'resource_missing', name);
    }
  }
  if (starting_after !== undefined && ending_before !== undefined) {
    throw invalidRequest('You can only specify one of these parameters: starting_after, ending_before.');
  }
  const rows = matching(context, given, listing);
  // Of what is newer than a row, the page next to it.
  const found = ending_before === undefined ? upTo(rows, limit + 1) : [...rows];
  const data = ending_before === undefined ? found.slice(0, limit) : found.slice(-limit);
  return {
    object: 'list',
    url: listing.url,
    has_more: found.length > data.length,
    data: data.map((row) => shown(context, listing.table, row)),
  };
}

function* matching<T extends TableName>(
  context: RequestContext,
  given: Paged,
  listing: Listing<T>,
): Generator<Tables[T]> {
  const { gt = -1, gte = 0 } = given.created ?? {};
  for (const row of candidates(context, given, listing)) {
    const at = (row as unknown as { created: number }).created;
    if (at < gte || at <= gt) return;
    if (isBefore(at, given.created ?? {}) && (listing.where?.(row) ?? true)) yield row;
  }
}

/** Whether a time is not too late for a range of `created`, all in Unix seconds. */
export function isBefore(
  at: number,
  { lt = Number.POSITIVE_INFINITY, lte = lt }: Pick<NonNullable<Paged['created']>, 'lt' | 'lte'>,
): boolean {
  return at < lt && at <= lte;
}

/** The rows between the cursors, which say where in time to begin and end and need not be of the list themselves. */
function* candidates<T extends TableName>(
  { tx }: RequestContext,
  { starting_after: after, ending_before: before }: Paged,
  { table, by, wanted }: Listing<T>,
): Generator<Tables[T]> {
  const indexed = by?.[1] === undefined ? undefined : tx.where(table, by[0], by[1]).reverse();
  for (const row of indexed ?? tx.newestFirst(table, after, wanted)) {
    if (before !== undefined && !tx.isNewer(table, row.id, before)) return;
    if (after === undefined || tx.isNewer(table, after, row.id)) yield row;
  }
}

function upTo<T>(rows: Iterable<T>, count: number): T[] {
  const found: T[] = [];
  for (const row of rows) {
    if (found.push(row) >= count) break;
  }
  return found;
}
