import { type Books, booksOf, type Database } from '../../src/store/index.js';
import { openPostgres } from '../../src/store/postgres.js';
import type { Stack } from './stack.js';

/** A stack's store, as its processes have it. */
export interface OpenBooks {
  readonly database: Database;
  readonly books: Books;
  readonly deployment: string;
}

/** Opens a second connection to the store of a stack that has one; whoever asked for it closes the database. */
export async function openBooks(stack: Stack): Promise<OpenBooks> {
  const deployment = await stack.deployment();
  const database = openPostgres(stack.databaseUrl);
  return { database, books: booksOf(database, deployment), deployment };
}
