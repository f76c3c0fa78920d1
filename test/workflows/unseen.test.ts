import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { PageDone } from '../../src/activities/background-types.js';
import type { Booked } from '../../src/domain/reconciling.js';
import { reconciliation } from '../../src/workflows/index.js';
import { MAIN_QUEUE, NOTHING_DONE } from '../../src/workflows/messages.js';
import { HOUR, T0 } from '../support/facts.js';
import { OwnWorkers } from '../support/own-workers.js';
import { Stack } from '../support/stack.js';

const PAGES = 12;
const OF_A_PAGE = 50;

/** One page of what was on no page, by its number. */
const unseenOn = (page: number): Booked[] =>
  Array.from({ length: OF_A_PAGE }, (_, at) => ({
    ...{ id: `py_${page * OF_A_PAGE + at}`, kind: 'charge', payment: null, intent: 'pi_1' },
    ...{ amount: 700, currency: 'eur', status: 'succeeded' },
  }));

describe('what was on none of the pages of a reconciliation', () => {
  let stack: Stack;
  let workers: OwnWorkers;
  let agrees = true;
  before(async () => {
    stack = await Stack.start({ without: ['worker', 'api', 'webhooks', 'simulator'] });
    workers = await OwnWorkers.start(stack, {
      internal: {},
      background: {
        listUnseen: async ({ after: place }) => {
          const page = Number(place?.id ?? 0);
          const next = page + 1 < PAGES ? { id: String(page + 1), occurredAtMs: T0 } : null;
          return { unseen: unseenOn(page), next };
        },
        compareUnseen: async (): Promise<PageDone> => ({ stripeCalls: 1, counts: agrees ? {} : { missing: 1 } }),
        recordEnd: async () => undefined,
      },
    });
  });
  after(async () => {
    await workers?.stop();
    await stack?.stop();
  });

  const reconciled = (workflowId: string) =>
    stack.temporal.workflow.execute(reconciliation, {
      ...{ taskQueue: MAIN_QUEUE, workflowId },
      args: [
        {
          ...{ version: 1, account: 'default', deployment: 'd1', fromMs: T0, toMs: T0 + HOUR, workerLostMs: 60_000 },
          ...{ at: { step: 'unseen', after: null }, progress: NOTHING_DONE },
        },
      ],
    });

  it('is read to its end where it agrees, however much it is', async () => {
    agrees = true;
    const { complete, stripeCalls, counts } = await reconciled('job.1');
    assert.deepEqual([complete, stripeCalls, counts['unseen_read']], [true, 600, 600]);
  });

  it('is left to a person where five hundred of it are amiss', async () => {
    agrees = false;
    const { complete, stripeCalls, counts } = await reconciled('job.2');
    assert.deepEqual([complete, stripeCalls, counts['missing'], counts['missing_unread']], [false, 500, 500, 100]);
  });
});
