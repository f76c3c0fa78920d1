import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { SyncedPage } from '../../src/activities/background-types.js';
import { syncObjects } from '../../src/activities/sync.js';
import type { SyncedObject } from '../../src/domain/syncing.js';
import { booksOf } from '../../src/store/books.js';
import { migrate } from '../../src/store/migrate.js';
import type { StripeLists } from '../../src/stripe/lists.js';
import { onBothDatabases } from '../support/databases.js';
import { SECOND } from '../support/facts.js';
import { KEPT_AT } from '../support/kept.js';

onBothDatabases('an object that two jobs list', (on) => {
  before(() => migrate(on.database));

  it('stays as it was shown last, though the worker that listed it last be seconds behind', async () => {
    const deployment = on.deployment();
    const store = { isThere: true, database: on.database, close: async () => undefined };
    /** Lists one customer, as it is now, on a worker whose clock is off by so much. */
    const list = async (job: string, name: string, offMs: number) => {
      const shown: SyncedObject = { kind: 'customers', id: 'cus_1', createdMs: KEPT_AT, body: { name } };
      const lists = { objects: async () => ({ items: [shown], next: null }) } as unknown as StripeLists;
      const parts = { store, deployment, lists, now: () => Date.now() + offMs, random: () => 0.5 };
      const input = { account: 'eu', kind: 'customers', fromMs: KEPT_AT, toMs: KEPT_AT + SECOND, after: null } as const;
      const info = { workflowExecution: { workflowId: job, runId: 'run-1' } };
      const environment = new MockActivityEnvironment(info);
      const page = (await environment.run(() => syncObjects(parts, input))) as SyncedPage;
      // Of two that were shown within a millisecond nobody could say which is the newer.
      await new Promise((resolve) => setTimeout(resolve, 2));
      return page.counts['new_or_newer'];
    };
    assert.equal(await list('job.1', 'before', 3 * SECOND), 1);
    assert.equal(await list('job.2', 'after', -3 * SECOND), 1);
    const found = await booksOf(on.database, deployment).objects.find('eu', 'customer', 'cus_1');
    assert.deepEqual(found?.body, { name: 'after' });
  });
});
