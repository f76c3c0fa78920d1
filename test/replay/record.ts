import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withBudget } from '../support/budget-file.js';
import { OwnPostgres } from '../support/databases.js';
import { Stack } from '../support/stack.js';
import { missingIn, type PlainHistory, RECORDINGS, recordings, scrubbed, toPlain } from './histories.js';
import { CALM, PATHS } from './paths/index.js';
import type { TookPart } from './paths/path.js';

/**
 * `npm run record [path …]`: leads one payment along each path on a stack of its own and writes down the histories of the
 * workflows that took part, in the folder of the version in package.json. Within a version that is not released yet the
 * recordings may be made anew, when a path is added or a workflow takes another way on purpose. Those of a released version
 * are never touched: payments that it began may be open, and every later version must be able to go on with them.
 */
const wanted = process.argv.slice(2);
for (const name of wanted) if (!(name in PATHS)) throw new Error(`no path is called ${name}`);
mkdirSync(RECORDINGS, { recursive: true });
for (const name of wanted.length > 0 ? wanted : Object.keys(PATHS)) {
  try {
    await record(name);
  } catch (error) {
    // The others are recorded all the same.
    process.exitCode = 1;
    process.stderr.write(`${name} was not recorded: ${(error as Error).stack}\n`);
  }
}
if (wanted.length === 0) removeThoseOfNoPath();

async function record(name: string): Promise<void> {
  const path = PATHS[name];
  if (path === undefined) return;
  const postgres = path.store === undefined ? undefined : await OwnPostgres.start();
  const env = postgres === undefined ? {} : { DATABASE_URL: await postgres.createDatabase() };
  const stack = await Stack.start({
    policy: { ...CALM, ...path.policy },
    ...{ env, file: withBudget({ lane_check_ms: 0 }), serverFlags: path.serverFlags ?? [] },
  });
  try {
    const tookPart = await path.go(stack);
    const histories = await Promise.all(tookPart.map((one) => historyOf(stack, one)));
    const missing = missingIn(
      histories.map(({ history }) => history),
      path.holds,
    );
    if (missing.length > 0) throw new Error(`it took another way, without ${missing.join(', ')}`);
    for (const file of recordings(RECORDINGS, name)) rmSync(join(RECORDINGS, file));
    for (const { type, history } of histories) {
      writeFileSync(join(RECORDINGS, `${name}.${type}.json`), `${JSON.stringify(history, null, 1)}\n`);
    }
    process.stdout.write(`${name}: ${tookPart.map(idOf).join(', ')}\n`);
  } finally {
    await stack.stop();
    await postgres?.remove();
  }
}

function idOf(one: TookPart): string {
  return typeof one === 'string' ? one : one.id;
}

async function historyOf(stack: Stack, one: TookPart): Promise<{ type: string; history: PlainHistory }> {
  const handle = stack.temporal.workflow.getHandle(idOf(one), typeof one === 'string' ? undefined : one.run);
  const { type, runId } = await handle.describe();
  const history = scrubbed(toPlain(await handle.fetchHistory()));
  // A reset run's first event is a copy; the replayer takes the run's id from it, and the workflow asks for its own.
  const started = history.events[0]?.['workflowExecutionStartedEventAttributes'] as Record<string, unknown>;
  started['originalExecutionRunId'] = runId;
  return { type, history };
}

function removeThoseOfNoPath(): void {
  for (const file of recordings(RECORDINGS)) {
    if (!((file.split('.')[0] ?? '') in PATHS)) rmSync(join(RECORDINGS, file));
  }
}
