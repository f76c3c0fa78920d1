import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { freeLowPorts, isTaken } from '../../src/dev/ports.js';
import { ROOT } from '../support/process.js';

const MANY = 500;
const SCRIPT = `
  const { freeLowPorts } = await import('./src/dev/ports.ts');
  console.log((await freeLowPorts(${MANY})).join(' '));
  await new Promise((resolve) => process.stdin.once('end', resolve).resume());
`;

describe('ports that are handed out', () => {
  it('are given to nobody else, before anybody listens on them, by any process that runs', async () => {
    const others = Array.from({ length: 3 }, () =>
      spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', SCRIPT], {
        cwd: ROOT,
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
    const lines = Promise.all(others.map(async ({ stdout }) => String((await once(stdout, 'data'))[0]).trim()));
    const own = await freeLowPorts(MANY);
    const all = [...own, ...(await lines).flatMap((line) => line.split(' ').map(Number))];
    for (const other of others) other.stdin.end();
    await Promise.all(others.map((other) => once(other, 'exit')));
    assert.equal(all.length, 4 * MANY);
    assert.equal(new Set(all).size, all.length);
    assert.ok(all.every((port) => port > 20_000 && port < 32_768));
  });

  it('are free', async () => {
    const taken = await Promise.all((await freeLowPorts(40)).map((port) => isTaken(port)));
    assert.ok(!taken.includes(true));
  });
});
