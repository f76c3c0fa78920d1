import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, describe, it } from 'node:test';
import { createStore, newStorePassword, storeUrl } from '../../ops/topology/store.js';
import { POSTGRES_SETTINGS, TEMPORAL_CONNECTIONS } from '../../ops/topology/versions.js';
import { DatabaseError } from '../../src/store/database.js';
import { migrate } from '../../src/store/migrate.js';
import { openPostgres } from '../../src/store/postgres.js';
import { OwnPostgres, postgresMissing } from '../support/databases.js';
import { until } from '../support/until.js';

describe('ops/store/create-database.sh', { skip: postgresMissing() }, () => {
  let postgres: OwnPostgres;
  before(async () => {
    postgres = await OwnPostgres.start();
  });
  after(() => postgres?.remove());
  afterEach(async () => {
    await postgres.query('drop database if exists penstock');
    await postgres.query('drop role if exists penstock');
  });

  const made = (password = newStorePassword()) => {
    createStore(postgres.at, password);
    return storeUrl(postgres.at, password);
  };
  const using = async <T>(url: string, use: (database: ReturnType<typeof openPostgres>) => Promise<T>): Promise<T> => {
    const database = openPostgres(url);
    try {
      return await use(database);
    } finally {
      await database.close();
    }
  };
  const count = (url: string) =>
    using(url, (on) => on.query<{ count: number }>('select count(*) as count from penstock.migrations'));

  it('makes a database in which the store can be', async () => {
    const url = made();
    await using(url, (database) => migrate(database));
    assert.ok(Number((await count(url))[0]?.count) > 0);
  });

  it('done again leaves what is there, and the password that it was given last is the one that holds', async () => {
    const first = made();
    await using(first, (database) => migrate(database));
    const before = await count(first);
    const second = made();
    assert.deepEqual(await count(second), before);
    await assert.rejects(count(first), DatabaseError);
  });

  it('makes a user that reads nothing of the others in the same server', async () => {
    const others = await postgres.createDatabase();
    await using(others, async (on) => {
      await on.query('create table executions as select 1 as one');
    });
    const url = new URL(made());
    url.pathname = new URL(others).pathname;
    await assert.rejects(
      using(url.href, (on) => on.query('select * from executions')),
      /permission denied/,
    );
    await assert.rejects(
      using(url.href, (on) => on.query('create table mine as select 1 as one')),
      /permission denied/,
    );
    const [role] = await postgres.query<{ rolsuper: boolean; rolcreatedb: boolean; rolcreaterole: boolean }>(
      "select rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname = 'penstock'",
    );
    assert.deepEqual(role, { rolsuper: false, rolcreatedb: false, rolcreaterole: false });
  });

  it('leaves Temporal its connections, however many processes have the store open', async () => {
    made();
    const [role] = await postgres.query<{ rolconnlimit: number }>(
      "select rolconnlimit from pg_roles where rolname = 'penstock'",
    );
    const [all] = POSTGRES_SETTINGS.flatMap((setting) => /^max_connections=(\d+)$/.exec(setting)?.[1] ?? []);
    const [reserved] = await postgres.query<{ setting: string }>(
      "select setting from pg_settings where name = 'superuser_reserved_connections'",
    );
    const limit = role?.rolconnlimit ?? -1;
    assert.ok(limit > 0, 'there is a limit');
    assert.ok(limit + TEMPORAL_CONNECTIONS + Number(reserved?.setting) <= Number(all), `${limit} of ${all}`);
  });

  /** With other settings of the server for as long as the work takes. */
  const withSettings = async (settings: Readonly<Record<string, string>>, work: () => Promise<void>) => {
    const set = async (word: 'set' | 'reset') => {
      for (const [name, value] of Object.entries(settings))
        await postgres.query(word === 'set' ? `alter system set ${name} = '${value}'` : `alter system reset ${name}`);
      await postgres.query('select pg_reload_conf()');
      for (const [name, value] of Object.entries(settings)) {
        const current = async () => (await postgres.query<Record<string, string>>(`show ${name}`))[0]?.[name];
        await until(async () => ((await current()) === value) === (word === 'set'));
      }
    };
    await set('set');
    try {
      await work();
    } finally {
      await set('reset');
    }
  };

  it('writes the password into no log, even where the server logs every statement', async () => {
    const password = newStorePassword();
    await withSettings({ log_statement: 'all', log_min_duration_statement: '0' }, async () => {
      await postgres.query("select 'this is written down'");
      made(password);
    });
    const log = readFileSync(postgres.log, 'utf8');
    assert.ok(log.includes("select 'this is written down'"));
    assert.ok(!log.includes(password));
  });

  it('writes it nowhere when the very statement with it fails', async () => {
    const password = newStorePassword();
    await postgres.query('create role penstock');
    const refused = /cannot execute ALTER ROLE in a read-only transaction/;
    await withSettings({ default_transaction_read_only: 'on' }, async () => {
      assert.throws(
        () => createStore(postgres.at, password),
        (error: Error) => refused.test(error.message) && !error.message.includes(password),
      );
    });
    const log = readFileSync(postgres.log, 'utf8');
    assert.match(log, refused);
    assert.ok(!log.includes(password));
  });

  it('refuses a password that would be another address, by the name of its variable', async () => {
    for (const password of ['', 'a@b', 'a/b', 'a#b', 'a%zz', "a'b", 'a b', 'a\nb', 'é']) {
      assert.throws(() => createStore(postgres.at, password), /STORE_PASSWORD: letters, digits/, password);
    }
    assert.deepEqual(await postgres.query("select 1 from pg_roles where rolname = 'penstock'"), []);
  });
});
