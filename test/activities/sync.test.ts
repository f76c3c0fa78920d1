import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { SyncedPage } from '../../src/activities/background-types.js';
import { syncObjects } from '../../src/activities/sync.js';
import type { SyncedObject } from '../../src/domain/syncing.js';
import { booksOf } from '../../src/store/books.js';
import { migrate } from '../../src/store/migrate.js';
import { ContestedError } from '../../src/store/objects.js';
import type { StripeLists } from '../../src/stripe/lists.js';
import { onBothDatabases } from '../support/databases.js';
import { SECOND } from '../support/facts.js';
import { Held } from '../support/held.js';
import { KEPT_AT } from '../support/kept.js';
import { until } from '../support/until.js';

onBothDatabases('an object that two jobs list', (on) => {
  before(() => migrate(on.database));

  /** One customer at Stripe, and jobs that list it. */
  const atStripe = () => {
    const deployment = on.deployment();
    const { objects } = booksOf(on.database, deployment);
    const store = { isThere: true, database: on.database, close: async () => undefined };
    const customer = { name: 'before' };
    /** The way there. */
    const sending = new Held();
    const lists = {
      async objects() {
        await sending.pass();
        const shown: SyncedObject = { kind: 'customers', id: 'cus_1', createdMs: KEPT_AT, body: { ...customer } };
        return { items: [shown], next: null };
      },
    } as unknown as StripeLists;
    const input = { account: 'eu', kind: 'customers', fromMs: KEPT_AT, toMs: KEPT_AT + SECOND, after: null } as const;
    /** Lists it, in a job's first try or a later one, on a worker whose clock is off by so much. */
    const list = (job: string, { attempt = 1, offMs = 0 } = {}): Promise<SyncedPage> => {
      const parts = { store, deployment, lists, now: () => Date.now() + offMs, random: () => 0.5 };
      const info = { attempt, workflowExecution: { workflowId: job, runId: 'run-1' } };
      return new MockActivityEnvironment(info).run(() => syncObjects(parts, input)) as Promise<SyncedPage>;
    };
    const kept = () => objects.find('eu', 'customer', 'cus_1');
    /** What is asked for from here on is asked for after that was answered: the store's clock counts whole ms. */
    const isOver = () =>
      until(async () => (await objects.versionNow()) > ((await kept())?.answered ?? Number.POSITIVE_INFINITY));
    return { customer, sending, list, kept, isOver };
  };

  it('stays as it was shown last, though the worker that listed it last be seconds behind', async () => {
    const { customer, list, kept, isOver } = atStripe();
    assert.equal((await list('job.1', { offMs: 3 * SECOND })).counts['new_or_newer'], 1);
    await isOver();
    customer.name = 'after';
    assert.equal((await list('job.2', { offMs: -3 * SECOND })).counts['new_or_newer'], 1);
    assert.deepEqual((await kept())?.body, { name: 'after' });
  });

  it('is asked for again by the one that asked first and was answered last, with each call counted once', async () => {
    const { customer, sending, list, kept, isOver } = atStripe();
    sending.hold();
    const waits = list('job.1');
    const contested = assert.rejects(waits, (error) => error instanceof ContestedError && /cus_1/.test(error.message));
    await sending.untilHeld();
    assert.equal((await list('job.2')).stripeCalls, 1);
    customer.name = 'after';
    sending.release();
    await contested;
    assert.deepEqual((await kept())?.body, { name: 'before' });
    await isOver();
    const { stripeCalls, counts } = await list('job.1', { attempt: 2 });
    assert.deepEqual([stripeCalls, counts['new_or_newer']], [2, 1]);
    assert.deepEqual((await kept())?.body, { name: 'after' });
  });

  it('is asked for once by each where both were shown the same', async () => {
    const { sending, list, kept } = atStripe();
    sending.hold();
    const waits = list('job.1');
    await sending.untilHeld();
    const before = (await list('job.2')).stripeCalls;
    sending.release();
    assert.deepEqual([before, (await waits).stripeCalls], [1, 1]);
    assert.deepEqual((await kept())?.body, { name: 'before' });
  });
});
