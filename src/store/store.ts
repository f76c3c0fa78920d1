import { join } from 'node:path';
import type { Config } from '../config/index.js';
import type { Logger } from '../telemetry/logger.js';
import { BackgroundDatabase } from './background.js';
import { type Database, StoreMissingError } from './database.js';
import { migrate } from './migrate.js';
import { openPglite } from './pglite.js';
import { openPostgres } from './postgres.js';

/** Where what outlives Temporal's own record is kept, and what spans payments. No payment needs it. */
export interface Store {
  /** False: there is none, and every use of the database fails with {@link StoreMissingError}. */
  readonly isThere: boolean;
  readonly database: Database;
  close(): Promise<void>;
}

export interface StoreParts {
  readonly config: Pick<Config, 'databaseUrl' | 'dataDir'>;
  readonly logger: Logger;
  /** Whether this process may have PGlite in its data folder where no PostgreSQL is named: it belongs to one process. */
  readonly mayEmbed: boolean;
}

/**
 * The store of this process: PostgreSQL where DATABASE_URL names one, else PGlite where it may be, else none. It opens in
 * the background, and whatever it runs into is told in the log, once until it is mended: nothing here ever throws.
 */
export function openStore({ config, logger, mayEmbed }: StoreParts): Store {
  const { databaseUrl, dataDir } = config;
  if (databaseUrl === undefined && !mayEmbed) {
    logger.info('no DATABASE_URL: this process has no store; payments go on, and what needs the store says so');
    return { isThere: false, database: MISSING, close: async () => undefined };
  }
  const database = new BackgroundDatabase({
    open: (onOver, signal) => opened(databaseUrl, join(dataDir, 'store'), onOver, signal),
    now: () => performance.now(),
    onAway: (error) => logger.error({ err: error }, 'the store cannot be used now; payments go on without it'),
    onOpen: () => logger.info('the store is open'),
  });
  database.begin();
  return { isThere: true, database, close: () => database.close() };
}

async function opened(
  url: string | undefined,
  folder: string,
  onOver: () => void,
  signal: AbortSignal,
): Promise<Database> {
  const database = url === undefined ? await openPglite(folder, onOver, { signal }) : openPostgres(url);
  try {
    await migrate(database);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function refuse(): Promise<never> {
  throw new StoreMissingError();
}

const MISSING: Database = { query: refuse, transaction: refuse, close: async () => undefined };
