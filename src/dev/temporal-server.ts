import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { failure, type Running, UsageError } from '../process.js';
import { typeName } from '../temporal/prepare.js';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.js';

/**
 * The server's settings under which it keeps up with payments, each measured (docs/decisions/0011): the default of 20 queue
 * reads a second for the one shard of a development server puts 40 ms before every step; one partition makes low rates exact
 * and priority strict. A cluster gets the same from ops/temporal/dynamicconfig.yaml.
 */
export const DYNAMIC_CONFIG: Readonly<Record<string, number | boolean | string>> = {
  'history.transferProcessorMaxPollRPS': 2_000,
  'history.transferProcessorMaxPollHostRPS': 5_000,
  'history.timerProcessorMaxPollRPS': 2_000,
  'history.timerProcessorMaxPollHostRPS': 5_000,
  'history.visibilityProcessorMaxPollRPS': 500,
  'frontend.namespaceRPS.visibility': 100,
  'matching.useNewMatcher': true,
  'matching.enableFairness': true,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  // For so long, give or take a fifth, it refuses every limit on a lane after a call to set one was cut off half way; by default
  // for 5 minutes.
  'matching.getUserDataRefresh': '10s',
  // As on a cluster. A development server reads them from its database for every start and every write to visibility.
  'system.forceSearchAttributesCacheRefreshOnRead': false,
};

/** Known from the start, they need not be waited for. */
const KNOWN_ATTRIBUTES = SEARCH_ATTRIBUTES.map((key) => `${key.name}=${typeName(key)}`);

/**
 * What only the file database wants: it takes one writer at a time, and 512 at once for the lists (the default) stand in
 * the way of the payments' own.
 */
const FILE_DATABASE_CONFIG = { 'history.visibilityProcessorSchedulerWorkerCount': 1 };

/**
 * A file database in WAL mode loses nothing and runs at in-memory speed. The server is the only one that opens it, so it
 * need not lock it anew for every transaction; a second server on the same file is refused.
 */
export const SERVER_FLAGS: readonly string[] = [
  ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=1'],
  ...['--sqlite-pragma', 'locking_mode=exclusive'],
  ...Object.entries({ ...DYNAMIC_CONFIG, ...FILE_DATABASE_CONFIG }).flatMap(([key, value]) => [
    '--dynamic-config-value',
    `${key}=${JSON.stringify(value)}`,
  ]),
  ...KNOWN_ATTRIBUTES.flatMap((attribute) => ['--search-attribute', attribute]),
];

export interface TemporalServerOptions {
  readonly cli: string;
  readonly dataDir: string;
  readonly port: number;
  readonly uiPort: number;
  readonly namespace: string;
  /** Flags of the server's own beside {@link SERVER_FLAGS}. */
  readonly flags?: readonly string[];
}

/** How long the server has to answer, and to end. */
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;
const KILL_TIMEOUT_MS = 5_000;

/** Starts the Temporal server on a file database in the data folder. @throws UsageError when it does not come up. */
export async function startTemporalServer(options: TemporalServerOptions): Promise<Running & { pid: number }> {
  const { cli, dataDir, port, uiPort, namespace, flags = [] } = options;
  mkdirSync(dataDir, { recursive: true });
  const log = join(dataDir, 'temporal-server.log');
  const args = [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
    ...['--db-filename', join(dataDir, 'temporal.db'), '--namespace', namespace],
    ...['--log-level', 'warn'],
    ...SERVER_FLAGS,
    ...flags,
  ];
  const output = openSync(log, 'a');
  // A group of its own: a terminal's Ctrl-C must not end the server before what uses it has finished.
  const child = spawn(cli, args, { stdio: ['ignore', output, output], detached: true });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const { failed, fail } = failure();
  const stop = async () => {
    stopping = true;
    await end(child, ended);
    process.off('exit', kill);
  };
  let stopping = false;
  void ended.then(() => {
    if (!stopping) fail(new UsageError(`the Temporal server ended by itself: see ${log}`));
  });
  try {
    await Promise.race([untilItAnswers(`127.0.0.1:${port}`), failed]);
  } catch (error) {
    await stop();
    throw error instanceof UsageError ? error : new UsageError(`the Temporal server did not come up: see ${log}`);
  }
  return { failed, stop, stopsWithinMs: STOP_TIMEOUT_MS + KILL_TIMEOUT_MS, pid: child.pid ?? 0 };
}

async function untilItAnswers(address: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const connection = Connection.lazy({ address, connectTimeout: 1_000 });
    try {
      await connection.ensureConnected();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    } finally {
      await connection.close();
    }
  }
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
