import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { booksOf } from '../../src/store/books.js';
import { type Database, DatabaseError, SchemaNewerError } from '../../src/store/database.js';
import { migrate } from '../../src/store/migrate.js';
import { MIGRATIONS } from '../../src/store/migrations.js';
import { onBothDatabases } from '../support/databases.js';

const tablesOf = async (database: Database) => {
  const rows = await database.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'penstock' order by 1",
  );
  return rows.map(({ name }) => name);
};

onBothDatabases('the database', (on) => {
  before(async () => {
    await on.database.query('create table counted (id int primary key, what text not null, at timestamptz, doc jsonb)');
  });

  it('gives and takes times, JSON and 64-bit integers alike', async () => {
    const at = new Date('2026-02-28T23:59:59.123Z');
    const [row] = await on.database.query(
      'select $1::timestamptz as at, $2::jsonb as doc, $3::bigint as amount, $4::text as none, count(*) from counted',
      [at, '{"a":[1,"ü"]}', 9_007_199_254_740_991, null],
    );
    assert.deepEqual({ ...row }, { at, doc: { a: [1, 'ü'] }, amount: 9_007_199_254_740_991, none: null, count: 0 });
  });

  it('tells the fault of a row from its own trouble', async () => {
    const fault = async (sql: string, params: (string | number | null)[] = []) => {
      const error = await on.database.query(sql, params).then(
        () => assert.fail('it was taken'),
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof DatabaseError);
      return [error.sqlState, error.isRowsOwnFault];
    };
    assert.deepEqual(await fault("select 'x'::int"), ['22P02', true]);
    assert.deepEqual(await fault('insert into counted values (1, $1)', [null]), ['23502', true]);
    assert.deepEqual(await fault('select $1::jsonb', ['{"a":"\\u0000"}']), ['22P05', true]);
    assert.deepEqual(await fault('select * from nowhere'), ['42P01', false]);
  });

  it('commits what a transaction did, or none of it', async () => {
    await on.database.transaction(async (tx) => {
      await tx.query("insert into counted values (10, 'a')");
      await tx.query("insert into counted values (11, 'b')");
    });
    const stopped = on.database.transaction(async (tx) => {
      await tx.query("insert into counted values (12, 'c')");
      throw new RangeError('changed my mind');
    });
    await assert.rejects(stopped, RangeError);
    const rows = await on.database.query('select id from counted where id between 10 and 12 order by id');
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [{ id: 10 }, { id: 11 }],
    );
  });

  it('undoes a transaction whose work ignored that one of its statements had failed', async () => {
    const careless = on.database.transaction(async (tx) => {
      await tx.query("insert into counted values (20, 'a')");
      await tx.query("insert into counted values (20, 'again')").catch(() => undefined);
      return 'done';
    });
    await assert.rejects(careless, (error) => error instanceof DatabaseError && error.sqlState === '25P02');
    assert.deepEqual(await on.database.query('select id from counted where id = 20'), []);
  });

  it('keeps statements of others out of a transaction', async () => {
    const others: Promise<unknown>[] = [];
    await on.database.transaction(async (tx) => {
      await tx.query("insert into counted values (30, 'a')");
      others.push(on.database.query<{ count: number }>('select count(*) from counted where id in (30, 31)'));
      await tx.query("insert into counted values (31, 'b')");
    });
    const [rows] = (await Promise.all(others)) as [{ count: number }[]];
    assert.ok(rows?.[0]?.count === 0 || rows?.[0]?.count === 2, `it saw ${rows?.[0]?.count} of two`);
  });

  it('lets nothing be asked of a transaction that is over', async () => {
    let leaked: { query: Database['query'] } | undefined;
    await on.database.transaction(async (tx) => {
      leaked = tx;
    });
    await assert.rejects(async () => leaked?.query("insert into counted values (40, 'late')"), DatabaseError);
  });

  // PGlite is in this process, and has no connections.
  if (on.kind !== 'PGlite') {
    it('keeps a connection while nobody asks, so that whoever does so next waits for none', async () => {
      const database = on.again();
      const connection = async () => (await database.query<{ pid: number }>('select pg_backend_pid() as pid'))[0]?.pid;
      const first = await connection();
      // The pool closes what was idle for ten seconds.
      await new Promise((resolve) => setTimeout(resolve, 11_000));
      assert.equal(await connection(), first);
    });
  }

  it('is migrated once, by however many that come at once, and a second time by nobody', async () => {
    await Promise.all([migrate(on.database), migrate(on.again()), migrate(on.again()), migrate(on.database)]);
    const tables = await tablesOf(on.database);
    await migrate(on.database);
    assert.deepEqual(await tablesOf(on.database), tables);
    assert.ok(tables.includes('ledger') && tables.includes('tombstones') && tables.includes('usage'));
    const numbers = await on.database.query<{ number: number }>('select number from penstock.migrations order by 1');
    assert.deepEqual(
      numbers.map(({ number }) => number),
      MIGRATIONS.map((_, index) => index + 1),
    );
  });

  it('begins every table with the deployment, which is in its key', async () => {
    await migrate(on.database);
    const keyed = await on.database.query<{ name: string }>(
      `select k.table_name as name from information_schema.key_column_usage k
        join information_schema.table_constraints c using (constraint_schema, constraint_name)
        where k.table_schema = 'penstock' and c.constraint_type = 'PRIMARY KEY'
          and k.column_name = 'deployment' and k.ordinal_position = 1 order by 1`,
    );
    const tables = (await tablesOf(on.database)).filter((table) => table !== 'migrations');
    assert.deepEqual(
      keyed.map(({ name }) => name),
      tables,
    );
  });

  it('takes the migrations that are new, and leaves nothing of one that fails', async () => {
    await migrate(on.database);
    const next = { name: 'next', statements: ['create table penstock.next (deployment text)'] };
    const broken = { name: 'broken', statements: ['create table penstock.half (a int)', 'create nonsense'] };
    await assert.rejects(migrate(on.database, [...MIGRATIONS, next, broken]), DatabaseError);
    assert.ok(!(await tablesOf(on.database)).some((table) => table === 'half' || table === 'next'));
    await migrate(on.database, [...MIGRATIONS, next]);
    assert.ok((await tablesOf(on.database)).includes('next'));
  });

  it('refuses a database that a newer version has migrated, and says which', async () => {
    await assert.rejects(migrate(on.database), (error: Error) => {
      assert.ok(error instanceof SchemaNewerError);
      const known = MIGRATIONS.length;
      assert.equal(
        error.message,
        `the store's database is at migration ${known + 1}, and this version of Penstock knows ${known}: run a newer one`,
      );
      return true;
    });
  });
});

onBothDatabases('a database that an earlier version has migrated', (on) => {
  it('takes an object that was kept before as shown at its version', async () => {
    const at = MIGRATIONS.findIndex(({ name }) => name === 'until when an object may have been shown');
    await migrate(on.database, MIGRATIONS.slice(0, at));
    await on.database.query(
      `insert into penstock.objects (deployment, account, kind, id, version, created, body)
        values ('d1', 'eu', 'charge', 'ch_1', 1000, now(), '{}')`,
    );
    await migrate(on.database);
    const found = await booksOf(on.database, 'd1').objects.find('eu', 'charge', 'ch_1');
    assert.deepEqual([found?.version, found?.answered], [1_000, 1_000]);
  });
});
