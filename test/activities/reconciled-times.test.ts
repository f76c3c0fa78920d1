import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ComparedPage, ReportedPage, UnseenPage } from '../../src/activities/background-types.js';
import { comparePage, listUnseen, type ReconcileParts } from '../../src/activities/reconcile.js';
import { compareReport } from '../../src/activities/report.js';
import type { Movement } from '../../src/domain/reconciling.js';
import { booksOf } from '../../src/store/books.js';
import { migrate } from '../../src/store/migrate.js';
import type { StripeLists } from '../../src/stripe/lists.js';
import { onBothDatabases } from '../support/databases.js';
import { HOUR, intent, SECOND, T0 } from '../support/facts.js';
import { ledgerEntry } from '../support/kept.js';

/** A charge on the balance at T0, of this deployment. */
const charge = (id: string, changes: Partial<Movement> = {}): Movement => {
  const labels = { deployment: 'd1', workflowId: `pay.acme.${id}`, attempt: 1 };
  const shown = { ...intent('succeeded'), labels };
  return {
    ...{ id: `txn_${id}`, kind: 'charge', source: id, intent: 'pi_1', amount: 1_999, currency: 'eur' },
    ...{ createdMs: T0, labels, shown, refund: null, dispute: null, ...changes },
  };
};

/** The hour in which Stripe's balance shows it, and the next one, in which it was learned. */
const EARLIER = { account: 'eu', fromMs: T0 - HOUR, toMs: T0 + SECOND };
const LATER = { account: 'eu', fromMs: T0 + SECOND, toMs: T0 + HOUR };
const LEARNED_MS = T0 + 2 * SECOND;

const REPORT_COLUMNS =
  'balance_transaction_id,reporting_category,source_id,customer_facing_amount,gross,customer_facing_currency,currency';

onBothDatabases('when money moved', (on) => {
  before(() => migrate(on.database));

  function setUp() {
    const deployment = on.deployment();
    let nth = 0;
    const doneIn = <T>(
      work: (parts: ReconcileParts) => Promise<T>,
      movements: readonly Movement[] = [],
    ): Promise<T> => {
      nth += 1;
      const lists = { movements: async () => ({ items: movements, next: null }) } as unknown as StripeLists;
      const parts = {
        ...{ now: () => T0 + HOUR, random: () => 0.5, lists, deployment, keptForMs: HOUR },
        store: { isThere: true, database: on.database, close: async () => undefined },
      } as unknown as ReconcileParts;
      const workflowExecution = { workflowId: `job.${nth}`, runId: 'run-1' };
      const env = new MockActivityEnvironment({ workflowExecution }, { logger: new DefaultLogger('ERROR') });
      return env.run(() => work(parts)) as Promise<T>;
    };
    return {
      ledger: booksOf(on.database, deployment).ledger,
      compare: (movements: readonly Movement[]): Promise<ComparedPage> => {
        const own = movements.map((moved) => ({ ...moved, labels: moved.labels && { ...moved.labels, deployment } }));
        return doneIn((parts) => comparePage(parts, { ...EARLIER, after: null }), own);
      },
      compareReported: (charges: readonly string[]): Promise<ReportedPage> => {
        const line = (id: string) => `txn_${id},charge,${id},19.99,19.99,eur,eur\n`;
        const report = `${REPORT_COLUMNS}\n${charges.map(line).join('')}`;
        const lists = { reportContents: async () => report } as unknown as StripeLists;
        return doneIn((parts) => compareReport({ ...parts, lists }, { ...EARLIER, file: 'file_1' }));
      },
      unseenLater: (): Promise<UnseenPage> => doneIn((parts) => listUnseen(parts, { ...LATER, after: null })),
    };
  }

  it('is when the balance shows it: what was learned in the next period is then on no page that is missed there', async () => {
    const { ledger, compare, unseenLater } = setUp();
    const ids = Array.from({ length: 40 }, (_, at) => `ch_${at}`);
    await ledger.record(ids.map((id) => ledgerEntry(id, { occurredAtMs: LEARNED_MS, recordedAtMs: LEARNED_MS })));
    assert.equal((await unseenLater()).unseen.length, 40);
    const { counts } = await compare(ids.map((id) => charge(id)));
    assert.deepEqual([counts['missing'], counts['extra'], counts['different']], [0, 0, 0]);
    assert.deepEqual((await unseenLater()).unseen, []);
    // What is learned of it later does not take it back.
    await ledger.record([ledgerEntry('ch_0', { occurredAtMs: LEARNED_MS + 9, recordedAtMs: LEARNED_MS + 9 })]);
    assert.equal((await ledger.find('eu', ['ch_0']))[0]?.occurredAtMs, T0);
  });

  it('is within the period whose report shows it, at the edge where it was learned', async () => {
    const { ledger, compareReported, unseenLater } = setUp();
    const [learned, before] = [
      ledgerEntry('ch_1', { occurredAtMs: LEARNED_MS }),
      ledgerEntry('ch_2', { occurredAtMs: 0 }),
    ];
    await ledger.record([learned, before]);
    assert.deepEqual((await compareReported(['ch_1', 'ch_2'])).counts, { movements: 2 });
    assert.deepEqual((await ledger.find('eu', ['ch_1', 'ch_2'])).map(({ occurredAtMs }) => occurredAtMs).sort(), [
      EARLIER.fromMs,
      EARLIER.toMs - 1,
    ]);
    assert.deepEqual((await unseenLater()).unseen, []);
  });

  it('stays where it was by what came back of it', async () => {
    const { ledger, compare } = setUp();
    const failed = ledgerEntry('re_1', { kind: 'refund', status: 'failed', occurredAtMs: LEARNED_MS });
    await ledger.record([failed]);
    await compare([charge('re_1', { kind: 'refund_failure', amount: 0 })]);
    assert.deepEqual(await ledger.find('eu', ['re_1']), [failed]);
  });
});
