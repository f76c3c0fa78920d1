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

/** Ports that one process hands out; the first of them it keeps, as the sign that the rest are its own. */
const BLOCK = 32;

let free: number[] = [];

/**
 * As many ports as asked for, of loopback, on which nobody listens at this moment; below the range of outgoing connections,
 * so that none of those takes a port from what is killed and started again. What a Temporal server on PostgreSQL listens on
 * must be there anyway.
 *
 * Between being handed out and being listened on lie seconds. So nobody is given the same port twice: each process has
 * blocks of its own, each held by listening on its first port for as long as the process lives.
 */
export async function freeLowPorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = free.pop();
    if (port === undefined) free = await newBlock();
    else if (!(await isTaken(port))) ports.push(port);
  }
  return ports;
}

async function newBlock(): Promise<number[]> {
  for (;;) {
    const first = FIRST_LOW + BLOCK * randomInt(Math.floor((FIRST_EPHEMERAL - FIRST_LOW) / BLOCK));
    if (await keep(first)) return Array.from({ length: BLOCK - 1 }, (_, nth) => first + 1 + nth);
  }
}

/** Listens there for the rest of the process's life, which it does not prolong. */
function keep(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const holder = createServer((socket) => socket.destroy());
    holder.once('error', () => resolve(false));
    holder.listen(port, '127.0.0.1', () => {
      holder.unref();
      resolve(true);
    });
  });
}
