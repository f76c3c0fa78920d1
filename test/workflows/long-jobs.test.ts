import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createBackgroundActivities } from '../../src/activities/background.js';
import { createInternalActivities } from '../../src/activities/internal.js';
import type { JobView } from '../../src/api/background-schemas.js';
import { laneQueue } from '../../src/domain/lanes.js';
import { installRuntime } from '../../src/runtime.js';
import type { Books, Database } from '../../src/store/index.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { PendingActivityState } from '../../src/temporal/proto.js';
import { workflowCode } from '../../src/workflow-code.js';
import { type JobProgress, MAIN_QUEUE, PROGRESS } from '../../src/workflows/messages.js';
import { openBooks } from '../support/books.js';
import { postgresMissing } from '../support/databases.js';
import { LongLists, ON_A_PAGE } from '../support/long-lists.js';
import { Stack } from '../support/stack.js';
import { PATIENCE_MS, until } from '../support/until.js';

/** A run of a job's workflow does at most this many steps. */
const STEPS = 100;

/** One that began again with each run would come to no end. */
const COMES_TO_AN_END = { timeout: PATIENCE_MS };

/** The last day of October, as the API is asked for it and as it shows it. */
const PERIOD = { from: '2026-10-31T00:00:00.000Z', to: '2026-11-01T00:00:00.000Z' };

