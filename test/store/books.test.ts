import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import fc from 'fast-check';
import { booksOf } from '../../src/store/books.js';
import { DatabaseError, type Queryable } from '../../src/store/database.js';
import type { LedgerEntry } from '../../src/store/ledger.js';
import { migrate } from '../../src/store/migrate.js';
import { ContestedError, type StoredObject } from '../../src/store/objects.js';
import { addBatches } from '../../src/store/usage-book.js';
import { onBothDatabases } from '../support/databases.js';
import { closedTombstone, KEPT_AT, ledgerEntry, openTombstone } from '../support/kept.js';

const object = (id: string, version: number, changes: Partial<StoredObject> = {}): StoredObject => ({
  account: 'eu',
  kind: 'charge',
  id,
  version,
  answered: version,
  createdMs: KEPT_AT,
  body: { id, version },
  ...changes,
});

/** A step of what a database does for a statement, as `explain (analyze, format json)` tells it. */
interface Plan {
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Plan[];
}

/** The rows that the step with the most of them has gone through. */
function mostRowsIn(plan: Plan): number {
  const own = (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops'];
  return Math.max(own, ...(plan.Plans ?? []).map(mostRowsIn));
}

onBothDatabases('the books', (on) => {
  before(() => migrate(on.database));
  const books = (deployment = on.deployment()) => booksOf(on.database, deployment);

  it('record a movement once however often it is told, as it was learned last', async () => {
    const { ledger } = books();
    const pending = ledgerEntry('re_1', { kind: 'refund', status: 'pending' });
    const done = { ...pending, status: 'succeeded', recordedAtMs: KEPT_AT + 5_000, occurredAtMs: KEPT_AT + 5_000 };
    await ledger.record([pending, ledgerEntry('ch_1'), pending]);
    await ledger.record([done]);
    await ledger.record([pending]);
    const found = await ledger.find('eu', ['re_1', 'ch_1', 'ch_none']);
    assert.deepEqual(
      [...found].sort((a, b) => (a.id < b.id ? -1 : 1)),
      [ledgerEntry('ch_1'), { ...done, occurredAtMs: KEPT_AT }],
    );
    await ledger.record([ledgerEntry('ch_1', { payment: null, intent: null, recordedAtMs: KEPT_AT + 1 })]);
    assert.deepEqual(await ledger.ofPayment('pay.acme.1'), [
      ledgerEntry('ch_1', { recordedAtMs: KEPT_AT + 1 }),
      { ...done, occurredAtMs: KEPT_AT },
    ]);
  });

  it('read of a ledger the entries that are looked up and no others, also where the database has no statistics', async () => {
    const deployment = on.deployment();
    const nth = (i: number) => ledgerEntry(`ch_${i}`, { occurredAtMs: KEPT_AT + i, payment: `pay.acme.${i}` });
    await books(deployment).ledger.record(Array.from({ length: 3_000 }, (_, i) => nth(i)));
    const plans: Plan[] = [];
    const explained: Queryable = {
      query: async (sql, params) => {
        const [row] = await on.database.query<{ 'QUERY PLAN': readonly [{ Plan: Plan }] }>(
          `explain (analyze, format json) ${sql}`,
          params,
        );
        plans.push(row?.['QUERY PLAN'][0].Plan ?? assert.fail('no plan'));
        return on.database.query(sql, params);
      },
    };
    const asked = Array.from({ length: 20 }, (_, i) => `ch_${i * 100}`);
    const found = await booksOf(explained, deployment).ledger.find('eu', [...asked, 'ch_0', 'ch_none']);
    assert.deepEqual(found.map(({ id }) => id).sort(), asked.sort(), 'each once');
    const [plan = assert.fail('nothing was asked')] = plans;
    const most = mostRowsIn(plan);
    assert.ok(most >= 20 && most < 100, `${most} rows`);
  });

  it('keep whose a refund is, also when what is told later does not say', async () => {
    const { ledger } = books();
    const own = ledgerEntry('re_1', { kind: 'refund', workflow: 'refund.acme.1.r1', fingerprint: '1:abc' });
    await ledger.record([own]);
    await ledger.record([ledgerEntry('re_1', { kind: 'refund', status: 'failed', recordedAtMs: KEPT_AT + 1 })]);
    assert.deepEqual(await ledger.ofPayment('pay.acme.1'), [{ ...own, status: 'failed', recordedAtMs: KEPT_AT + 1 }]);
  });

  it('list a ledger page by page, none twice and none left out, however many happened at once', async () => {
    const { ledger } = books();
    const all = Array.from({ length: 25 }, (_, i) =>
      ledgerEntry(`ch_${i}`, { occurredAtMs: KEPT_AT + Math.floor(i / 10) * 1_000 }),
    );
    await ledger.record([
      ...all,
      ledgerEntry('ch_before', { occurredAtMs: KEPT_AT - 1 }),
      ledgerEntry('ch_after', { occurredAtMs: KEPT_AT + 3_000 }),
    ]);
    const seen: string[] = [];
    let after: LedgerEntry | undefined;
    do {
      const page = await ledger.list({ account: 'eu', fromMs: KEPT_AT, toMs: KEPT_AT + 3_000, after, limit: 7 });
      seen.push(...page.map(({ id }) => id));
      after = page.at(-1);
    } while (after !== undefined);
    assert.deepEqual(seen.slice().sort(), all.map(({ id }) => id).sort());
  });

  it('keep what one deployment recorded from every other', async () => {
    const [one, other] = [books(), books()];
    await one.ledger.record([ledgerEntry('ch_1', { amount: 1 })]);
    await other.ledger.record([ledgerEntry('ch_1', { amount: 2 })]);
    assert.deepEqual((await one.ledger.find('eu', ['ch_1']))[0]?.amount, 1);
    await one.tombstones.record([closedTombstone('pay.acme.1', 'run-1', KEPT_AT)]);
    assert.equal(await other.tombstones.find('pay.acme.1'), null);
  });

  it('hold the newest version of an object, whatever the order, and count each change once', async () => {
    const versions = fc.array(
      fc.record({ id: fc.constantFrom('ch_1', 'ch_2', 'ch_3'), version: fc.integer({ min: 1, max: 6 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(versions, { maxLength: 4 }), async (batches) => {
        const { objects } = books();
        const newest = new Map<string, number>();
        for (const batch of batches) {
          const before = new Map(newest);
          for (const { id, version } of batch) newest.set(id, Math.max(version, newest.get(id) ?? 0));
          const changed = [...newest].filter(([id, version]) => before.get(id) !== version).length;
          assert.equal(await objects.put(batch.map(({ id, version }) => object(id, version))), changed);
        }
        for (const [id, version] of newest)
          assert.deepEqual(await objects.find('eu', 'charge', id), object(id, version));
      }),
      { numRuns: 25 },
    );
  });

  /** Puts a listing as a page of a job does. @returns what of it was contested. */
  const put = async (deployment: string, listing: readonly StoredObject[]): Promise<readonly string[]> => {
    try {
      await on.database.transaction((tx) => booksOf(tx, deployment).objects.put(listing));
      return [];
    } catch (error) {
      if (!(error instanceof ContestedError)) throw error;
      return error.ids;
    }
  };

  it('take neither of two listings that overlap for the newer, and keep nothing of the one that comes second', async () => {
    const deployment = on.deployment();
    const { objects } = books(deployment);
    const shown = (id: string, version: number, answered: number, body: object) =>
      object(id, version, { answered, body });
    // Asked later, and answered sooner.
    const sooner = shown('ch_1', 1_000, 1_200, { refunded: false });
    assert.deepEqual(await put(deployment, [sooner]), []);
    const later = [shown('ch_1', 0, 8_000, { refunded: true }), shown('ch_2', 0, 8_000, {})];
    assert.deepEqual(await put(deployment, later), ['ch_1']);
    assert.deepEqual(await objects.find('eu', 'charge', 'ch_1'), sooner);
    assert.equal(await objects.find('eu', 'charge', 'ch_2'), null);
    // Asked again, after both.
    const again = later.map((one) => ({ ...one, version: 8_100, answered: 8_200 }));
    assert.deepEqual(await put(deployment, again), []);
    assert.deepEqual(await objects.find('eu', 'charge', 'ch_1'), again[0]);
    assert.deepEqual(await put(deployment, [shown('ch_1', 7_000, 8_099, {})]), [], 'the older is no news');
    assert.deepEqual(await objects.find('eu', 'charge', 'ch_1'), again[0]);
  });

  it('contest nothing that two listings show alike', async () => {
    const deployment = on.deployment();
    const { objects } = books(deployment);
    const alike = (version: number, answered: number, body: object) => object('ch_1', version, { answered, body });
    assert.equal(await objects.put([alike(1_000, 3_000, { a: 1, b: [2] })]), 1);
    assert.equal(await objects.put([alike(500, 2_000, { b: [2], a: 1 })]), 0);
    assert.equal((await objects.find('eu', 'charge', 'ch_1'))?.version, 1_000);
    assert.equal(await objects.put([alike(2_000, 2_500, { a: 1, b: [2] })]), 1);
    const found = await objects.find('eu', 'charge', 'ch_1');
    // The first may have been answered after the last.
    assert.deepEqual([found?.version, found?.answered], [2_000, 3_000]);
  });

  it('find two listings that are put at the same moment contested as well', async () => {
    const deployment = on.deployment();
    const [one, other] = [on.database, on.again()];
    const listing = (body: object) => [object('ch_1', 1_000, { answered: 2_000, body })];
    const ends = await Promise.allSettled([
      one.transaction((tx) => booksOf(tx, deployment).objects.put(listing({ refunded: true }))),
      other.transaction((tx) => booksOf(tx, deployment).objects.put(listing({ refunded: false }))),
    ]);
    const reasons = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
    assert.equal(reasons.length, 1);
    assert.ok(reasons[0] instanceof ContestedError);
  });

  it('hold an object as it was shown last, however listings overlap, where what is contested is asked for again', async () => {
    const listings = fc.record({
      asked: fc.nat({ max: 10 }),
      until: fc.nat({ max: 10 }),
      after: fc.nat({ max: 5 }),
    });
    const changes = fc.uniqueArray(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(listings, { minLength: 2, maxLength: 6 }), changes, async (given, changedAt) => {
        const deployment = on.deployment();
        // It is changed back as well: the same body is not the same time.
        const bodyAt = (time: number) => ({ refunded: changedAt.filter((at) => at <= time).length % 2 });
        let lastShown = -1;
        let now = 100;
        for (const { asked, until, after } of given) {
          const shownAt = asked + until;
          const listing = object('ch_1', asked, { answered: shownAt + after, body: bodyAt(shownAt) });
          lastShown = Math.max(lastShown, shownAt);
          if ((await put(deployment, [listing])).length === 0) continue;
          now += 2;
          lastShown = now;
          assert.deepEqual(await put(deployment, [object('ch_1', now, { body: bodyAt(now) })]), []);
        }
        const found = await books(deployment).objects.find('eu', 'charge', 'ch_1');
        assert.deepEqual(found?.body, bodyAt(lastShown));
      }),
      { numRuns: 50 },
    );
  });

  it('count a page of a job once, with what it wrote, though it be done twice', async () => {
    const deployment = on.deployment();
    const { jobs, differences } = books(deployment);
    const page = (found: number) =>
      on.database.transaction(async (tx) => {
        const inside = booksOf(tx, deployment);
        if (!(await inside.jobs.finishPage('job.1', '2026-01-15/ch_9', { found }))) return;
        await inside.differences.record('job.1', [
          { difference: 'missing', side: 'penstock', object: `ch_${found}`, what: { amount: 5 } },
        ]);
      });
    await page(1);
    await page(2);
    assert.deepEqual(await jobs.page('job.1', '2026-01-15/ch_9'), { found: 1 });
    assert.deepEqual(
      (await jobs.pages('job.1')).map(({ found }) => found),
      [{ found: 1 }],
    );
    assert.equal(await differences.count('job.1'), 1);
    const [first] = await differences.list('job.1', 10);
    assert.deepEqual({ ...first }, { difference: 'missing', side: 'penstock', object: 'ch_1', what: { amount: 5 } });
    assert.deepEqual(await differences.list('job.1', 10, first), []);
    const objects = [first?.object ?? '', 'ch_that_agrees'];
    assert.deepEqual(await differences.known('job.1', objects), [first?.object]);
    assert.deepEqual(await differences.known('job.2', objects), [], 'another job finds for itself');
    await jobs.forgetPages('job.1');
    assert.equal(await jobs.page('job.1', '2026-01-15/ch_9'), undefined);
  });

  it('hold a job as it was told last, and never go back', async () => {
    const { jobs } = books();
    const told = (done: number, updatedAtMs: number) => ({
      id: 'job.1',
      type: 'sync',
      account: 'eu',
      state: 'running',
      progress: { done },
      updatedAtMs,
    });
    await jobs.record(told(2, KEPT_AT + 2));
    await jobs.record(told(1, KEPT_AT + 1));
    assert.deepEqual(await jobs.find('job.1'), told(2, KEPT_AT + 2));
    assert.deepEqual(await jobs.list(5), [told(2, KEPT_AT + 2)]);
    assert.equal(await jobs.find('job.2'), null);
  });

  it('count a batch of usage once, though it be flushed again', async () => {
    const deployment = on.deployment();
    const { usage } = books(deployment);
    const key = { account: 'eu', lane: 'checkout', endpoint: 'payment_intents', outcome: 'ok' };
    const batch = { id: 'batch-1', rows: [{ ...key, minuteMs: KEPT_AT, requests: 3 }] };
    await addBatches(on.database, deployment, [batch]);
    await addBatches(on.database, deployment, [batch, { ...batch, id: 'batch-2' }]);
    await Promise.all(
      [1, 2, 3].map((n) => addBatches(on.database, deployment, [{ ...batch, id: `together-${n}` }, batch])),
    );
    assert.deepEqual(await usage.list('eu', KEPT_AT, KEPT_AT + 60_000), [{ ...key, minuteMs: KEPT_AT, requests: 15 }]);
    await usage.forgetBatches(60_000);
    await addBatches(on.database, deployment, [batch]);
    assert.equal((await usage.list('eu', KEPT_AT, KEPT_AT + 60_000))[0]?.requests, 15);
  });

  it('keep a closed payment as it ended, whatever is told of it later', async () => {
    const { tombstones } = books();
    await tombstones.record([openTombstone('pay.acme.1', 'run-1')]);
    assert.deepEqual(await tombstones.find('pay.acme.1'), openTombstone('pay.acme.1', 'run-1'));
    await tombstones.record([closedTombstone('pay.acme.1', 'run-1', KEPT_AT + 9)]);
    await tombstones.record([
      openTombstone('pay.acme.1', 'run-1'),
      openTombstone('pay.acme.1', 'run-2', { openedAtMs: KEPT_AT + 99 }),
    ]);
    assert.deepEqual(await tombstones.find('pay.acme.1'), closedTombstone('pay.acme.1', 'run-1', KEPT_AT + 9));
    await tombstones.record([openTombstone('pay.acme.2', 'run-1')]);
    const asked = ['pay.acme.1', 'pay.acme.2', 'pay.acme.never'];
    assert.deepEqual(await tombstones.closed(asked), ['pay.acme.1']);
  });

  it('end as closed, whichever comes first of an opening and a closing in one batch', async () => {
    const { tombstones } = books();
    const [opening, closing] = [
      openTombstone('pay.acme.1', 'run-1'),
      closedTombstone('pay.acme.1', 'run-1', KEPT_AT + 9),
    ];
    await tombstones.record([closing, opening]);
    assert.deepEqual(await tombstones.find('pay.acme.1'), closing);
  });

  it('know a payment as taken before by another run that closed, or of which money moved', async () => {
    const { tombstones, ledger } = books();
    await tombstones.record([
      closedTombstone('pay.acme.1', 'run-1', KEPT_AT),
      openTombstone('pay.acme.2', 'run-1'),
      openTombstone('pay.acme.3', 'run-1'),
    ]);
    await ledger.record([ledgerEntry('ch_3', { payment: 'pay.acme.3' })]);
    assert.equal((await tombstones.takenBefore('pay.acme.1', 'run-2'))?.run, 'run-1');
    assert.equal((await tombstones.takenBefore('pay.acme.3', 'run-2'))?.closedAtMs, null);
    // Its own run, one that was never closed and moved nothing, and one that nobody knows.
    assert.equal(await tombstones.takenBefore('pay.acme.1', 'run-1'), null);
    assert.equal(await tombstones.takenBefore('pay.acme.2', 'run-2'), null);
    assert.equal(await tombstones.takenBefore('pay.acme.4', 'run-2'), null);
  });

  it('know it though the other run said first that it was taken', async () => {
    const { tombstones, ledger } = books();
    const [later, latest] = [KEPT_AT + 1e9, KEPT_AT + 2e9];
    await tombstones.record([openTombstone('pay.acme.1', 'run-1'), openTombstone('pay.acme.2', 'run-1')]);
    await ledger.record([ledgerEntry('ch_1')]);
    const again = openTombstone('pay.acme.1', 'run-2', { openedAtMs: later });
    await tombstones.record([again, openTombstone('pay.acme.2', 'run-2', { openedAtMs: later })]);
    assert.equal((await tombstones.takenBefore('pay.acme.1', 'run-2'))?.run, 'run-1');
    // Where no money moved the later one counts, and what moves then is its own.
    await ledger.record([ledgerEntry('ch_2', { payment: 'pay.acme.2', occurredAtMs: later + 1_000 })]);
    assert.equal(await tombstones.takenBefore('pay.acme.2', 'run-2'), null);
    // It ends refused, and so does whoever comes after it.
    const refused = { ...closedTombstone('pay.acme.1', 'run-2', later, { status: 'failed' }), openedAtMs: later };
    await tombstones.record([refused]);
    await tombstones.record([openTombstone('pay.acme.1', 'run-3', { openedAtMs: latest })]);
    assert.deepEqual(await tombstones.takenBefore('pay.acme.1', 'run-3'), refused);
  });

  it('refuse a row that cannot be, as its own fault', async () => {
    const { ledger } = books();
    const refused = (changes: object) =>
      assert.rejects(
        ledger.record([ledgerEntry('ch_1', changes)]),
        (error) => error instanceof DatabaseError && error.isRowsOwnFault,
      );
    await refused({ kind: 'gift' });
    await refused({ currency: null });
    await refused({ status: 'a\u0000b' });
    await refused({ amount: 1e30 });
  });
});
