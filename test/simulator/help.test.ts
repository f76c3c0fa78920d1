import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { ROOT, script } from '../support/process.js';
import { Simulated } from '../support/simulated.js';

describe('the simulator’s help', () => {
  it('names its controls, each of which there is', async () => {
    const [file = '', ...args] = script('src/simulator/server.ts', '--help');
    const { stdout } = await promisify(execFile)(file, args, { cwd: ROOT });
    const named = [...stdout.matchAll(/^ {2}(GET|POST|PUT) {1,2}\/(\S*) /gm)].map(([, method, path]) => [method, path]);
    for (const control of ['clock', 'authenticate', 'dispute', 'account', 'faults', 'stream', 'webhook_endpoints']) {
      assert.ok(
        named.some(([, path]) => path === control),
        control,
      );
    }
    const stripe = await Simulated.start();
    try {
      for (const [method = '', path] of named) {
        const body = method === 'GET' ? {} : { body: '{}' };
        const response = await fetch(`${stripe.base}/_simulator/${path}`, { method, ...body });
        // One of them is a stream, which has no end.
        if (response.status === 200) await response.body?.cancel();
        else assert.doesNotMatch(await response.text(), /no control/, `${method} ${path}`);
      }
    } finally {
      await stripe.stop();
    }
  });
});
