import { invalidRequest } from './errors.js';
import { integer, nested, type Params, text } from './params.js';

/** The parameters every list takes. */
export const LIST_PARAMS = ['limit', 'starting_after', 'ending_before', 'created', 'expand'] as const;

/** A newest-first page over `rows` (oldest first), cut by `created`, cursors and `limit`. */
export function page<T extends { id: string; created: number }>(rows: readonly T[], params: Params, url: string) {
  const limit = integer(params, 'limit') ?? 10;
  if (limit < 1 || limit > 100) throw invalidRequest('limit must be from 1 to 100', undefined, 'limit');
  const within = createdFilter(params);
  let newestFirst = rows.filter(within).reverse();

  const after = text(params, 'starting_after');
  const before = text(params, 'ending_before');
  if (after !== undefined) newestFirst = newestFirst.slice(indexOf(newestFirst, after, 'starting_after') + 1);
  if (before !== undefined) {
    const upTo = newestFirst.slice(0, indexOf(newestFirst, before, 'ending_before'));
    const data = upTo.slice(-limit);
    return { object: 'list', url, has_more: upTo.length > data.length, data };
  }
  const data = newestFirst.slice(0, limit);
  return { object: 'list', url, has_more: newestFirst.length > data.length, data };
}

function indexOf(rows: readonly { id: string }[], id: string, param: string): number {
  const index = rows.findIndex((row) => row.id === id);
  if (index < 0) throw invalidRequest(`No such object: '${id}'`, 'resource_missing', param);
  return index;
}

function createdFilter(params: Params): (row: { created: number }) => boolean {
  const exact = params['created'];
  if (typeof exact === 'string') return (row) => row.created === integer(params, 'created');
  const range = nested(params, 'created') ?? {};
  const gt = integer(range, 'gt') ?? Number.NEGATIVE_INFINITY;
  const gte = integer(range, 'gte') ?? Number.NEGATIVE_INFINITY;
  const lt = integer(range, 'lt') ?? Number.POSITIVE_INFINITY;
  const lte = integer(range, 'lte') ?? Number.POSITIVE_INFINITY;
  return ({ created }) => created > gt && created >= gte && created < lt && created <= lte;
}
