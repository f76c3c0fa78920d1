import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { pino } from 'pino';
import { booksOf } from '../../src/store/books.js';
import { type Database, DatabaseError } from '../../src/store/database.js';
import { migrate } from '../../src/store/migrate.js';
import { PastPayments } from '../../src/store/past-payments.js';
import { type Missed, Records, type RecordsParts } from '../../src/store/records.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { fillUp, onBothDatabases } from '../support/databases.js';
import { closedTombstone, KEPT_AT, ledgerEntry, openTombstone } from '../support/kept.js';
import { until } from '../support/until.js';

const QUIET = createLogger('silent', 'test');

/** However busy the machine is, the database is waited for: how long a payment waits is another test's. */
const endlessPatience = () => ({ cancel: () => undefined });

/** A logger, and what it was given. */
function listening() {
  const said: { readonly msg: string; readonly [field: string]: unknown }[] = [];
  return { said, logger: pino({}, { write: (line: string) => said.push(JSON.parse(line)) }) };
}

/** A database that a test lets be away, or lose its answers: then it has done what it was asked, and does not say so. */
class Wayward implements Database {
  isAway = false;
  losesAnswers = 0;
  /** The states that the database itself refused with. */
  readonly refused: (string | null)[] = [];

  constructor(private readonly inner: Database) {}

  query: Database['query'] = (sql, params) => this.through(() => this.inner.query(sql, params));
  transaction: Database['transaction'] = (work) => this.through(() => this.inner.transaction(work));

  private async through<T>(ask: () => Promise<T>): Promise<T> {
    if (this.isAway) throw new DatabaseError('connection refused', null);
    const answer = await ask().catch((error: DatabaseError) => {
      this.refused.push(error.sqlState);
      throw error;
    });
    if (this.losesAnswers === 0) return answer;
    this.losesAnswers -= 1;
    throw new DatabaseError('connection reset', null);
  }

  async close(): Promise<void> {}
}

