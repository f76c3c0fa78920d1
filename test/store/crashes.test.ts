import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { booksOf } from '../../src/store/books.js';
import { DatabaseError } from '../../src/store/database.js';
import { openPglite } from '../../src/store/pglite.js';
import { type Missed, Records } from '../../src/store/records.js';
import { openStore, type Store } from '../../src/store/store.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { OwnPostgres, postgresMissing } from '../support/databases.js';
import { KEPT_AT, ledgerEntry } from '../support/kept.js';
import { Part, script } from '../support/process.js';
import { until } from '../support/until.js';

const QUIET = createLogger('silent', 'test');

describe('the store on PGlite', () => {
  let folder: string;
  let open: Store | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'penstock-store-'));
  });
  afterEach(async () => {
    await open?.close();
    open = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (): Store => {
    open = openStore({ config: { databaseUrl: undefined, dataDir: folder }, logger: QUIET, mayEmbed: true });
    return open;
  };
  const process = (ready: RegExp) => new Part('store', script('test/support/store-process.ts', folder), {}, ready);

  it('has everything it said it kept after kill -9 of its process, and goes on', async () => {
    const killed = process(/kept 20\n/);
    await killed.start();
    await killed.kill9();
    const kept = (killed.output.match(/kept/g) ?? []).length;
    const { database } = start();
    const found = await booksOf(database, 'one').ledger.ofPayment('pay.acme.1');
    // The last one may have been kept without that having been said.
    assert.ok(found.length === kept || found.length === kept + 1, `${found.length} of ${kept}`);
    await booksOf(database, 'one').ledger.record([ledgerEntry('ch_after')]);
  });

  const skip = spawnSync('prlimit', ['--version']).error !== undefined && "SKIPPED: no prlimit, of Linux' util-linux";
  it('whose files cannot be written any more keeps nobody waiting, and has every row once they can', {
    skip,
  }, async () => {
    const telling = new Part('store', script('test/support/telling-process.ts', folder), {}, /told 20\n/);
    await telling.start();
    const told = () => (telling.output.match(/^told /gm) ?? []).length;
    // The kernel refuses every byte, as it does where a disk is full.
    const mayWrite = (bytes: '0' | 'unlimited') => {
      const set = spawnSync('prlimit', ['--pid', `${telling.pid}`, `--fsize=${bytes}:`], { encoding: 'utf8' });
      assert.equal(set.status, 0, set.stderr);
    };
    mayWrite('0');
    await until(() => telling.output.includes('the store takes nothing now'));
    const before = told();
    await until(() => told() >= before + 100);
    mayWrite('unlimited');
    await until(() => telling.output.includes('the store takes what waited'));
    await telling.stop();
    await until(() => telling.output.endsWith('closed\n'));
    assert.ok(!telling.output.includes('missed'), 'there was room for all of it');
    const kept = await booksOf(start().database, 'one').ledger.ofPayment('pay.acme.1');
    assert.equal(kept.length, told() + 1);
  });

  it('is made anew where its process was killed while it was made', async () => {
    const killed = process(/kept 1\n/);
    const started = killed.start().catch(() => undefined);
    await until(() => existsSync(join(folder, 'store', 'files')));
    await killed.kill9();
    await started;
    assert.equal(existsSync(join(folder, 'store', 'made')), false);
    assert.deepEqual(await booksOf(start().database, 'one').ledger.ofPayment('pay.acme.1'), []);
    assert.equal(existsSync(join(folder, 'store', 'made')), true);
  });

  it('closed while its files are made does not wait for them, and has made them with the next start', async () => {
    const { database } = start();
    const asked = assert.rejects(database.query('select 1'), /closed before it was open/);
    await until(() => existsSync(join(folder, 'store', 'files')));
    const startedAt = Date.now();
    await open?.close();
    await asked;
    assert.ok(Date.now() - startedAt < 1_000, `${Date.now() - startedAt} ms`);
    assert.equal(existsSync(join(folder, 'store', 'made')), false);
    // The folder is free once the thread has gone.
    await until(() => readdirSync(join(folder, 'store')).every((name) => !name.startsWith('held-by')));
    assert.deepEqual(await booksOf(start().database, 'one').ledger.ofPayment('pay.acme.1'), []);
  });

  it('belongs to one process; another is told whose it is, and has it when that one has gone', async () => {
    const first = process(/kept 1\n/);
    await first.start();
    await assert.rejects(
      openPglite(join(folder, 'store'), () => undefined),
      (error) => error instanceof DatabaseError && error.message.endsWith(`is used by process ${first.pid}`),
    );
    await first.kill9();
    const { database } = start();
    assert.ok((await booksOf(database, 'one').ledger.ofPayment('pay.acme.1')).length >= 1);
  });

  it('is opened again when its thread has ended, with what was kept, and says what became of what was under way', async () => {
    let ended = 0;
    const database = await openPglite(
      folder,
      () => {
        ended += 1;
      },
      { answersWithinMs: 2_000 },
    );
    await database.query('create table kept (id int primary key)');
    await database.query('insert into kept values (1)');
    const slow = database.transaction(async (on) => {
      await on.query('insert into kept values (2)');
      await on.query('select pg_sleep(3600)');
    });
    await assert.rejects(slow, /did not answer within 2 s/);
    await assert.rejects(database.query('select 1'), DatabaseError);
    await until(() => ended === 1);
    await database.close();
    const again = await openPglite(folder, () => undefined);
    assert.deepEqual(
      (await again.query('select id from kept')).map((row) => ({ ...row })),
      [{ id: 1 }],
    );
    await again.close();
  });
});

