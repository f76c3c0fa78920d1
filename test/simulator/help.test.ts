import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { COMMANDS } from '../../src/simulator/cli/index.js';
import { PRESETS } from '../../src/simulator/cli/presets.js';
import { CONTROL_NAMES } from '../../src/simulator/control/index.js';
import { ROOT, script } from '../support/process.js';
import { Simulated } from '../support/simulated.js';

describe('docs/simulator.md', () => {
  it('names only controls that there are, and every one of them', async () => {
    const page = readFileSync(join(ROOT, 'docs/simulator.md'), 'utf8');
    const rows = [...page.matchAll(/^\| (`GET \/_simulator.*|`(?:POST|PUT) \/_simulator.*)$/gm)].map(
      ([, row = '']) => row,
    );
    const named = new Set<string>();
    for (const row of rows) {
      // A method alone is of the path before it.
      let path = '';
      for (const [, method = '', at] of row.matchAll(/`(GET|PUT|POST|DELETE)(?: \/_simulator\/([a-z_]*)|(?=`))/g)) {
        path = at ?? path;
        named.add(`${method} ${path}`);
      }
    }
    assert.deepEqual([...named].sort(), [...CONTROL_NAMES].sort());
  });

  it('names every command and option, and so does the README', async () => {
    const [docs, readme] = ['docs/simulator.md', 'README.md'].map((path) => readFileSync(join(ROOT, path), 'utf8'));
    for (const name of Object.keys(COMMANDS)) assert.match(readme ?? '', new RegExp(`^\\| \`${name} `, 'm'));
    for (const name of Object.keys(PRESETS)) assert.ok(docs?.includes(name), name);
    for (const option of [
      'memory',
      'history',
      'seed',
      'no-webhooks',
      'webhook-url',
      'first-retry-ms',
      'host',
      'hosts',
    ]) {
      assert.ok(docs?.includes(`\`--${option}`), option);
    }
  });
});

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
