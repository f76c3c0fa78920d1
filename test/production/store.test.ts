import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ROOT } from '../support/process.js';

const PROGRAM = `
import { openStore } from './dist/store/index.js';
import { createLogger } from './dist/telemetry/logger.js';
const config = { databaseUrl: undefined, dataDir: process.argv[1] };
const store = openStore({ config, logger: createLogger('warn', 'store'), mayEmbed: process.argv[2] === 'embed' });
const error = await store.database.query('select count(*) from penstock.ledger').then((rows) => rows[0].count, (e) => e.name);
console.log(store.isThere, error);
await store.close();
`;

describe('the compiled store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-compiled-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const run = (how: string) =>
    execFileSync(process.execPath, ['--input-type=module', '-e', PROGRAM, folder, how], {
      cwd: ROOT,
      encoding: 'utf8',
    });

  it('runs PGlite in its thread, and ends with its process', () => {
    assert.equal(run('embed'), 'true 0\n');
  });

  it('is none in a process that may not have one, which says that it is missing to who needs it', () => {
    assert.equal(run('alone'), 'false StoreMissingError\n');
  });
});
