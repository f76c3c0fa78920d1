import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { portTaken } from './process.js';

/**
 * How long open requests have to finish once the process is asked to stop. All but `?wait=` are one or two calls to
 * Temporal, and those that wait are answered at once with what is known.
 */
export const DRAIN_MS = 10_000;

/**
 * Connections that wait in the kernel while this process is busy; the system's own limit is 4096 on Linux. After an outage
 * Stripe's webhooks and waiting callers come all at once: measured, 1,700 of them overran Node's default of 511, and a
 * connection that overruns it is not refused but left to time out.
 */
const BACKLOG = 4_096;

/**
 * A connection without requests is let go later than load balancers let go of theirs, a minute by most defaults: one that
 * this side closed first would lose the request which is sent into it just then, a 502 to the caller. Node's default is 5 s.
 */
const KEEP_ALIVE_MS = 75_000;

/** A request has to have come whole within this: who sends more slowly would only hold what it takes. Node's default is 5 min. */
const REQUEST_MS = 30_000;

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** What listens and the variable that moves it, for the error when the port is somebody else's. */
  readonly what: string;
  readonly variable: string;
}

export interface HttpServer {
  /** Takes no new connections and lets open requests finish; what is left after so long, ms, is cut off. */
  readonly drain: (withinMs?: number) => Promise<void>;
}

/**
 * Answers requests with `app` until it is drained.
 *
 * @param fail is told when the server breaks after it has begun to listen.
 * @throws UsageError when the port is taken.
 */
export async function listen(app: RequestListener, at: Listening, fail: (error: unknown) => void): Promise<HttpServer> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_MS }, app);
  const open = openResponses(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? portTaken(at.port, at.what, at.variable) : error),
    );
    server.listen({ port: at.port, host: at.host, backlog: BACKLOG }, resolve);
  });
  server.on('error', fail);
  return { drain: (withinMs = DRAIN_MS) => drain(server, open, withinMs) };
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
async function drain(server: Server, open: ReadonlySet<ServerResponse>, withinMs: number): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  for (const res of open) {
    // A client that keeps its connection must not send its next request into it.
    if (!res.headersSent) res.setHeader('connection', 'close');
    // What waits on behalf of a caller stops waiting when the caller goes, and answers with what it has then. Here
    // nobody has gone, and the answer arrives.
    res.emit('close');
  }
  const cut = setTimeout(() => server.closeAllConnections(), withinMs);
  await closed;
  clearTimeout(cut);
}
