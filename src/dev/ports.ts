import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Whether something listens on this port of the loopback address already. */
export function isTaken(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(true));
    probe.listen(port, host, () => probe.close(() => resolve(false)));
  });
}

/** As many ports as asked for, of loopback, on which nobody listens at this moment. */
export async function freePorts(count: number): Promise<number[]> {
  // All at once, so that none comes twice.
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening');
    ports.push((server.address() as { port: number }).port);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** The lowest of the ports that systems give to outgoing connections; Temporal's SQL schemas hold no port above it. */
const FIRST_EPHEMERAL = 32_768;
const FIRST_LOW = 20_000;

/** The same below the range of outgoing connections: what a Temporal server on PostgreSQL listens on must be there. */
export async function freeLowPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(FIRST_LOW, FIRST_EPHEMERAL);
    if (!(await isTaken(port))) ports.add(port);
  }
  return [...ports];
}
