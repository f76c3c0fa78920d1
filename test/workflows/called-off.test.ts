import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { PageDone } from '../../src/activities/background-types.js';
import { callsUnderWay } from '../../src/activities/calls-under-way.js';
import { heartbeatWhile } from '../../src/activities/heartbeat.js';
import { oneCall } from '../../src/activities/one-call.js';
import type { Booked } from '../../src/domain/reconciling.js';
import { reconciliation } from '../../src/workflows/index.js';
import { type JobProgress, jobProgress, MAIN_QUEUE, NOTHING_DONE, PROGRESS } from '../../src/workflows/messages.js';
import { HOUR, T0 } from '../support/facts.js';
import { Held } from '../support/held.js';
import { OwnWorkers } from '../support/own-workers.js';
import { Stack } from '../support/stack.js';
import { until } from '../support/until.js';

const CALLS = { now: Date.now, random: () => 0.5 };

const REFUND: Booked = {
  ...{ id: 're_1', kind: 'refund', payment: null, intent: null },
  ...{ amount: 700, currency: 'eur', status: 'succeeded' },
};

describe('a job that is called off just as one read ends', () => {
  const asked: string[] = [];
  /** The answer to what the calls under way are. */
  const answer = new Held();
  const firstRead = new Held();
  let stack: Stack;
  let workers: OwnWorkers;
  before(async () => {
    stack = await Stack.start({ without: ['worker', 'api', 'webhooks', 'simulator'] });
    const done: PageDone = { stripeCalls: 0, counts: {} };
    workers = await OwnWorkers.start(stack, {
      internal: {
        async callsUnderWay() {
          const calls = await callsUnderWay(stack.temporal);
          await answer.pass();
          return calls;
        },
      },
      background: {
        listUnseen: async () => ({ unseen: [REFUND, { ...REFUND, id: 're_2' }], next: null }),
        compareUnseen: ({ booked }) =>
          heartbeatWhile(async () => {
            const { stripeCalls } = await oneCall(CALLS, async () => {
              asked.push(booked.id);
              await firstRead.pass();
            });
            return { ...done, stripeCalls };
          }),
      },
    });
  });
  after(async () => {
    await workers?.stop();
    await stack?.stop();
  });

  it('counts that, and begins no other', async () => {
    firstRead.hold();
    answer.hold();
    const job = { version: 1, account: 'default', deployment: 'd1', fromMs: T0, toMs: T0 + HOUR } as const;
    const at = { step: 'unseen', after: null } as const;
    const handle = await stack.temporal.workflow.start(reconciliation, {
      ...{ taskQueue: MAIN_QUEUE, workflowId: 'job.1' },
      args: [{ ...job, workerLostMs: 60_000, at, progress: NOTHING_DONE }],
    });
    await firstRead.untilHeld();
    await handle.cancel();
    await answer.untilHeld();
    firstRead.release();
    await until(async () => (await handle.query(jobProgress)).stripeCalls === 1);
    answer.release();
    await assert.rejects(handle.result());
    const { memo, status } = await handle.describe();
    assert.equal(status.name, 'CANCELLED');
    const progress = memo?.[PROGRESS] as JobProgress | undefined;
    assert.deepEqual([progress?.stripeCalls, progress?.counts['unseen_read']], [1, 1]);
    assert.deepEqual(asked, ['re_1']);
  });
});
