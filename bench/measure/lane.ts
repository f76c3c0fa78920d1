import { randomUUID } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time.js';
import { type LaneClass, laneQueue, placeInLane } from '../../src/domain/lanes.js';
import { isNotNow } from '../../src/temporal/grpc-errors.js';
import { laneRate, setLaneRate } from '../../src/temporal/lane-keeper.js';
import { CommandType, TaskQueueType } from '../../src/temporal/proto.js';
import { until } from '../../test/support/until.js';
import type { Order } from '../stage/orders.js';
import type { Stage } from '../stage/stage.js';
import type { OTHER_ACCOUNT } from '../stage/system.js';
import { takeAll } from './taking.js';

/** A lane of one of the stage's accounts. */
export interface Lane {
  readonly account: 'default' | typeof OTHER_ACCOUNT.name;
  readonly lane: LaneClass;
}

/** How often it is looked how much waits, ms. */
const LOOK_MS = 1_000;

/** Has orders wait in a lane: see {@link queue}. */
export async function ordersInLane(stage: Stage, lane: LaneClass, orders: readonly Order[]): Promise<void> {
  await queue(stage, { account: 'default', lane }, orders.length, () => takeAll(stage, orders));
}

/**
 * Has calls to Stripe of one merchant wait in a lane, reads of an intent, by the name and with the place of those that
 * payments make: see {@link queue}. They are scheduled by workflows that nobody works on any further, so that each costs its own
 * dispatch, call and answer, and nothing besides. What still waits there is filled up to `count`.
 */
export async function callsInLane(stage: Stage, lane: Lane, merchant: string, count: number): Promise<void> {
  const stripe = lane.account === 'default' ? stage.stripe : stage.otherStripe;
  const { id: intent } = await stripe.paymentIntents.create({ amount: 1_999, currency: 'eur' });
  await queue(stage, lane, count, async () => {
    for (let left = count - (await waitingIn(stage, lane)); left > 0; left -= OF_ONE_WORKFLOW) {
      // A queue of its own: those before it have tasks again, which nobody does.
      const workflowId = `bench-backlog-${randomUUID()}`;
      await stage.temporal.workflow.start('backlog', { workflowId, taskQueue: workflowId, args: [] });
      await schedule(stage, workflowId, { lane, merchant, intent }, Math.min(left, OF_ONE_WORKFLOW));
    }
  });
}

/** With a thousand, each step of one costs the server several times as much; it allows two thousand. */
const OF_ONE_WORKFLOW = 100;
const IDENTITY = 'bench';

/** The server wants to know how long it is waited for the task. */
const POLL_MS = 60_000;

/** Answers the one workflow task that waits, as a worker would: with the command to schedule so many activities. */
async function schedule(
  stage: Stage,
  workflowQueue: string,
  { lane, merchant, intent }: { lane: Lane; merchant: string; intent: string },
  count: number,
): Promise<void> {
  const { workflowService } = stage.temporal;
  const name = laneQueue(lane.account, lane.lane);
  const input = { payloads: [defaultPayloadConverter.toPayload({ account: lane.account, intent })] };
  const taskQueue = { name: workflowQueue };
  const { taskToken } = await stage.temporal.withDeadline(Date.now() + POLL_MS, () =>
    workflowService.pollWorkflowTaskQueue({ namespace: 'default', taskQueue, identity: IDENTITY }),
  );
  const commands = Array.from({ length: count }, (_, nth) => ({
    commandType: CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
    scheduleActivityTaskCommandAttributes: {
      activityId: String(nth + 1),
      activityType: { name: 'identifyIntent' },
      taskQueue: { name },
      input,
      scheduleToCloseTimeout: msToTs('1 day'),
      startToCloseTimeout: msToTs('5 minutes'),
      heartbeatTimeout: msToTs('1 minute'),
      priority: placeInLane(lane.lane, merchant),
    },
  }));
  await workflowService.respondWorkflowTaskCompleted({ namespace: 'default', taskToken, identity: IDENTITY, commands });
}

/**
 * Pauses a lane and has work put into it. None of it has been begun, and the worker is away, when this resolves; a worker
 * that starts sets the lane's limit as the budget has it, and begins.
 *
 * The stage's budget needs a `lane_check_ms` longer than this takes, else what is set here by hand is put right.
 */
async function queue(stage: Stage, { account, lane }: Lane, count: number, put: () => Promise<void>): Promise<void> {
  // Once the worker has set it, it sets it again only when checkout takes another part of the budget.
  await until(async () => (await laneRate(stage.temporal, account, lane)) !== null);
  await until(() => isPaused(stage, { account, lane }));
  await put();
  const tooLate = Date.now() + count * SLOWEST_MS + 60_000;
  while ((await waitingIn(stage, { account, lane })) < count) {
    if (Date.now() > tooLate)
      throw new Error(`${await waitingIn(stage, { account, lane })} of ${count} wait in ${lane}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  await stage.parts.worker.stop();
}

/** Whether the server has taken it that a lane is to stand still; one that is busy may say that it cannot now. */
async function isPaused(stage: Stage, { account, lane }: Lane): Promise<boolean> {
  try {
    await setLaneRate(stage.temporal, account, lane, 0, 'a backlog is made');
    return true;
  } catch (error) {
    if (!isNotNow(error)) throw error;
    return false;
  }
}

/** No machine needs longer to bring one payment to its lane, ms. */
const SLOWEST_MS = 200;

/** How many tasks wait in a lane, as the server has it. */
async function waitingIn(stage: Stage, { account, lane }: Lane): Promise<number> {
  const { stats } = await stage.temporal.workflowService.describeTaskQueue({
    namespace: 'default',
    taskQueue: { name: laneQueue(account, lane) },
    taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    reportStats: true,
  });
  return Number(stats?.approximateBacklogCount ?? 0);
}
