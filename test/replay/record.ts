import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { Stack } from '../support/stack.js';
import { HISTORIES, scrubbed, toPlain } from './histories.js';
import { PATHS } from './paths.js';

/**
 * `npm run record`: leads one payment along each path on a stack of its own and writes down the histories of the
 * workflows that took part. Recorded anew when a path is added or a payment's version changes on purpose; what is in
 * flight at that time is what the old recordings stand for, so they are kept until no such payment can be open any more.
 */
const wanted = process.argv.slice(2);
mkdirSync(HISTORIES, { recursive: true });
for (const [name, path] of Object.entries(PATHS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const stack = await Stack.start({ policy: { overdue_ms: 1_000, sweep_interval_ms: 1_000, patience_ms: 2_000 } });
  try {
    const ids = await path(stack);
    for (const file of readdirSync(HISTORIES)) if (file.startsWith(`${name}.`)) rmSync(join(HISTORIES, file));
    for (const id of ids) await record(name, stack.temporal.workflow.getHandle(id));
    process.stdout.write(`${name}: ${ids.join(', ')}\n`);
  } finally {
    await stack.stop();
  }
}

async function record(path: string, handle: WorkflowHandle): Promise<void> {
  const { type, runId } = await handle.describe();
  const history = scrubbed(toPlain(await handle.fetchHistory()));
  // A reset run's first event is a copy; the replayer takes the run's id from it, and the workflow asks for its own.
  const started = history.events[0]?.['workflowExecutionStartedEventAttributes'] as Record<string, unknown>;
  started['originalExecutionRunId'] = runId;
  writeFileSync(join(HISTORIES, `${path}.${type}.json`), `${JSON.stringify(history, null, 1)}\n`);
}
