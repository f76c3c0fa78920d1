import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../src/process.js';
import { type Child, startChild } from './child.js';
import { POSTGRES_SETTINGS } from './versions.js';

/** Where Debian's packages put each major version. */
const PACKAGES = '/usr/lib/postgresql';

/** Who runs it when this is root, whom initdb refuses; the package brings the user along. */
const SYSTEM_USER = 'postgres';

const USER = 'temporal';

const START_TIMEOUT_MS = 60_000;

/** A fast shutdown writes what is in memory, and waits for nobody. */
const STOPS_WITHIN_MS = 30_000;

const MEND = 'install it: apt-get install postgresql';

export interface Database {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** The folder of the newest PostgreSQL that is installed. @throws UsageError naming the package. */
export function findPostgres(packages: string = PACKAGES): string {
  const majors = existsSync(packages) ? readdirSync(packages).filter((name) => /^\d+$/.test(name)) : [];
  const newest = majors
    .sort((a, b) => Number(b) - Number(a))
    .map((major) => join(packages, major, 'bin'))
    .find((bin) => existsSync(join(bin, 'postgres')) && existsSync(join(bin, 'initdb')));
  if (newest === undefined) throw new UsageError(`no PostgreSQL under ${packages}: ${MEND}`);
  return newest;
}

/**
 * Starts a database server of its own on loopback, in `folder`, with everything durable that is durable by default; the
 * first time it is created there.
 *
 * @throws UsageError when it does not come up.
 */
export async function startPostgres(folder: string, port: number): Promise<Child & { database: Database }> {
  const bin = findPostgres();
  const user = process.getuid?.() === 0 ? SYSTEM_USER : undefined;
  const data = join(folder, 'postgresql');
  const password = join(folder, 'postgresql.password');
  if (!existsSync(join(data, 'PG_VERSION'))) create(bin, data, password, user);
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', ...POSTGRES_SETTINGS];
  const log = join(folder, 'postgresql.log');
  const child = startChild({
    name: 'PostgreSQL',
    command: [
      join(bin, 'postgres'),
      ...['-D', data, '-p', String(port)],
      ...settings.flatMap((setting) => ['-c', setting]),
    ],
    log,
    stopSignal: 'SIGINT',
    stopsWithinMs: STOPS_WITHIN_MS,
    ...(user === undefined ? {} : { user }),
  });
  try {
    await Promise.race([untilReady(bin, port, log), child.failed]);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return { ...child, database: { host: '127.0.0.1', port, user: USER, password: readFileSync(password, 'utf8') } };
}

function create(bin: string, data: string, passwordFile: string, user: string | undefined): void {
  // What an interrupted creation left behind is no database.
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { recursive: true, mode: 0o700 });
  writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (user !== undefined) {
    const [uid, gid] = ['-u', '-g'].map((flag) => idOf(user, flag)) as [number, number];
    for (const path of [data, passwordFile]) chownSync(path, uid, gid);
  }
  const initdb = [join(bin, 'initdb'), '-D', data, '-U', USER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const command = [...initdb, '--encoding=UTF8', '--locale=C', '--no-instructions'];
  const as = user === undefined ? [] : [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--'];
  const made = spawnSync('setpriv', [...as, ...command], { encoding: 'utf8', cwd: '/' });
  if (made.status === 0) return;
  rmSync(data, { recursive: true, force: true });
  const denied = /Permission denied/.test(made.stderr)
    ? `; its folder must be reachable by the user ${user ?? 'that this is'}: set PENSTOCK_DATA_DIR to one that is`
    : '';
  throw new UsageError(`PostgreSQL could not create its files in ${data}: ${made.stderr.trim()}${denied}`);
}

function idOf(user: string, flag: string): number {
  const id = spawnSync('id', [flag, user], { encoding: 'utf8' });
  if (id.status !== 0)
    throw new UsageError(`there is no user ${user} to run PostgreSQL as, which refuses root: ${MEND}`);
  return Number(id.stdout);
}

/** It listens before it has recovered, and refuses until then. */
async function untilReady(bin: string, port: number, log: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  const ask = ['-q', '-h', '127.0.0.1', '-p', String(port), '-U', USER];
  while (spawnSync(join(bin, 'pg_isready'), ask).status !== 0) {
    if (Date.now() > deadline) throw new UsageError(`PostgreSQL did not come up: see ${log}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
