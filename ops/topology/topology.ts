import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { API_STOPS_WITHIN_MS } from '../../src/api-server.js';
import { type Config, childEnvironment } from '../../src/config/index.js';
import type { Say } from '../../src/dev/go-install.js';
import { freeLowPorts, isTaken } from '../../src/dev/ports.js';
import { findTemporal } from '../../src/dev/temporal-cli.js';
import { failure, portTaken, type Running, STOPS_WITHIN_MS, UsageError } from '../../src/process.js';
import { WEBHOOKS_STOP_WITHIN_MS } from '../../src/webhooks-server.js';
import { workerStopsWithinMs } from '../../src/worker.js';
import { type Child, startChild } from './child.js';
import { findPostgres, startPostgres } from './postgres.js';
import { createStore, newStorePassword, storeUrl } from './store.js';
import { createNamespace, findServer, INNER_PORTS, setUpSchema, startServer } from './temporal-server.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const WORKERS = 2;
const READY_TIMEOUT_MS = 60_000;

/** For a process to be gone after its own bound; a kill comes then. */
const LEEWAY_MS = 5_000;

/**
 * What docker-compose.yml describes, without Docker: Temporal's official server on PostgreSQL, and Penstock compiled, in
 * processes of its own. When a part fails to start, or ends by itself, everything ends.
 */
export async function startTopology(config: Config, say: Say, stopping: AbortSignal): Promise<Running> {
  const parts: Running[] = [];
  // Each drains into what was started before it.
  const stop = async () => {
    for (const part of [...parts].reverse()) await part.stop();
  };
  const begin = async <T extends Running>(starting: () => Promise<T>): Promise<T> => {
    stopping.throwIfAborted();
    const part = await starting();
    parts.push(part);
    return part;
  };
  try {
    await startAll(config, say, stopping, begin);
  } catch (error) {
    await stop();
    throw error;
  }
  const { failed, fail } = failure();
  for (const part of parts) part.failed.catch(fail);
  const stopsWithinMs = parts.reduce((sum, part) => sum + (part.stopsWithinMs ?? 0), LEEWAY_MS);
  return { failed, stop, stopsWithinMs };
}

type Begin = <T extends Running>(starting: () => Promise<T>) => Promise<T>;

async function startAll(config: Config, say: Say, stopping: AbortSignal, begin: Begin): Promise<void> {
  refuseOtherSystems();
  findPostgres();
  await refuseTakenPorts(config);
  const folder = join(config.dataDir, 'topology');
  mkdirSync(folder, { recursive: true });
  // PostgreSQL, which refuses root, has to get through to its own folder.
  chmodSync(folder, 0o711);
  const cli = await findTemporal(config, say, stopping);
  const programs = await findServer(config, say, stopping);
  build();

  const [port = 0, ...inner] = await innerPorts(folder);
  say('penstock: starting PostgreSQL');
  const { database } = await begin(() => startPostgres(folder, port));
  setUpSchema(database, programs);
  const storePassword = newStorePassword();
  createStore(database, storePassword);
  say('penstock: starting the Temporal server');
  const frontend = config.temporal.port;
  await begin(() => startServer(programs, database, { frontend, inner }, folder));
  const address = `127.0.0.1:${frontend}`;
  createNamespace(address, config.temporal.namespace, cli);

  const simulator = config.simulator.embedded ? 'the simulator, ' : '';
  say(`penstock: starting Penstock: ${simulator}the API, the webhooks, ${WORKERS} workers`);
  const alone = environment(config, address, folder);
  const withStore = { ...alone, DATABASE_URL: storeUrl(database, storePassword) };
  const program = (name: string, [file = '', ...args]: string[], ready: RegExp, stopsWithinMs: number, env = alone) =>
    begin(() => startProgram({ name, file, args, ready, stopsWithinMs: stopsWithinMs + LEEWAY_MS, folder, env }));
  if (config.simulator.embedded) {
    const url = `http://127.0.0.1:${config.webhooks.port}/webhooks/stripe/default`;
    await program('simulator', ['simulator/server.js', `--webhook-url=${url}`], /simulator on/, STOPS_WITHIN_MS);
  }
  await program('api', ['api-server.js'], /"api ready"/, API_STOPS_WITHIN_MS, withStore);
  await program('webhooks', ['webhooks-server.js'], /"webhooks ready"/, WEBHOOKS_STOP_WITHIN_MS);
  for (let nth = 1; nth <= WORKERS; nth += 1) {
    await program(`worker-${nth}`, ['worker.js'], /"worker ready"/, workerStopsWithinMs(config), withStore);
  }
  sayWhere(config, database.port, folder, say);
}