describe('a job that goes on from run to run', { skip: postgresMissing() }, () => {
  const long = new LongLists();
  let stack: Stack;
  let database: Database;
  let books: Books;
  let connection: NativeConnection;
  let workers: Worker[] = [];
  let runs: Promise<void>[] = [];
  before(async () => {
    // Nobody is killed here, and a page that is given up meanwhile would be asked for twice.
    const policy = { worker_lost_ms: 60_000 };
    stack = await Stack.start({ without: ['worker', 'simulator'], withStore: true, policy });
    let deployment: string;
    ({ database, books, deployment } = await openBooks(stack));
    const logger = createLogger('silent', 'test');
    await installRuntime(logger, null);
    connection = await NativeConnection.connect({ address: stack.config.temporal.address ?? '' });
    const { temporal: client } = stack;
    const background = createBackgroundActivities({
      ...{ now: Date.now, random: () => 0.5, lists: long.lists, gateway: {} as never, past: {} as never },
      deliver: { client, deployment, policy: stack.config.policy.payments },
      store: { isThere: true, database, close: async () => undefined },
      keptForMs: 24 * 60 * 60_000,
    });
    const internal = createInternalActivities({ client, logger });
    workers = [
      await Worker.create({ connection, taskQueue: MAIN_QUEUE, ...workflowCode(), activities: internal }),
      await Worker.create({ connection, taskQueue: laneQueue('default', 'background'), activities: background }),
    ];
    runs = workers.map((worker) => worker.run());
  });
  after(async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(runs);
    await connection?.close();
    await database?.close();
    await stack?.stop();
  });

  const take = async (key: string, asked: object): Promise<JobView> => {
    const body = { account: 'default', ...PERIOD, ...asked };
    const answer = await stack.api.call<JobView>('POST', '/v1/jobs', body, { 'idempotency-key': key });
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    return answer.body;
  };
  const read = async (id: string) => (await stack.api.call<JobView>('GET', `/v1/jobs/${id}`)).body;
  const ask = async (id: string, word: string) => {
    assert.equal((await stack.api.call('POST', `/v1/jobs/${id}/${word}`)).status, 202);
  };
  const ended = async (id: string): Promise<JobView> => {
    await stack.temporal.workflow
      .getHandle(id)
      .result()
      .catch(() => undefined);
    return read(id);
  };
  /** Every page of a list, in its order. */
  const pagesOf = (list: string, count: number) => Array.from({ length: count }, (_, at) => `${list}/${at}`);
  /** What tells it from every other job, on whichever run. */
  const whose = ({ id, type, account, from, to, objects, created_at }: JobView) => {
    return { id, type, account, from, to, objects, created_at };
  };

  it(
    'asks for every page once, keeps every object once, and adds up what all its runs did',
    COMES_TO_AN_END,
    async () => {
      long.begin({ customers: 130, disputes: 90 });
      long.failOnce('customers/42', 'disputes/5');
      const taken = await take('whole', { type: 'sync', objects: ['customers', 'disputes'] });
      const done = await ended(taken.id);
      const objects = 220 * ON_A_PAGE;
      assert.deepEqual([done.status, done.complete, done.pages], ['completed', true, 220]);
      assert.deepEqual(done.counts, { objects, new_or_newer: objects });
      const asked = [...pagesOf('customers', 130), ...pagesOf('disputes', 90)];
      // What was cut off is asked for again, and counts.
      asked.splice(asked.indexOf('customers/42'), 0, 'customers/42');
      asked.splice(asked.indexOf('disputes/5'), 0, 'disputes/5');
      assert.deepEqual(
        long.asked.map(({ page }) => page),
        asked,
      );
      assert.equal(done.stripe_calls, asked.length);
      assert.deepEqual(long.byRun(), [STEPS + 1, STEPS + 1, 20]);
      const day = [Date.parse(PERIOD.from), Date.parse(PERIOD.to)] as const;
      assert.equal(await books.objects.count('default', 'customer', ...day), 130 * ON_A_PAGE);
      assert.equal(await books.objects.count('default', 'dispute', ...day), 90 * ON_A_PAGE);
      assert.deepEqual(whose(done), whose(taken));
    },
  );

  it(
    'stays paused between two runs and in the one after, and shows on its page how far all have come',
    COMES_TO_AN_END,
    async () => {
      long.begin({ customers: 130 });
      const [lastOfOne, later] = ['customers/99', 'customers/119'];
      long.hold(lastOfOne);
      const { id } = await take('paused', { type: 'sync', objects: ['customers'] });
      for (const [page, next] of [
        [lastOfOne, later],
        [later, null],
      ] as const) {
        await long.untilHeld();
        await ask(id, 'pause');
        long.release();
        const asked = long.asked.length;
        await until(async () => (await read(id)).pages === asked);
        const paused = await read(id);
        assert.deepEqual([paused.status, paused.pages, paused.stripe_calls], ['paused', asked, asked], page);
        assert.match(await stack.pageOf(id), new RegExp(`\\*\\*paused\\*\\*: customers of default[^]*${asked} pages`));
        if (next !== null) long.hold(next);
        assert.equal(long.asked.length, asked, 'nothing is asked while it is paused');
        await ask(id, 'resume');
      }
      const done = await ended(id);
      assert.deepEqual([done.status, done.pages, done.stripe_calls], ['completed', 130, 130]);
      assert.deepEqual(long.byRun(), [STEPS, 30]);
    },
  );

  it('that is called off in a later run says what the earlier ones did', COMES_TO_AN_END, async () => {
    long.begin({ customers: 130 });
    long.hold('customers/119');
    const { id } = await take('called-off', { type: 'sync', objects: ['customers'] });
    await long.untilHeld();
    await ask(id, 'cancel');
    const handle = stack.temporal.workflow.getHandle(id);
    const { PENDING_ACTIVITY_STATE_CANCEL_REQUESTED: calledOff } = PendingActivityState;
    await until(async () => (await handle.describe()).raw.pendingActivities?.[0]?.state === calledOff);
    long.release();
    const done = await ended(id);
    assert.deepEqual([done.status, done.pages, done.stripe_calls], ['canceled', 120, 120]);
    assert.equal(done.counts['objects'], 120 * ON_A_PAGE);
    assert.deepEqual(long.byRun(), [STEPS, 20]);
  });

  for (const [type, list] of [
    ['reconciliation', 'movements'],
    ['webhook_recovery', 'events'],
  ] as const) {
    it(`goes on at the page it was at, of a ${type} too`, COMES_TO_AN_END, async () => {
      long.begin({ [list]: 130 });
      const taken = await take(type, { type });
      const done = await ended(taken.id);
      assert.deepEqual([done.status, done.complete, done.stripe_calls], ['completed', true, 130]);
      assert.deepEqual(
        long.asked.map(({ page }) => page),
        pagesOf(list, 130),
      );
      assert.equal(long.byRun().length, 2);
      assert.deepEqual(whose(done), whose(taken));
      // Who asks while no worker is there is told what the runs before this one did.
      const { memo } = await stack.temporal.workflow.getHandle(taken.id).describe();
      assert.equal((memo?.[PROGRESS] as JobProgress | undefined)?.pages, STEPS);
    });
  }
});
