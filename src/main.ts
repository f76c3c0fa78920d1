import { randomBytes } from 'node:crypto';
import { startApi } from './api-server.js';
import { type Config, hashKey, loadConfig } from './config/index.js';
import { makeFirstPayment } from './dev/first-payment.js';
import { isTaken } from './dev/ports.js';
import { findTemporal } from './dev/temporal-cli.js';
import { startTemporalServer } from './dev/temporal-server.js';
import { withMetricsPort } from './metrics-server.js';
import { failure, portTaken, type Running, runAsProcess, STOPS_WITHIN_MS } from './process.js';
import { startSimulator } from './simulator/server.js';
import { openStore, type Store } from './store/index.js';
import { createLogger } from './telemetry/logger.js';
import { Metrics } from './telemetry/metrics.js';
import { connectClient } from './temporal/connect.js';
import { startWorker } from './worker.js';

const say = (line: string) => process.stdout.write(`${line}\n`);

/** Everything in one process: the parts that are not configured elsewhere are brought along. */
async function startAll(config: Config, stopping: AbortSignal): Promise<Running> {
  await refuseTakenPorts(config);
  const parts: Running[] = [];
  const metrics = Metrics.ofProcess(config.metrics);
  const ownServer = config.temporal.address === undefined;
  // The order is the order of need; stopping goes the other way, so that each part drains into those it uses.
  const stop = async () => {
    let unfinished: unknown;
    for (const part of parts.reverse()) {
      await part.stop().catch((error) => {
        unfinished ??= error;
      });
    }
    if (unfinished !== undefined) throw unfinished;
    say('penstock: stopped');
  };
  const begin = async (part: () => Promise<Running>) => {
    stopping.throwIfAborted();
    parts.push(await part());
  };
  try {
    // First, so that it is closed last; it opens beside the rest, which does not wait for it.
    const store = openStore({ config, logger: createLogger(config.logLevel, 'store'), mayEmbed: true });
    parts.push(running(store));
    if (ownServer) await begin(() => ownTemporal(config, stopping));
    if (config.simulator.embedded) await begin(() => startSimulator(config));
    await begin(() => startWorker(config, { ownServer, metrics, shown: true, store }));
    const key = randomBytes(24).toString('base64url');
    const withApi = () => startApi(withKey(config, key), { ownServer, metrics, store });
    await begin(() => withMetricsPort(config, metrics, withApi));
    await sayWhatWasHere(config);
    if (config.simulator.embedded) await makeFirstPayment(config, key, say);
    stopping.throwIfAborted();
    sayWhere(config);
  } catch (error) {
    await stop();
    throw error;
  }
  const { failed, fail } = failure();
  for (const part of parts) part.failed.catch(fail);
  // One after the other, so each has its own time.
  const stopsWithinMs = parts.reduce((sum, part) => sum + (part.stopsWithinMs ?? STOPS_WITHIN_MS), 0);
  return { failed, stop, stopsWithinMs };
}

/** The store as a part of this process: one that ends by itself is opened again, and never ends the process. */
function running(store: Store): Running {
  return { stop: () => store.close(), failed: failure().failed };
}

/** Where keys are asked for, the first payment has one of its own, which ends with this process. */
function withKey(config: Config, key: string): Config {
  if (config.apiKeyHashes.length === 0) return config;
  return { ...config, apiKeyHashes: [...config.apiKeyHashes, hashKey(key)] };
}

async function ownTemporal(config: Config, stopping: AbortSignal): Promise<Running> {
  const { port, uiPort, namespace } = config.temporal;
  const cli = await findTemporal(config, say, stopping);
  say('penstock: starting the Temporal server');
  return startTemporalServer({ cli, dataDir: config.dataDir, port, uiPort, namespace });
}

/** Better now, by name, than half way up. */
async function refuseTakenPorts(config: Config): Promise<void> {
  const own = config.temporal.address === undefined;
  const needed: [port: number, what: string, variable: string][] = [
    [config.port, 'the API', 'PORT'],
    ...(config.metrics.port === undefined
      ? []
      : [[config.metrics.port, 'the metrics', 'METRICS_PORT'] as [number, string, string]]),
    ...(config.simulator.embedded
      ? [[config.simulator.port, 'the simulator', 'SIMULATOR_PORT'] as [number, string, string]]
      : []),
    ...(own
      ? ([
          [config.temporal.port, 'the Temporal server', 'TEMPORAL_PORT'],
          [config.temporal.uiPort, 'the Temporal Web UI', 'TEMPORAL_UI_PORT'],
        ] as [number, string, string][])
      : []),
  ];
  for (const [port, what, variable] of needed) if (await isTaken(port)) throw portTaken(port, what, variable);
}

/** A second start goes on where the first one ended; say so. */
async function sayWhatWasHere(config: Config): Promise<void> {
  const client = await connectClient(config);
  try {
    const count = async (query: string) => (await client.workflow.count(query)).count;
    const all = await count("WorkflowType = 'payment'");
    const open = await count("WorkflowType = 'payment' AND ExecutionStatus = 'Running'");
    if (all > 0) say(`penstock: ${all} earlier payments are here, ${open} of them open; they go on`);
  } finally {
    await client.connection.close();
  }
}

function sayWhere(config: Config): void {
  const { address, uiPort, namespace } = config.temporal;
  say('');
  const metrics = config.metrics.port === undefined ? ', /metrics' : '';
  say(`  API              http://127.0.0.1:${config.port}  (GET /openapi.json, /health/ready${metrics})`);
  if (config.metrics.port !== undefined) say(`  metrics          http://127.0.0.1:${config.metrics.port}/metrics`);
  if (address === undefined) say(`  Temporal Web UI  http://127.0.0.1:${uiPort}/namespaces/${namespace}/workflows`);
  else say(`  Temporal         ${address}`);
  if (config.simulator.embedded)
    say(`  simulator        http://127.0.0.1:${config.simulator.port}/  (its page; controls under /_simulator/)`);
  say(`  data             ${config.dataDir}`);
  say('\npenstock: serving; Ctrl-C stops it');
}

// Its output is for a person at a terminal: the parts' own logs only when something is wrong, or when asked for.
await runAsProcess((stopping) => startAll(loadConfig(undefined, { LOG_LEVEL: 'warn' }), stopping));
