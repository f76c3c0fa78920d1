import { type LaneClass, laneQueue } from '../../src/domain/lanes.js';
import { laneRate, setLaneRate } from '../../src/temporal/lane-keeper.js';
import { TaskQueueType } from '../../src/temporal/proto.js';
import { until } from '../../test/support/until.js';
import type { Order } from '../stage/orders.js';
import type { Stage } from '../stage/stage.js';
import { takeAll } from './taking.js';

const ACCOUNT = 'default';

/** How often it is looked how much waits, ms. */
const LOOK_MS = 1_000;

/**
 * Has orders wait in a lane: none of them has been begun, and the worker is away when this resolves. A worker that starts
 * sets the lane's limit as the budget has it, and begins with them.
 *
 * The stage's budget needs a `lane_check_ms` longer than this takes, else what is set here by hand is put right.
 */
export async function queueInLane(stage: Stage, lane: LaneClass, orders: readonly Order[]): Promise<void> {
  // Once the worker has set it, it sets it again only when checkout takes another part of the budget.
  await until(async () => (await laneRate(stage.temporal, ACCOUNT, lane)) !== null);
  await setLaneRate(stage.temporal, ACCOUNT, lane, 0, 'a backlog is made');
  await takeAll(stage, orders);
  const tooLate = Date.now() + orders.length * SLOWEST_MS + 60_000;
  while ((await waitingIn(stage, lane)) < orders.length) {
    if (Date.now() > tooLate) throw new Error(`${await waitingIn(stage, lane)} of ${orders.length} wait in ${lane}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  await stage.parts.worker.stop();
}

/** No machine needs longer to bring one payment to its lane, ms. */
const SLOWEST_MS = 200;

/** How many tasks wait in a lane, as the server has it. */
async function waitingIn(stage: Stage, lane: LaneClass): Promise<number> {
  const { stats } = await stage.temporal.workflowService.describeTaskQueue({
    namespace: 'default',
    taskQueue: { name: laneQueue(ACCOUNT, lane) },
    taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    reportStats: true,
  });
  return Number(stats?.approximateBacklogCount ?? 0);
}
