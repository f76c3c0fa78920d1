import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import pg from 'pg';
import { findPostgres, type Database as PostgresServer, startPostgres } from '../../ops/topology/postgres.js';
import type { Database } from '../../src/store/database.js';
import { openPglite } from '../../src/store/pglite.js';
import { openPostgres } from '../../src/store/postgres.js';
import { freePort } from './process.js';

/** One of the two databases, for the tests of one file. */
export interface TestDatabase {
  readonly kind: 'PGlite' | 'PostgreSQL';
  /** Opened before the tests, with nothing in it; a second connection where `again` is asked for and there can be one. */
  readonly database: Database;
  again(): Database;
  /** A deployment of its own: what one test writes no other sees. */
  deployment(): string;
}

/** Runs the same tests on both databases. Where PostgreSQL is not installed, that is said aloud. */
export function onBothDatabases(title: string, tests: (on: TestDatabase) => void): void {
  describe(`${title}, on PGlite`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-store-'));
    let database: Database | undefined;
    before(async () => {
      database = await openPglite(folder, () => undefined);
    });
    after(async () => {
      await database?.close();
      rmSync(folder, { recursive: true, force: true });
    });
    tests(testDatabase('PGlite', () => database));
  });

  describe(`${title}, on PostgreSQL`, { skip: postgresMissing() }, () => {
    let server: OwnPostgres | undefined;
    let database: Database | undefined;
    const others: Database[] = [];
    before(async () => {
      server = await OwnPostgres.start();
      database = openPostgres(await server.createDatabase());
    });
    after(async () => {
      await Promise.all([database, ...others].map((open) => open?.close()));
      await server?.remove();
    });
    tests(
      testDatabase(
        'PostgreSQL',
        () => database,
        () => {
          const other = openPostgres(server?.url ?? '');
          others.push(other);
          return other;
        },
      ),
    );
  });
}

let deployments = 0;

function testDatabase(
  kind: TestDatabase['kind'],
  current: () => Database | undefined,
  again: () => Database = () => given(current()),
): TestDatabase {
  return {
    kind,
    get database() {
      return given(current());
    },
    again,
    deployment: () => {
      deployments += 1;
      return `deployment-${deployments}`;
    },
  };
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is not open yet');
  return value;
}

/**
 * As if the database's disk were full: every write to what is Penstock's is refused with PostgreSQL's own state for that, and
 * reads go on.
 *
 * @returns what makes room again.
 */
export async function fillUp(database: Database): Promise<() => Promise<void>> {
  await database.query(`create function penstock.refuse_for_space() returns trigger language plpgsql as $$
    begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$`);
  const tables = await database.query<{ name: string }>(
    `select tablename::text as name from pg_tables where schemaname = 'penstock'`,
  );
  for (const { name } of tables) {
    await database.query(`create trigger refuse_for_space before insert or update or delete on penstock.${name}
      for each statement execute function penstock.refuse_for_space()`);
  }
  return async () => void (await database.query('drop function penstock.refuse_for_space() cascade'));
}

/**
 * Why what needs PostgreSQL is skipped, for `node:test`; false where it is installed.
 *
 * @throws where it is missing and PENSTOCK_OUTSIDE is `required`.
 */
export function postgresMissing(): string | false {
  try {
    findPostgres();
    return false;
  } catch (error) {
    if (process.env['PENSTOCK_OUTSIDE'] === 'required') throw error;
    const skip = `SKIPPED: ${(error as Error).message}`;
    console.error(skip);
    return skip;
  }
}

/** A PostgreSQL of a test's own, which can be killed and started again. */
export class OwnPostgres {
  private databases = 0;
  /** Everything the server has said. */
  readonly log: string;
  /** Of the database made last. */
  url = '';

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private server: Awaited<ReturnType<typeof startPostgres>>,
  ) {
    this.log = join(folder, 'postgresql.log');
  }

  /** Where it is, and as whom everything may be done there. */
  get at(): PostgresServer {
    return this.server.database;
  }

  static async start(): Promise<OwnPostgres> {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-postgres-'));
    // PostgreSQL, which refuses root, has to get through to its own folder.
    chmodSync(folder, 0o711);
    const port = await freePort();
    return new OwnPostgres(folder, port, await launch(folder, port));
  }

  /** A database with nothing in it. @returns its address. */
  async createDatabase(): Promise<string> {
    this.databases += 1;
    const name = `store_${this.databases}`;
    await this.query(`create database ${name}`);
    this.url = this.urlOf(name);
    return this.url;
  }

  /** Of no database in particular, as whom everything may be done. */
  async query<Row extends object>(sql: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.urlOf('postgres') });
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** Without any chance to finish. */
  async kill9(): Promise<void> {
    await this.server.kill9();
  }

  /**
   * Stops its processes where they are: they are there, take connections, and answer nobody.
   *
   * @returns what lets them go on.
   */
  freeze(): () => void {
    const { pid } = this.server;
    process.kill(pid, 'SIGSTOP');
    // Each connection has a process of its own; no more of them come about now.
    const frozen = [pid, ...childrenOf(pid)];
    for (const child of frozen) process.kill(child, 'SIGSTOP');
    const thaw = () => {
      process.off('exit', thaw);
      for (const each of frozen.splice(0)) process.kill(each, 'SIGCONT');
    };
    // What is stopped does not end with its parent either.
    process.on('exit', thaw);
    return thaw;
  }

  /** Starts it again on its files, once what a kill left behind has gone. */
  async startAgain(): Promise<void> {
    this.server = await launch(this.folder, this.port);
  }

  async remove(): Promise<void> {
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private urlOf(name: string): string {
    const { user, password } = this.server.database;
    return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${this.port}/${name}`;
  }
}

function childrenOf(parent: number): number[] {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return processes.map(Number).filter((pid) => parentOf(pid) === parent);
}

/** After the process' name in parentheses come its state and its parent; null once it has ended. */
function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2]);
  } catch {
    return null;
  }
}

async function launch(folder: string, port: number): ReturnType<typeof startPostgres> {
  // The processes of a server that was killed hold on to its memory for a moment longer, and a new one refuses it.
  for (let tries = 1; ; tries += 1) {
    try {
      const server = await startPostgres(folder, port);
      server.failed.catch(() => undefined);
      return server;
    } catch (error) {
      if (tries === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
