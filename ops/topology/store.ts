import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../src/config/index.js';
import { UsageError } from '../../src/process.js';
import { type Database, findPostgres } from './postgres.js';

const SCRIPT = fileURLToPath(new URL('../store/create-database.sh', import.meta.url));

/** Of the store's user, and of its database. */
const NAME = 'penstock';

/** One for the store's user: it is given anew at every start, so that it is written down nowhere. */
export function newStorePassword(): string {
  return randomBytes(24).toString('base64url');
}

/** What DATABASE_URL is for the store in that PostgreSQL. */
export function storeUrl({ host, port }: Pick<Database, 'host' | 'port'>, password: string): string {
  return `postgres://${NAME}:${encodeURIComponent(password)}@${host}:${port}/${NAME}`;
}

/**
 * Creates the store's user and database, or gives the user this password; by the very script that the compose file runs.
 *
 * @throws UsageError with what the script said.
 */
export function createStore({ host, port, user, password }: Database, storePassword: string): void {
  // What a person has set for a psql of their own would be taken for this one.
  const inherited = Object.entries(childEnvironment({})).filter(([name]) => !name.startsWith('PG'));
  const env = {
    ...Object.fromEntries(inherited),
    PSQL: join(findPostgres(), 'psql'),
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    STORE_PASSWORD: storePassword,
  };
  const result = spawnSync('sh', [SCRIPT], { encoding: 'utf8', env });
  if (result.status === 0) return;
  throw new UsageError(`ops/store/create-database.sh failed:\n${`${result.stdout}${result.stderr}`.slice(-2_000)}`);
}