describe('the store on PostgreSQL', { skip: postgresMissing() }, () => {
  let server: OwnPostgres;
  let store: Store;
  before(async () => {
    server = await OwnPostgres.start();
    const databaseUrl = await server.createDatabase();
    store = openStore({ config: { databaseUrl, dataDir: '/nowhere' }, logger: QUIET, mayEmbed: false });
  });
  after(async () => {
    await store?.close();
    await server?.remove();
  });

  it('killed -9 and back has every row that there was room for, once, and what there was none for is counted', async () => {
    const missed: Partial<Record<Missed, number>> = {};
    const records = new Records({
      store,
      deployment: 'one',
      logger: QUIET,
      onMissed: (what, count) => {
        missed[what] = (missed[what] ?? 0) + count;
      },
      now: () => KEPT_AT,
      lingerMs: 5,
      usageEveryMs: 20,
      bounds: { rows: 300, bytes: 10_000_000 },
    });
    const { ledger, usage } = booksOf(store.database, 'one');
    const key = { account: 'eu', lane: 'checkout', endpoint: 'payment_intents', outcome: 'ok' };
    const tell = (n: number) => {
      records.moved(ledgerEntry(`ch_${n}`));
      records.request(key);
    };
    let told = 0;
    const telling = setInterval(() => {
      told += 1;
      tell(told);
    }, 1);
    await until(async () => (await ledger.ofPayment('pay.acme.1')).length > 50);
    await server.kill9();
    const atDeath = told;
    await until(() => (missed.ledger ?? 0) > 100);
    assert.ok(told - atDeath >= 100, 'it went on being told');
    await server.startAgain();
    const toldByThen = told;
    await until(async () =>
      (await ledger.ofPayment('pay.acme.1').catch(() => [])).some(({ id }) => Number(id.slice(3)) > toldByThen),
    );
    clearInterval(telling);
    await records.close(20_000);

    const kept = await ledger.ofPayment('pay.acme.1');
    // Rows whose answer the kill cut off are sent again, or dropped and counted though they are there.
    const counted = kept.length + (missed.ledger ?? 0);
    assert.ok(counted >= told && counted <= told + 500, `${counted} of ${told}`);
    const requests = (await usage.list('eu', KEPT_AT, KEPT_AT + 60_000)).reduce((sum, row) => sum + row.requests, 0);
    assert.equal(requests + (missed.usage ?? 0), told);
    assert.equal(missed.usage ?? 0, 0);
  });

  it('that is not there takes nothing down with it, and is used once it is', async () => {
    await server.kill9();
    const databaseUrl = server.url;
    const early = openStore({ config: { databaseUrl, dataDir: '/nowhere' }, logger: QUIET, mayEmbed: false });
    await assert.rejects(early.database.query('select 1'), DatabaseError);
    await server.startAgain();
    await until(async () => (await early.database.query('select 1').catch(() => [])).length === 1);
    await early.close();
  });
});