function refuseOtherSystems(): void {
  if (process.platform === 'linux' && existsSync('/usr/bin/setpriv')) return;
  throw new UsageError(
    'this needs Debian or its like (setpriv, and PostgreSQL from its packages); elsewhere use Docker',
  );
}

async function refuseTakenPorts(config: Config): Promise<void> {
  const needed: [port: number, what: string, variable: string][] = [
    [config.port, 'the API', 'PORT'],
    [config.webhooks.port, 'the webhooks', 'WEBHOOKS_PORT'],
    [config.temporal.port, 'the Temporal server', 'TEMPORAL_PORT'],
  ];
  if (config.simulator.embedded) needed.push([config.simulator.port, 'the simulator', 'SIMULATOR_PORT']);
  for (const [port, what, variable] of needed) if (await isTaken(port)) throw portTaken(port, what, variable);
}

/** How long a server whose topology was killed may take to be gone: it was told to end, and drains first. */
const EARLIER_GONE_MS = 15_000;

/**
 * The same at every start, as long as they are free. The database remembers for a while which servers there were and
 * where; one that came back elsewhere would hand its work to the one that is gone, for most of a minute.
 */
async function innerPorts(folder: string): Promise<readonly number[]> {
  const file = join(folder, 'ports.json');
  const before: number[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  if (before.length === 1 + INNER_PORTS && (await areFreed(before, EARLIER_GONE_MS))) return before;
  const ports = await freeLowPorts(1 + INNER_PORTS);
  writeFileSync(file, JSON.stringify(ports));
  return ports;
}

async function areFreed(ports: readonly number[], withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const taken = await Promise.all(ports.map((port) => isTaken(port)));
    if (!taken.includes(true)) return true;
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function build(): void {
  const args = [join(ROOT, 'scripts/build.mjs'), '--if-changed'];
  const built = spawnSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (built.status !== 0) throw new UsageError('the build failed (see above)');
}

/** Where else the payments and the store could be. */
const ELSEWHERE = /^(TEMPORAL_.*|DATABASE_URL)$/;

/**
 * What each of Penstock's own processes gets: this one's, with no other Temporal than the one that was just started, and
 * no store: that is for those that use it.
 */
function environment({ logLevel, temporal }: Config, address: string, folder: string): Record<string, string> {
  const inherited = Object.entries(childEnvironment({})).filter(([name]) => !ELSEWHERE.test(name));
  return {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    PENSTOCK_DATA_DIR: folder,
    NODE_ENV: 'production',
    // Its workers share an environment, and could not share a port.
    METRICS_PORT: '',
    // Its server allows a hundred.
    PENSTOCK_LISTS_PER_SECOND: '40',
    // That a process is ready is said on this level.
    LOG_LEVEL: ['debug', 'trace'].includes(logLevel) ? logLevel : 'info',
  };
}

interface Program {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly ready: RegExp;
  readonly stopsWithinMs: number;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Starts one of Penstock's own processes and waits for the line that says it is ready. */
async function startProgram({ name, file, args, ready, stopsWithinMs, folder, env }: Program): Promise<Child> {
  const log = join(folder, `${name}.log`);
  const from = existsSync(log) ? statSync(log).size : 0;
  const child = startChild({
    name,
    command: [process.execPath, join(ROOT, 'dist', file), ...args],
    env,
    log,
    stopSignal: 'SIGTERM',
    stopsWithinMs,
  });
  try {
    await Promise.race([untilSaid(log, from, ready, name), child.failed]);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return child;
}

async function untilSaid(log: string, from: number, what: RegExp, name: string): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!what.test(readFrom(log, from))) {
    if (Date.now() > deadline) throw new UsageError(`${name} did not become ready: see ${log}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function readFrom(path: string, from: number): string {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(Math.max(0, statSync(path).size - from));
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, buffer.length, from));
  } finally {
    closeSync(file);
  }
}

function sayWhere(config: Config, storePort: number, folder: string, say: Say): void {
  say('');
  say(`  API        http://127.0.0.1:${config.port}  (GET /openapi.json, /health/ready)`);
  say(`  webhooks   http://127.0.0.1:${config.webhooks.port}/webhooks/stripe/<account>`);
  say(`  Temporal   127.0.0.1:${config.temporal.port}, namespace ${config.temporal.namespace}`);
  say(`  store      127.0.0.1:${storePort}, database penstock`);
  if (config.simulator.embedded) say(`  simulator  http://127.0.0.1:${config.simulator.port}/_simulator/`);
  say(`  data, logs ${folder}`);
  say('\npenstock: serving; Ctrl-C stops it');
}
