import { NativeConnection, Worker } from '@temporalio/worker';
import type { BackgroundActivities, InternalActivities, StripeActivities } from '../../src/activities/types.js';
import { laneQueue } from '../../src/domain/lanes.js';
import { installRuntime } from '../../src/runtime.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { workflowCode } from '../../src/workflow-code.js';
import { MAIN_QUEUE } from '../../src/workflows/messages.js';
import type { Stack } from './stack.js';

/** What stands for the activities: those that a test's workflows come to. */
export interface OwnActivities {
  readonly internal: Partial<InternalActivities>;
  /** On the background lane of the account `default`. */
  readonly background: Partial<BackgroundActivities & Pick<StripeActivities, 'findOverdue'>>;
}

/** Workers in the test's own process, with the workflows as they are and activities of the test's own. */
export class OwnWorkers {
  private constructor(
    private readonly connection: NativeConnection,
    private readonly workers: readonly Worker[],
    private readonly runs: Promise<unknown>,
  ) {}

  static async start(stack: Stack, { internal, background }: OwnActivities): Promise<OwnWorkers> {
    await installRuntime(createLogger('silent', 'test'), null);
    const connection = await NativeConnection.connect({ address: stack.config.temporal.address ?? '' });
    const taskQueue = laneQueue('default', 'background');
    const workers = [
      await Worker.create({ connection, taskQueue: MAIN_QUEUE, ...workflowCode(), activities: internal }),
      await Worker.create({ connection, taskQueue, activities: background }),
    ];
    return new OwnWorkers(connection, workers, Promise.all(workers.map((worker) => worker.run())));
  }

  async stop(): Promise<void> {
    for (const worker of this.workers) worker.shutdown();
    await this.runs;
    await this.connection.close();
  }
}
