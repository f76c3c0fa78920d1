import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { afterPage, SYNC_BEGINS, SYNC_KINDS, type SyncCursor } from '../../src/domain/syncing.js';

describe('a sync', () => {
  it('reads every page of every kind that is asked for once, in their order, and then ends', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: SYNC_KINDS.length });
    fc.assert(
      fc.property(counts, (pagesOf) => {
        const kinds = SYNC_KINDS.slice(0, pagesOf.length);
        const expected = pagesOf.flatMap((count, kind) =>
          Array.from({ length: count }, (_, page) => `${kind}/${page}`),
        );
        const read: string[] = [];
        let at: SyncCursor | null = SYNC_BEGINS;
        while (at !== null) {
          const page: number = at.after === null ? 0 : Number(at.after) + 1;
          read.push(`${at.kind}/${page}`);
          at = afterPage(kinds, at, page + 1 < (pagesOf[at.kind] ?? 0) ? String(page) : null);
        }
        assert.deepEqual(read, expected);
      }),
    );
  });
});
