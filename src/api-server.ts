import { createServer, type Server, type ServerResponse } from 'node:http';
import { createApp } from './api/app.js';
import { type Config, loadConfig } from './config/index.js';
import { failure, isMain, portTaken, type Running, runAsProcess } from './process.js';
import { openStore, type Store } from './store/index.js';
import { Counters } from './telemetry/counters.js';
import { createLogger } from './telemetry/logger.js';
import { connectClient } from './temporal/connect.js';
import { prepareNamespace } from './temporal/prepare.js';

/**
 * How long open requests have to finish once the process is asked to stop. All but `?wait=` are one or two calls to
 * Temporal, and those that wait are answered at once with what is known.
 */
const DRAIN_MS = 10_000;

/**
 * Connections that wait in the kernel while this process is busy; the system's own limit is 4096 on Linux. After an outage
 * Stripe's webhooks and waiting callers come all at once: measured, 1,700 of them overran Node's default of 511, and a
 * connection that overruns it is not refused but left to time out.
 */
const BACKLOG = 4_096;

/**
 * A connection without requests is let go later than load balancers let go of theirs, a minute by most defaults: one that the
 * API closed first would lose the request which is sent into it just then, a 502 to the caller. Node's default is 5 s.
 */
const KEEP_ALIVE_MS = 75_000;

/** For the connection to Temporal to close. */
const CLOSE_OVER_DRAIN_MS = 5_000;

/** How long the API takes to stop at the very most, ms. */
export const API_STOPS_WITHIN_MS = DRAIN_MS + CLOSE_OVER_DRAIN_MS;

export interface ApiOptions {
  /** The server is this installation's own, and its namespace may be set up. */
  readonly ownServer: boolean;
  /** What `/metrics` shows. */
  readonly counters: Counters;
  /** Shared with the other parts of this process, one of which closes it; without it this part opens its own. */
  readonly store?: Store;
}

/** Starts the HTTP API. It reports ready once the namespace is fit to take payments. */
export async function startApi(
  config: Config,
  options: ApiOptions = { ownServer: false, counters: new Counters() },
): Promise<Running> {
  const logger = createLogger(config.logLevel, 'api');
  const client = await connectClient(config);
  const { deployment } = await prepareNamespace(client, config, options.ownServer);
  const store = options.store ?? openStore({ config, logger, mayEmbed: false });
  const { namespace, address, uiPort } = config.temporal;
  const workflowUrl = (id: string, run: string) =>
    address === undefined
      ? `http://127.0.0.1:${uiPort}/namespaces/${namespace}/workflows/${encodeURIComponent(id)}/${run}/history`
      : null;
  const app = createApp({
    client,
    config,
    deployment,
    store,
    policy: config.policy.payments,
    counters: options.counters,
    logger,
    now: Date.now,
    workflowUrl,
    hasStore: store.isThere,
  });
  const { failed, fail } = failure();
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, app);
  const open = openResponses(server);
  server.on('error', fail);
  await listen(server, config);
  logger.info({ host: config.host, port: config.port }, 'api ready');
  return {
    failed,
    stopsWithinMs: API_STOPS_WITHIN_MS,
    stop: async () => {
      await drain(server, open);
      if (options.store === undefined) await store.close();
      await client.connection.close();
    },
  };
}

async function listen(server: Server, config: Config): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? portTaken(config.port, 'the API', 'PORT') : error),
    );
    server.listen({ port: config.port, host: config.host, backlog: BACKLOG }, resolve);
  });
}

/** The responses that are still to be given. */
function openResponses(server: Server): ReadonlySet<ServerResponse> {
  const open = new Set<ServerResponse>();
  server.on('request', (_req, res: ServerResponse) => {
    open.add(res);
    res.once('close', () => open.delete(res));
  });
  return open;
}

/** Takes no new connections, lets open requests finish, the waiting ones at once, and cuts those that do not. */
async function drain(server: Server, open: ReadonlySet<ServerResponse>): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  for (const res of open) {
    // A client that keeps its connection must not send its next request into it.
    if (!res.headersSent) res.setHeader('connection', 'close');
    // What waits on behalf of a caller stops waiting when the caller goes, and answers with what it has then. Here
    // nobody has gone, and the answer arrives.
    res.emit('close');
  }
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(cut);
}

if (isMain(import.meta.url)) await runAsProcess(() => startApi(loadConfig()));
