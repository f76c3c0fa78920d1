import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection, isGrpcServiceError } from '@temporalio/client';
import { type Config, childEnvironment } from '../../src/config/index.js';
import { goInstall, type Say } from '../../src/dev/go-install.js';
import { UsageError } from '../../src/process.js';
import { type Child, startChild } from './child.js';
import type { Database } from './postgres.js';
import { HISTORY_SHARDS, RETENTION, SERVICE_CONNECTIONS, TEMPORAL_SERVER_VERSION } from './versions.js';

const OPS = fileURLToPath(new URL('../temporal/', import.meta.url));

const START_TIMEOUT_MS = 60_000;
const STOPS_WITHIN_MS = 20_000;

/** The official server and its SQL tool. */
export interface ServerPrograms {
  readonly server: string;
  readonly sqlTool: string;
}

/** Finds them in this project's cache, or builds them there. @throws UsageError where neither works. */
export async function findServer(config: Config, say: Say, stopping?: AbortSignal): Promise<ServerPrograms> {
  const folder = join(config.temporal.cacheDir, `temporal-server-v${TEMPORAL_SERVER_VERSION}`);
  const programs = { server: join(folder, 'server'), sqlTool: join(folder, 'sql') };
  if (Object.values(programs).every(works)) return programs;
  const at = (path: string) => `go.temporal.io/server/cmd/${path}@v${TEMPORAL_SERVER_VERSION}`;
  try {
    await goInstall(
      {
        name: `the Temporal server ${TEMPORAL_SERVER_VERSION}`,
        packages: [at('server'), at('tools/sql')],
        takes: '2 to 7 minutes',
      },
      folder,
      say,
      stopping,
    );
  } catch (error) {
    throw new UsageError(`no Temporal server could be built (${(error as Error).message}): install Go 1.23 or newer`);
  }
  if (!Object.values(programs).every(works)) throw new UsageError(`what was built in ${folder} does not run`);
  return programs;
}

function works(path: string): boolean {
  if (!existsSync(path)) return false;
  const result = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 30_000 });
  return result.status === 0 && result.stdout.includes(TEMPORAL_SERVER_VERSION);
}

/** Creates the two databases and brings their schemas up to date; done again it changes nothing. */
export function setUpSchema(database: Database, { sqlTool }: ServerPrograms): void {
  runScript('setup-schema.sh', {
    SQL_TOOL: sqlTool,
    SQL_HOST: database.host,
    SQL_PORT: String(database.port),
    SQL_USER: database.user,
    SQL_PASSWORD: database.password,
  });
}

/** Creates the namespace, or sets how long it keeps closed payments. */
export function createNamespace(address: string, namespace: string, cli: string): void {
  runScript('create-namespace.sh', {
    TEMPORAL_CLI: cli,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    RETENTION,
  });
}

/** The very scripts that the compose file runs. */
function runScript(name: string, env: Record<string, string>): void {
  const result = spawnSync('sh', [join(OPS, name)], { encoding: 'utf8', env: childEnvironment(env) });
  if (result.status === 0) return;
  throw new UsageError(`ops/temporal/${name} failed:\n${`${result.stdout}${result.stderr}`.slice(-2_000)}`);
}

/** The ports of one server; all but the frontend's are its own affair. The schema's column for them ends at 32767. */
export interface ServerPorts {
  readonly frontend: number;
  readonly inner: readonly number[];
}

export const INNER_PORTS = 7;

/** Starts the server on its databases. @throws UsageError when it does not come up. */
export async function startServer(
  programs: ServerPrograms,
  database: Database,
  ports: ServerPorts,
  folder: string,
): Promise<Child> {
  const config = join(folder, 'temporal-server.yaml');
  // The password is in it.
  writeFileSync(config, JSON.stringify(serverConfig(database, ports), null, 2), { mode: 0o600 });
  const log = join(folder, 'temporal-server.log');
  const child = startChild({
    name: 'the Temporal server',
    command: [
      programs.server,
      ...['--root', folder, '--config', '.', '--env', 'temporal-server', '--allow-no-auth', 'start'],
    ],
    log,
    stopSignal: 'SIGTERM',
    stopsWithinMs: STOPS_WITHIN_MS,
  });
  try {
    await Promise.race([untilItServes(`127.0.0.1:${ports.frontend}`, log), child.failed]);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return child;
}

/** The server's configuration file; JSON is YAML. The image makes the same from its environment variables. */
function serverConfig(database: Database, { frontend, inner }: ServerPorts) {
  const store = (databaseName: keyof typeof SERVICE_CONNECTIONS) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName,
      connectAddr: `${database.host}:${database.port}`,
      connectProtocol: 'tcp',
      user: database.user,
      password: database.password,
      maxConns: SERVICE_CONNECTIONS[databaseName],
      maxIdleConns: SERVICE_CONNECTIONS[databaseName],
      maxConnLifetime: '1h',
    },
  });
  const service = (grpcPort: number | undefined, membershipPort: number | undefined) => ({
    rpc: { grpcPort, membershipPort, bindOnIP: '127.0.0.1' },
  });
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      numHistoryShards: HISTORY_SHARDS,
      defaultStore: 'default',
      visibilityStore: 'visibility',
      datastores: { default: store('temporal'), visibility: store('temporal_visibility') },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: {
      frontend: service(frontend, inner[0]),
      history: service(inner[1], inner[2]),
      matching: service(inner[3], inner[4]),
      worker: service(inner[5], inner[6]),
    },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `127.0.0.1:${frontend}`,
        },
      },
    },
    dynamicConfigClient: { filepath: join(OPS, 'dynamicconfig.yaml'), pollInterval: '60s' },
  };
}

/** gRPC's NOT_FOUND. */
const NOT_FOUND = 5;

/**
 * The frontend answers before the services behind it have found each other. That a workflow which does not exist is not
 * found is the history service's answer.
 */
async function untilItServes(address: string, log: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  const connection = Connection.lazy({ address, channelArgs: { 'grpc.max_reconnect_backoff_ms': 100 } });
  const ask = () =>
    connection.workflowService.describeWorkflowExecution({
      namespace: 'temporal-system',
      execution: { workflowId: 'nonesuch' },
    });
  try {
    for (;;) {
      try {
        await connection.withDeadline(Date.now() + 1_000, ask);
      } catch (error) {
        if (isGrpcServiceError(error) && error.code === NOT_FOUND) return;
      }
      if (Date.now() > deadline) throw new UsageError(`the Temporal server did not come up: see ${log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    await connection.close();
  }
}
