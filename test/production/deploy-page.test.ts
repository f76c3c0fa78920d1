import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { API_STOPS_WITHIN_MS } from '../../src/api-server.js';
import { loadConfig } from '../../src/config/index.js';
import { STOPS_WITHIN_MS } from '../../src/process.js';
import { STATE_CHANGING } from '../../src/webhooks/route.js';
import { WEBHOOKS_STOP_WITHIN_MS } from '../../src/webhooks-server.js';
import { workerStopsWithinMs } from '../../src/worker.js';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/search-attributes.js';
import { ROOT } from '../support/process.js';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const page = read('docs/deploy.md');
const envconfig = dirname(createRequire(import.meta.url).resolve('@temporalio/envconfig'));

describe('docs/deploy.md', () => {
  it('names only variables that something reads', () => {
    const known = [
      read('src/config/index.ts'),
      read('docker-compose.yml'),
      readFileSync(join(envconfig, 'envconfig-toml.js'), 'utf8'),
    ].join('\n');
    const named = [
      ...new Set(page.match(/\b(PENSTOCK|STRIPE|TEMPORAL|POSTGRES|STORE|NUM|WEBHOOKS|METRICS)_[A-Z_]+\b/g)),
    ];
    assert.ok(named.length > 15, `${named}`);
    const unknown = named.filter((name) => !new RegExp(`\\b${name}\\b`).test(known));
    assert.deepEqual(unknown, []);
  });

  it('names only commands and files that are there', () => {
    const { scripts } = JSON.parse(read('package.json'));
    for (const [, name = ''] of page.matchAll(/`npm run ([\w:]+)`/g)) assert.ok(name in scripts, name);
    for (const [, file = ''] of page.matchAll(/`(ops\/[\w./-]+)`/g)) assert.ok(existsSync(join(ROOT, file)), file);
    for (const [, file = ''] of page.matchAll(/node dist\/([\w/-]+)\.js/g)) {
      assert.ok(existsSync(join(ROOT, 'src', `${file}.ts`)), file);
    }
  });

  it('says how long each process may take to stop', () => {
    const seconds = (ms: number) => `${ms / 1000} s`;
    const row = (name: string) => page.split('\n').find((line) => line.startsWith(`| ${name} |`)) ?? '';
    assert.ok(row('API').includes(seconds(API_STOPS_WITHIN_MS)));
    assert.ok(row('webhooks').includes(seconds(WEBHOOKS_STOP_WITHIN_MS)));
    assert.ok(row('worker').includes(`${seconds(workerStopsWithinMs(loadConfig({})))} by default`));
    assert.ok(row('simulator').includes(seconds(STOPS_WITHIN_MS)));
  });

  it('creates every search attribute on Temporal Cloud, and so does the README', () => {
    for (const { name, type } of SEARCH_ATTRIBUTES) {
      const created = `--sa "${name}=${type === 'INT' ? 'Int' : 'Keyword'}"`;
      for (const text of [page, read('README.md')]) assert.ok(text.includes(created), name);
    }
  });

  it('asks Stripe for every event that can change a payment, a refund or a dispute, and for no other', () => {
    const [, listed = ''] = /stripe listen .*--events (\S+)/.exec(page) ?? [];
    assert.deepEqual(new Set(listed.split(',')), STATE_CHANGING);
  });
});
