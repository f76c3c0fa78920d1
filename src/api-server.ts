import { createServer, type Server } from 'node:http';
import { createApp } from './api/app.js';
import { type Config, loadConfig } from './config/index.js';
import { failure, isMain, portTaken, type Running, runAsProcess } from './process.js';
import { Counters } from './telemetry/counters.js';
import { createLogger } from './telemetry/logger.js';
import { connectClient } from './temporal/connect.js';
import { prepareNamespace } from './temporal/prepare.js';

/** How long open requests have to finish once the process is asked to stop. */
const DRAIN_MS = 10_000;

export interface ApiOptions {
  /** The server is this installation's own, and its namespace may be set up. */
  readonly ownServer: boolean;
  /** What `/metrics` shows. */
  readonly counters: Counters;
}

/** Starts the HTTP API. It reports ready once the namespace is fit to take payments. */
export async function startApi(
  config: Config,
  options: ApiOptions = { ownServer: false, counters: new Counters() },
): Promise<Running> {
  const logger = createLogger(config.logLevel, 'api');
  const client = await connectClient(config);
  const { deployment } = await prepareNamespace(client, config, options.ownServer);
  const { namespace, address, uiPort } = config.temporal;
  const workflowUrl = (id: string, run: string) =>
    address === undefined
      ? `http://127.0.0.1:${uiPort}/namespaces/${namespace}/workflows/${encodeURIComponent(id)}/${run}/history`
      : null;
  const app = createApp({
    client,
    config,
    deployment,
    policy: config.policy.payments,
    counters: options.counters,
    logger,
    now: Date.now,
    workflowUrl,
  });
  const { failed, fail } = failure();
  const server = createServer(app);
  server.on('error', fail);
  await listen(server, config);
  logger.info({ host: config.host, port: config.port }, 'api ready');
  return {
    failed,
    stop: async () => {
      await drain(server);
      await client.connection.close();
    },
  };
}

async function listen(server: Server, config: Config): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? portTaken(config.port, 'the API', 'PORT') : error),
    );
    server.listen(config.port, config.host, resolve);
  });
}

/** Takes no new connections, lets open requests finish, and cuts those that do not. */
async function drain(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(cut);
}

if (isMain(import.meta.url)) await runAsProcess(() => startApi(loadConfig()));
