// `npm test [part of a path …]`: every test file, or those whose path contains one of the parts. Node 20 finds no
// TypeScript tests by itself, so they are listed here; finding none is a failure.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
// What several files need is made once, before they start and wait for it side by side: the journeys the Temporal server,
// the production shape the compiled code.
const preparations = [
  ...(files.some((path) => /^test.(journeys|temporal|production)./.test(path))
    ? [['--import', 'tsx', 'scripts/prepare-tests.ts']]
    : []),
  ...(files.some((path) => /^test.production./.test(path)) ? [['scripts/build.mjs', '--if-changed']] : []),
];
const tests = ['--import', 'tsx', '--test', '--test-concurrency=2', '--test-reporter=spec', ...files];
const env = { ...process.env, NODE_ENV: 'test' };

let running;
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => running?.kill(signal));
for (const args of [...preparations, tests]) {
  running = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env: args === tests ? env : process.env });
  const [code] = await once(running, 'exit');
  if (code !== 0) process.exit(code ?? 1);
}
