import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createActivities } from './activities.js';
import { TASK_QUEUE } from './order.js';
import { connectStripe } from './stripe.js';

/** One worker for workflows and activities, as in every getting-started: its concurrency and caches are the SDK's. */
const { env } = process;
const connection = await NativeConnection.connect({ address: env['TEMPORAL_ADDRESS'] ?? '' });
const worker = await Worker.create({
  connection,
  taskQueue: TASK_QUEUE,
  workflowsPath: fileURLToPath(new URL('./workflows.js', import.meta.url)),
  activities: createActivities(connectStripe(env), join(env['HOME'] ?? '', 'ledger.jsonl')),
});
const running = worker.run();
process.stdout.write('plain worker ready\n');
await running;
