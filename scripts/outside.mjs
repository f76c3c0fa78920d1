// `node scripts/outside.mjs`: gets the outside parts that the tests hold the simulator against, each of one version, into
// ~/.cache/penstock/outside (or under XDG_CACHE_HOME); what is there already stays as it is. Ends with 1 when a part cannot
// be had, and says why. `--list` gets nothing, and prints as JSON where each part is, or would be.
//
// Plain JavaScript without imports from the registry, and no part of `npm test`: a test whose part is missing is skipped,
// and names this command. With PENSTOCK_OUTSIDE=required it fails instead.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'penstock', 'outside');
const windows = process.platform === 'win32';
const executable = (name) => (windows ? `${name}.exe` : name);

const STRIPE_MOCK = 'github.com/stripe/stripe-mock@v0.203.0';
const STRIPE_CLI = '@stripe/cli@1.52.0';
/** With all it needs: what pip would choose by itself differs from day to day. */
const STRIPE_PYTHON = [
  'stripe==16.1.0',
  'requests==2.34.2',
  'urllib3==2.8.0',
  'certifi==2026.10.18',
  'charset_normalizer==3.5.2',
  'idna==3.20',
  'typing_extensions==4.16.0',
];

/**
 * What there is to get: the files by which a part is known to be there, below a folder that bears its version, and how it
 * comes into one.
 */
const PARTS = [
  {
    name: 'stripe-mock 0.203.0',
    folder: 'stripe-mock-0.203.0',
    files: { program: executable('stripe-mock'), spec: 'spec3.json', fixtures: 'fixtures3.json' },
    takes: 'built with Go, half a minute the first time',
    obtain: obtainStripeMock,
  },
  {
    name: 'Stripe CLI 1.52.0',
    folder: 'stripe-cli-1.52.0',
    files: {
      program: join('node_modules', '@stripe', `cli-${process.platform}-${process.arch}`, 'bin', executable('stripe')),
    },
    takes: '30 MB by npm',
    obtain: obtainStripeCli,
  },
  {
    name: 'stripe-python 16.1.0',
    folder: 'stripe-python-16.1.0',
    files: { packages: '.', version: join('stripe', '_version.py') },
    takes: 'by pip',
    obtain: obtainStripePython,
  },
];

function obtainStripeMock(folder) {
  const environment = { ...process.env, GOBIN: folder, GOFLAGS: '-mod=mod' };
  const module = JSON.parse(run('go', ['mod', 'download', '-json', STRIPE_MOCK], { env: environment }));
  run('go', ['install', STRIPE_MOCK], { env: environment });
  // The documents it was built from: the schemas of Stripe's answers, and an example of each object.
  for (const file of ['spec3.json', 'fixtures3.json']) {
    copyFileSync(join(module.Dir, 'embedded', 'openapi', file), join(folder, file));
  }
}

function obtainStripeCli(folder) {
  // The program itself is in the package for the platform, which needs no script to be of use.
  const args = ['install', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error', '--prefix', folder];
  run(windows ? 'npm.cmd' : 'npm', [...args, STRIPE_CLI], { shell: windows });
}

function obtainStripePython(folder) {
  const into = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', folder];
  if (spawnSync('python3', ['-m', 'pip', '--version']).status === 0) {
    run('python3', [...into, ...STRIPE_PYTHON]);
    return;
  }
  // Without a pip of its own, Python may still be able to set one up apart.
  const apart = mkdtempSync(join(tmpdir(), 'penstock-pip-'));
  try {
    run('python3', ['-m', 'venv', apart]);
    run(join(apart, windows ? 'Scripts' : 'bin', executable('python')), [...into, ...STRIPE_PYTHON]);
  } finally {
    rmSync(apart, { recursive: true, force: true });
  }
}

/** @returns what the command printed. @throws with its last words when it is not there or fails. */
function run(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, ...options });
  if (result.error !== undefined) throw new Error(`${command} cannot be run: ${result.error.message}`);
  if (result.status !== 0) {
    const words = `${result.stderr}\n${result.stdout}`.trim().split('\n').slice(-4).join('\n  ');
    throw new Error(`${command} ${args.slice(0, 3).join(' ')} … failed:\n  ${words}`);
  }
  return result.stdout;
}

function placeOf(part) {
  const at = join(cache, part.folder);
  const files = Object.fromEntries(Object.entries(part.files).map(([key, file]) => [key, join(at, file)]));
  return { name: part.name, files, there: Object.values(files).every((file) => existsSync(file)) };
}

function get(part) {
  if (placeOf(part).there) return;
  console.error(`penstock: getting ${part.name} (${part.takes}) …`);
  const at = join(cache, part.folder);
  // Beside its place first: what was broken off half way is not taken for the whole.
  const beside = `${at}.${process.pid}`;
  try {
    mkdirSync(beside, { recursive: true });
    part.obtain(beside);
    // Unless somebody else was faster.
    if (!placeOf(part).there) {
      rmSync(at, { recursive: true, force: true });
      renameSync(beside, at);
    }
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  if (!placeOf(part).there) throw new Error(`it came without ${Object.values(part.files).join(' or ')}`);
}

if (process.argv[2] === '--list') {
  console.log(
    JSON.stringify(Object.fromEntries(PARTS.map((part) => [part.folder.replace(/-[\d.]+$/, ''), placeOf(part)]))),
  );
} else {
  for (const part of PARTS) {
    try {
      get(part);
    } catch (error) {
      console.error(`penstock: ${part.name} cannot be had: ${error.message}`);
      process.exitCode = 1;
    }
  }
  if (process.exitCode !== 1) console.error(`penstock: the outside parts are in ${cache}`);
}
