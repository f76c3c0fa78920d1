import type { Param } from './database.js';

/** A statement for PGlite's thread. */
export interface Question {
  readonly id: number;
  readonly sql: string;
  readonly params: readonly Param[];
}

/** Asks the thread to end once what was asked before is answered. */
export const CLOSE = 'close';

/** What the thread says: that it has opened, or could not, and its answers. */
export type Said =
  | { readonly type: 'opened' }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'answer'; readonly id: number; readonly rows: readonly object[] }
  | { readonly type: 'error'; readonly id: number; readonly message: string; readonly sqlState: string | null };
