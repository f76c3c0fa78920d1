import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JobView } from '../../src/api/background-schemas.js';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import type { Books, Database } from '../../src/store/index.js';
import { openBooks } from '../support/books.js';
import { OwnPostgres, postgresMissing } from '../support/databases.js';
import { parseMetrics, total } from '../support/prometheus.js';
import { Stack } from '../support/stack.js';
import { until } from '../support/until.js';

const AWAY_MS = 60_000;
/** Far more than a payment takes here, and less than the store's own time-outs add up to. */
const DELAYED_MS = 10_000;

/** As long as several of the store's rests: a send that asks after one must not wait either. */
const SILENT_MS = 20_000;
/** What a busy machine adds; a store that each payment waited for by seconds would add more. */
const SLACK_MS = 1_000;

const median = (some: readonly number[]) => [...some].sort((a, b) => a - b)[Math.floor(some.length / 2)] ?? 0;

const nowSeconds = () => Math.floor(Date.now() / 1000);

describe('the store, silent or away for a minute', { skip: postgresMissing() }, () => {
  let postgres: OwnPostgres;
  let database: Database;
  let stack: Stack;
  let books: Books;
  before(async () => {
    // In any shape one of its own: where Temporal is in the same, it could not be killed by itself.
    postgres = await OwnPostgres.start();
    stack = await Stack.start({ env: { DATABASE_URL: await postgres.createDatabase() } });
    await stack.simulator.account(SIMULATOR_KEY, { settles_after_ms: 0 });
    ({ database, books } = await openBooks(stack));
  });
  after(async () => {
    await stack?.stop();
    await database?.close();
    await postgres?.remove();
  });

  const missed = async (what: string): Promise<number> => {
    const pages = await Promise.all(stack.workerPorts.map((port) => port.call<string>('GET', '/metrics')));
    return pages.reduce((sum, { body }) => sum + total(parseMetrics(body), 'penstock_store_missed_total', { what }), 0);
  };
  const ledgerOf = (id: string) => books.ledger.ofPayment(id);
  const requestsCounted = async (fromMs: number): Promise<number> => {
    const rows = await books.usage.list('default', fromMs - 60_000, Date.now() + 60_000);
    const creates = rows.filter(({ endpoint }) => endpoint === 'payment_intents.create');
    return creates.reduce((sum, { requests }) => sum + requests, 0);
  };

  /** A payment, and how long it took, ms. */
  const timed = async () => {
    const startedAt = performance.now();
    const { id } = await stack.paid();
    return { id, ms: performance.now() - startedAt };
  };

  it('delays and fails no payment, has what waited once it is back, and the rest from Temporal', async () => {
    const from = nowSeconds();
    await postgres.kill9();
    const backAtMs = Date.now() + AWAY_MS;
    // What the store has yet to hear of these goes with their worker.
    const lost = await Promise.all(Array.from({ length: 10 }, () => stack.paid()));
    await stack.workerPart.kill9();
    await stack.workerPart.start();
    const kept: { id: string }[] = [];
    while (Date.now() < backAtMs) {
      const startedAt = Date.now();
      kept.push(await stack.paid());
      assert.ok(Date.now() - startedAt < DELAYED_MS, `${Date.now() - startedAt} ms for a payment`);
    }
    // Each went out without the store's word; whatever else there is to tell waits.
    assert.ok((await missed('tombstone_read')) >= kept.length);

    await postgres.startAgain();
    for (const { id } of kept) {
      await until(async () => (await books.tombstones.find(id))?.closedAtMs != null);
      await until(async () => (await ledgerOf(id)).length === 1);
    }
    await until(async () => (await requestsCounted(from * 1000)) === kept.length);
    for (const what of ['ledger', 'tombstone', 'usage']) assert.equal(await missed(what), 0, what);

    for (const { id } of lost) {
      assert.deepEqual([await ledgerOf(id), await books.tombstones.find(id)], [[], null]);
    }
    const to = nowSeconds() + 1;
    await until(() => nowSeconds() >= to);
    const asked = { type: 'reconciliation', account: 'default', from, to };
    const { status, body } = await stack.api.call<JobView>('POST', '/v1/jobs', asked);
    assert.equal(status, 202, JSON.stringify(body));
    await stack.temporal.workflow.getHandle(body.id).result();
    const job = (await stack.api.call<JobView>('GET', `/v1/jobs/${body.id}`)).body;
    assert.deepEqual([job.status, job.complete], ['completed', true]);
    assert.deepEqual([job.counts['filled'], job.counts['tombstones']], [lost.length, lost.length]);
    assert.deepEqual(await books.differences.list(body.id, 100), []);
    for (const { id } of lost) {
      assert.equal((await ledgerOf(id)).length, 1);
      // What keeps its reference from being charged again once Temporal has forgotten it.
      const tombstone = await books.tombstones.takenBefore(id, 'another run');
      assert.equal(tombstone?.result?.status, 'succeeded');
    }
    const charged: (string | undefined)[] = [];
    for await (const { metadata } of stack.stripe.charges.list({ limit: 100 }))
      charged.push(metadata['penstock_workflow']);
    assert.deepEqual(charged.sort(), [...lost, ...kept].map(({ id }) => id).sort(), 'each is charged once');
  });

  it('delays no payment while it takes connections and says nothing', async () => {
    const before: number[] = [];
    for (let nth = 0; nth < 10; nth += 1) before.push((await timed()).ms);
    const unasked = await missed('tombstone_read');
    const thaw = postgres.freeze();
    const paid: { id: string; ms: number }[] = [];
    try {
      const endsAt = performance.now() + SILENT_MS;
      while (performance.now() < endsAt) paid.push(await timed());
    } finally {
      thaw();
    }
    const times = paid.map(({ ms }) => ms);
    const said = `${times.map(Math.round)} ms with a silent store, ${before.map(Math.round)} ms before`;
    assert.ok(median(times) < median(before) + SLACK_MS, said);
    assert.ok(Math.max(...times) < Math.max(...before) + 3 * SLACK_MS, said);
    assert.ok((await missed('tombstone_read')) - unasked >= paid.length, 'each went out without its word');
    for (const { id } of paid) await until(async () => (await books.tombstones.find(id))?.closedAtMs != null);
  });
});
