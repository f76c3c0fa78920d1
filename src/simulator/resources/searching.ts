import { z } from 'zod';
import type { Operation, RequestContext } from '../requests/context.js';
import { invalidRequest } from '../requests/errors.js';
import { EXPAND, integer, object, read, word } from '../requests/params.js';
import { shown } from '../requests/shown.js';
import type { Searched } from '../search/lag.js';
import { type Fields, fitsQuery, parseQuery } from '../search/query.js';

const SEARCH = object({ ...EXPAND, limit: integer(1, 100).optional(), page: word().optional(), query: word(2_000) });

const FIELDS: Readonly<Record<Searched, Fields>> = {
  payment_intents: { amount: 'numeric', created: 'numeric', currency: 'token', customer: 'token', status: 'token' },
  charges: {
    amount: 'numeric',
    created: 'numeric',
    currency: 'token',
    customer: 'token',
    disputed: 'boolean',
    'payment_method_details.card.brand': 'token',
    'payment_method_details.card.last4': 'token',
    'payment_method_details.card.fingerprint': 'token',
    refunded: 'boolean',
    status: 'token',
  },
  customers: { created: 'numeric', email: 'string', name: 'string', phone: 'string' },
};

/** Searches `table`, newest first, as it was some time ago: what has just happened is not found yet. */
export function searching(table: Searched): Operation {
  return (context) => {
    const { query, limit = 10, page } = read(SEARCH, context.params);
    const parsed = parseQuery(query, FIELDS[table]);
    const found = [];
    let more = false;
    for (const row of context.tx.newestFirst(table, page === undefined ? undefined : rowOf(context, table, page))) {
      const seen = context.seen(table, row);
      if (seen === undefined || ('deleted' in seen && seen.deleted === true) || !fitsQuery(parsed, seen)) continue;
      more = found.length === limit;
      if (more) break;
      found.push(seen);
    }
    return {
      object: 'search_result',
      data: found.map((row) => shown(context, table, row)),
      has_more: more,
      next_page: more ? tokenOf(found.at(-1)?.id ?? '') : null,
      url: `/v1/${table}/search`,
    };
  };
}

/** A page's token says where the next begins, and is nobody else's business. */
function tokenOf(id: string): string {
  return Buffer.from(JSON.stringify([id])).toString('base64url');
}

const TOKEN = z.tuple([z.string()]);

function rowOf({ tx }: RequestContext, table: Searched, token: string): string {
  try {
    const [id] = TOKEN.parse(JSON.parse(Buffer.from(token, 'base64url').toString()));
    if (tx.look(table, id) !== undefined) return id;
  } catch {
    // It says nothing: told below, like one that says nonsense.
  }
  throw invalidRequest('Invalid page token.', undefined, 'page');
}
