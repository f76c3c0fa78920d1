// `npm test [part of a path …]`: every test file, or those whose path contains one of the parts. Node 20 finds no
// TypeScript tests by itself, so they are listed here; finding none is a failure.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const parts = process.argv.slice(2);

function find(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return find(path);
    return entry.name.endsWith('.test.ts') ? [path] : [];
  });
}

const files = find('test')
  .filter((path) => parts.length === 0 || parts.some((part) => path.includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`no test files match ${parts.join(' ') || 'test/**/*.test.ts'}`);
  process.exit(1);
}
// The journeys need the Temporal server: found or built once, before the files start and wait for it side by side.
const needsServer = files.some((path) => /^test.(journeys|temporal)./.test(path));
const child = spawn(
  process.execPath,
  ['--import', 'tsx', ...(needsServer ? ['scripts/prepare-tests.ts'] : ['--eval', ''])],
  { cwd: root, stdio: 'inherit' },
);
child.on('exit', (code) => {
  if (code !== 0) process.exit(code ?? 1);
  const run = spawn(
    process.execPath,
    ['--import', 'tsx', '--test', '--test-concurrency=2', '--test-reporter=spec', ...files],
    { cwd: root, stdio: 'inherit', env: { ...process.env, NODE_ENV: 'test' } },
  );
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => run.kill(signal));
  run.on('exit', (result, signal) => process.exit(result ?? (signal ? 1 : 0)));
});
