import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { booksOf } from '../../src/store/books.js';
import { type Database, DatabaseError } from '../../src/store/database.js';
import { migrate } from '../../src/store/migrate.js';
import { type Missed, PastPayments, Records, type RecordsParts } from '../../src/store/records.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { onBothDatabases } from '../support/databases.js';
import { closedTombstone, KEPT_AT, ledgerEntry, openTombstone } from '../support/kept.js';
import { until } from '../support/until.js';

const QUIET = createLogger('silent', 'test');

/** A database that a test lets be away, or lose its answers: then it has done what it was asked, and does not say so. */
class Wayward implements Database {
  isAway = false;
  losesAnswers = 0;

  constructor(private readonly inner: Database) {}

  query: Database['query'] = (sql, params) => this.through(() => this.inner.query(sql, params));
  transaction: Database['transaction'] = (work) => this.through(() => this.inner.transaction(work));

  private async through<T>(ask: () => Promise<T>): Promise<T> {
    if (this.isAway) throw new DatabaseError('connection refused', null);
    const answer = await ask();
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
      past: new PastPayments(parts),
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

  it('holds up one send for a moment when the store is silent, and those after it not at all', async () => {
    const silent: Database = {
      query: () => new Promise(() => undefined),
      transaction: () => new Promise(() => undefined),
      close: async () => undefined,
    };
    let nowMs = 0;
    const { past, missed } = setUp({
      store: { isThere: true, database: silent, close: async () => undefined },
      now: () => nowMs,
    });
    const startedAt = performance.now();
    assert.equal(await past.takenBefore('pay.acme.1', 'run-1'), null);
    const first = performance.now() - startedAt;
    for (let i = 0; i < 100; i += 1) assert.equal(await past.takenBefore('pay.acme.1', 'run-1'), null);
    assert.ok(first > 200 && performance.now() - startedAt - first < 200, `${first}`);
    assert.deepEqual(missed, { tombstone_read: 101 });
    // It is asked again after a rest.
    nowMs = 5_000;
    const again = past.takenBefore('pay.acme.1', 'run-1');
    assert.equal(await Promise.race([again, new Promise((resolve) => setTimeout(resolve, 50, 'waits'))]), 'waits');
    await again;
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
