import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the range that systems draw the ports of outgoing connections from: a run of many minutes opens thousands of
 * those, and one could otherwise take a part's port between its being found free and its being listened on, or while the
 * part is killed and started again.
 */
const FIRST = 15_000;
const LAST = 30_000;

const given = new Set<number>();

/** A port that nobody listens on, and that no other stage of this process was given. */
export async function takePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
