import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from './support/process.js';

const page = readFileSync(join(ROOT, 'docs/guarantees.md'), 'utf8');
const tests = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => readFileSync(join(ROOT, 'test', file), 'utf8'))
  .join('\n');

describe('the page of guarantees', () => {
  it('names only tests that are there', () => {
    const named = [...page.matchAll(/\| "(.+)" \|$/gm)].map(([, name = '']) => name);
    assert.ok(named.length >= 20, `${named.length} tests are named`);
    // In the sources an apostrophe may be escaped.
    const missing = named.filter((name) => !tests.includes(name) && !tests.includes(name.replaceAll("'", "\\'")));
    assert.deepEqual(missing, []);
  });

  it('names only files that are there', () => {
    for (const [, file = ''] of page.matchAll(/`(test\/[^`]+\.ts)`/g)) assert.ok(existsSync(join(ROOT, file)), file);
  });
});
