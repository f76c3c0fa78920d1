/** The kinds of historic objects that can be kept, as Stripe names their lists. */
export const SYNC_KINDS = ['charges', 'refunds', 'customers', 'disputes'] as const;

export type SyncKind = (typeof SYNC_KINDS)[number];

/** What is kept of an object at Stripe. Times in Unix ms. */
export interface SyncedObject {
  readonly kind: SyncKind;
  readonly id: string;
  readonly createdMs: number;
  /** What it says, without anything about people: plain JSON. */
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * How far a sync has come: its kinds one after the other, each page by page. Plain JSON, so that it is carried through
 * continue-as-new as it is.
 */
export interface SyncCursor {
  /** Which of the kinds asked for, counting from 0. */
  readonly kind: number;
  readonly after: string | null;
}

export const SYNC_BEGINS: SyncCursor = { kind: 0, after: null };

/** Where to go on after a page whose cursor is `next`; null once every kind was read to its end. */
export function afterPage(kinds: readonly SyncKind[], at: SyncCursor, next: string | null): SyncCursor | null {
  if (next !== null) return { kind: at.kind, after: next };
  return at.kind + 1 < kinds.length ? { kind: at.kind + 1, after: null } : null;
}
