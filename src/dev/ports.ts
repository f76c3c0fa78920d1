import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Whether something listens on this port of the loopback address already. */
export function isTaken(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(true));
    probe.listen(port, host, () => probe.close(() => resolve(false)));
  });
}

/** The lowest of the ports that systems give to outgoing connections; Temporal's SQL schemas hold no port above it. */
const FIRST_EPHEMERAL = 32_768;
const FIRST_LOW = 20_000;

/**
 * As many ports as asked for, of loopback, on which nobody listens at this moment; below the range of outgoing connections,
 * so that none of those takes a port from what is killed and started again. What a Temporal server on PostgreSQL listens on
 * must be there anyway.
 */
export async function freeLowPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(FIRST_LOW, FIRST_EPHEMERAL);
    if (!(await isTaken(port))) ports.add(port);
  }
  return [...ports];
}
