// `npm test [part of a path …]`: every test file, or those whose path contains one of the parts. Node 20 finds no
// TypeScript tests by itself, so they are listed here; finding none is a failure.
//
// `npm run test:topology [part …]`: the journeys again, on Temporal's server with PostgreSQL and on compiled code, and the
// tests of that topology itself, which need PostgreSQL installed and so are no part of `npm test`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const onTopology = process.argv[2] === '--topology';
const parts = process.argv.slice(onTopology ? 3 : 2);

const NEEDS_TOPOLOGY = /^test.topology./;

/** What else runs on the topology. */
const ALSO_ON_TOPOLOGY = [/^test.journeys./, /^test.production.shutdown\.test\.ts$/];

/** Journeys that cannot, each with the reason. */
const NOT_ON_TOPOLOGY = {
  'test/journeys/start.test.ts': 'it is about `npm start`, which brings its own server along',
};

function find(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return find(path);
    return entry.name.endsWith('.test.ts') ? [path] : [];
  });
}

function belongsHere(path) {
  if (!onTopology) return !NEEDS_TOPOLOGY.test(path);
  return [NEEDS_TOPOLOGY, ...ALSO_ON_TOPOLOGY].some((kind) => kind.test(path)) && !(path in NOT_ON_TOPOLOGY);
}

const all = find('test').filter((path) => parts.length === 0 || parts.some((part) => path.includes(part)));
const files = all.filter(belongsHere).sort();
if (files.length === 0) {
  console.error(`no test files match ${parts.join(' ') || 'test/**/*.test.ts'}`);
  process.exit(1);
}
for (const path of all) {
  if (onTopology && path in NOT_ON_TOPOLOGY) console.error(`not on the topology: ${path}: ${NOT_ON_TOPOLOGY[path]}`);
  if (!onTopology && NEEDS_TOPOLOGY.test(path)) console.error(`not here but in npm run test:topology: ${path}`);
}
// What several files need is made once, before they start and wait for it side by side: the Temporal server for those
// that run one, the compiled code for those that run it.
const runsServer = /^test.(bench|journeys|temporal|workflows|production|topology)./;
const runsCompiled = /^test.production./;
const preparations = [
  ...(files.some((path) => runsServer.test(path)) ? [['--import', 'tsx', 'scripts/prepare-tests.ts']] : []),
  ...(onTopology || files.some((path) => runsCompiled.test(path)) ? [['scripts/build.mjs', '--if-changed']] : []),
];
// Two files side by side on either shape: most of what a journey takes is waiting, which two cores can do for two stacks.
const tests = ['--import', 'tsx', '--test', '--test-concurrency=2', '--test-reporter=spec', ...files];
const env = { ...process.env, PENSTOCK_TOPOLOGY: onTopology ? 'production' : '' };

let running;
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => running?.kill(signal));
for (const args of [...preparations, tests]) {
  const withEnv = args === tests ? { ...env, NODE_ENV: 'test' } : env;
  running = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env: withEnv });
  const [code] = await once(running, 'exit');
  if (code !== 0) process.exit(code ?? 1);
}
