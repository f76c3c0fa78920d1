import type { StripeLists } from '../stripe/lists.js';
import type { SyncedPage, SyncPageInput } from './background-types.js';
import type { ExchangeParts } from './exchange.js';
import { booksFor, type KeptParts, keptPage } from './kept-page.js';
import { beforeCall, oneCall } from './one-call.js';

export interface SyncParts extends Pick<ExchangeParts, 'now' | 'random'>, KeptParts {
  readonly lists: StripeLists;
}

/**
 * Lists one page of historic objects and keeps them. Stripe's objects have no version, and a list shows each as it is at some
 * time between the asking and the answer, by the one clock that all workers have, the store's.
 *
 * @throws ContestedError where another job's listing, at the same time, showed one of them differently. Temporal repeats it, so
 *   the page is asked for again, after both, and that call counts like any other try.
 */
export function syncObjects(parts: SyncParts, input: SyncPageInput): Promise<SyncedPage> {
  const { account, kind, fromMs, toMs, after } = input;
  return keptPage(
    parts,
    `${kind}/${after ?? ''}`,
    async () => {
      const version = await beforeCall(() => booksFor(parts).objects.versionNow());
      const call = await oneCall(parts, () => parts.lists.objects(account, kind, { fromMs, toMs }, after));
      return { ...call, version, answered: await booksFor(parts).objects.versionNow() };
    },
    async (books, { answer, stripeCalls, version, answered }) => {
      const objects = answer.items.map(({ id, createdMs, body }) => ({
        account,
        kind: SINGULAR[kind],
        id,
        version,
        answered,
        createdMs,
        body,
      }));
      const kept = await books.objects.put(objects);
      return { next: answer.next, stripeCalls, counts: { objects: objects.length, new_or_newer: kept } };
    },
  );
}

/** As the store names them, in Stripe's words for one. */
const SINGULAR = { charges: 'charge', refunds: 'refund', customers: 'customer', disputes: 'dispute' } as const;