onBothDatabases('what payments tell the store', (on) => {
  before(() => migrate(on.database));

  function setUp(changes: Partial<RecordsParts> = {}) {
    const deployment = on.deployment();
    const database = new Wayward(on.database);
    const missed: Partial<Record<Missed, number>> = {};
    const store = { isThere: true, database, close: async () => undefined };
    const parts: RecordsParts = {
      store,
      deployment,
      logger: QUIET,
      onMissed: (what, count) => {
        missed[what] = (missed[what] ?? 0) + count;
      },
      now: () => KEPT_AT,
      lingerMs: 5,
      usageEveryMs: 20,
      ...changes,
    };
    return {
      records: new Records(parts),
      past: new PastPayments({ ...parts, setTimer: endlessPatience, patienceMs: 250 }),
      books: booksOf(on.database, deployment),
      database,
      missed,
    };
  }

  it('arrives, without whoever tells it having waited', async () => {
    const { records, books, missed } = setUp();
    records.payment(openTombstone('pay.acme.1', 'run-1'));
    records.moved(ledgerEntry('ch_1'));
    records.payment(closedTombstone('pay.acme.1', 'run-1', KEPT_AT + 5));
    await until(async () => (await books.tombstones.find('pay.acme.1'))?.closedAtMs === KEPT_AT + 5);
    await until(async () => (await books.ledger.ofPayment('pay.acme.1')).length === 1);
    await records.close(5_000);
    assert.deepEqual(missed, {});
  });

  it('arrives once the store is back, every row of it', async () => {
    const { records, books, database, missed } = setUp();
    database.isAway = true;
    for (let i = 0; i < 700; i += 1) records.moved(ledgerEntry(`ch_${i}`));
    await new Promise((resolve) => setImmediate(resolve));
    database.isAway = false;
    await until(async () => (await books.ledger.ofPayment('pay.acme.1')).length === 700);
    await records.close(5_000);
    assert.deepEqual(missed, {});
  });

  it('counts each request once, though the answer to a flush was lost', async () => {
    const { records, books, database, missed } = setUp();
    const key = { account: 'eu', lane: 'checkout', endpoint: 'payment_intents', outcome: 'ok' };
    database.losesAnswers = 2;
    for (let i = 0; i < 30; i += 1) records.request(key);
    await until(() => database.losesAnswers === 0);
    for (let i = 0; i < 12; i += 1) records.request(key);
    await records.close(10_000);
    const rows = await books.usage.list('eu', KEPT_AT, KEPT_AT + 60_000);
    assert.deepEqual(rows, [{ ...key, minuteMs: KEPT_AT, requests: 42 }]);
    assert.deepEqual(missed, {});
  });

  it('loses a row that cannot be kept, alone, and counts it', async () => {
    const { records, books, missed } = setUp();
    for (let i = 0; i < 9; i += 1) records.moved(ledgerEntry(`ch_${i}`, i === 4 ? { status: 'a\u0000b' } : {}));
    await records.close(10_000);
    assert.equal((await books.ledger.ofPayment('pay.acme.1')).length, 8);
    assert.deepEqual(missed, { ledger: 1 });
  });

  it('waits while the disk is full, as far as there is room here; the rest is counted, and nobody waits for it', async () => {
    const { logger, said } = listening();
    const { records, past, books, database, missed } = setUp({ logger, bounds: { rows: 20, bytes: 1_000_000 } });
    await books.tombstones.record([closedTombstone('pay.acme.2', 'run-1', KEPT_AT)]);
    const makeRoom = await fillUp(on.database);
    const key = { account: 'eu', lane: 'checkout', endpoint: 'payment_intents', outcome: 'ok' };
    for (let i = 0; i < 50; i += 1) {
      records.moved(ledgerEntry(`ch_${i}`));
      records.request(key);
    }
    records.payment(openTombstone('pay.acme.1', 'run-1'));
    // Once for each of what waits, and again.
    await until(() => database.refused.length >= 6);
    assert.deepEqual(new Set(database.refused), new Set(['53100']));
    // What it had before, it goes on telling.
    assert.equal((await past.takenBefore('pay.acme.2', 'run-2'))?.run, 'run-1');
    await makeRoom();
    await until(async () => (await books.ledger.ofPayment('pay.acme.1')).length === 20);
    await records.close(10_000);
    assert.equal((await books.tombstones.find('pay.acme.1'))?.run, 'run-1');
    const [usage] = await books.usage.list('eu', KEPT_AT, KEPT_AT + 60_000);
    assert.deepEqual([usage?.requests, missed], [50, { ledger: 30 }]);
    const waited = said.filter(({ msg }) => /takes nothing now/.test(msg));
    assert.deepEqual(waited.map(({ what }) => what).sort(), ['ledger', 'tombstone', 'usage'], 'each once');
    assert.equal(said.filter(({ msg }) => /takes what waited/.test(msg)).length, 3);
  });

  it('is counted and said where the disk is full to the end', async () => {
    const { logger, said } = listening();
    const { records, missed } = setUp({ logger });
    const makeRoom = await fillUp(on.database);
    records.payment(openTombstone('pay.acme.1', 'run-1'));
    for (let i = 0; i < 3; i += 1) records.moved(ledgerEntry(`ch_${i}`));
    await records.close(50);
    await makeRoom();
    assert.deepEqual(missed, { tombstone: 1, ledger: 3 });
    // What was being written by then may say afterwards that it was refused.
    assert.deepEqual(
      said.flatMap((line) => line['missed'] ?? []),
      [missed],
    );
  });

  it('is counted where the store stays away until the end', async () => {
    const { records, database, missed } = setUp();
    database.isAway = true;
    records.payment(openTombstone('pay.acme.1', 'run-1'));
    records.moved(ledgerEntry('ch_1'));
    for (let i = 0; i < 7; i += 1) records.request({ account: 'eu', lane: 'a', endpoint: 'b', outcome: 'c' });
    await records.close(50);
    assert.deepEqual(missed, { tombstone: 1, ledger: 1, usage: 7 });
  });

  it('tells a first send of an earlier payment, and of none where there is none', async () => {
    const { past, books, missed } = setUp();
    await books.tombstones.record([closedTombstone('pay.acme.1', 'run-1', KEPT_AT)]);
    assert.equal((await past.takenBefore('pay.acme.1', 'run-2'))?.run, 'run-1');
    assert.equal(await past.takenBefore('pay.acme.1', 'run-1'), null);
    assert.equal(await past.takenBefore('pay.acme.2', 'run-1'), null);
    assert.deepEqual(missed, {});
  });

  it('forgets what nobody will need: the pages of jobs that did none for months', async () => {
    const { books, records } = setUp({ forgetEveryMs: 20 });
    for (const cursor of ['first', 'last']) {
      for (const job of ['job.called-off', 'job.goes-on']) await books.jobs.finishPage(job, cursor, { seen: ['ch_1'] });
    }
    const backdate = `update penstock.job_pages set done_at = now() - interval '91 days'
      where job = 'job.called-off' or cursor = 'first'`;
    await on.database.query(backdate);
    await until(async () => (await books.jobs.pages('job.called-off')).length === 0);
    assert.equal((await books.jobs.pages('job.goes-on')).length, 2);
    await records.close(1_000);
  });

  it('is nothing where there is no store, and nobody waits for one', async () => {
    const { records, past, missed } = setUp({
      store: { isThere: false, database: on.database, close: async () => undefined },
    });
    records.moved(ledgerEntry('ch_1'));
    assert.equal(await past.takenBefore('pay.acme.1', 'run-1'), null);
    await records.close(1_000);
    assert.deepEqual(missed, { tombstone_read: 1 });
  });
});
