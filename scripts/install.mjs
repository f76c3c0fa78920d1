// Installs the dependencies when they are missing or no longer what the lockfile says; otherwise does nothing, at once.
// Plain JavaScript without imports from the registry: it runs on a fresh clone.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 12)) {
  console.error(`penstock: Node.js 20.12 or newer is needed; this is ${process.versions.node}`);
  process.exit(1);
}

// The platform is part of it: native packages of another one do not load.
const wanted = createHash('sha256')
  .update(readFileSync(`${root}package-lock.json`))
  .update(`${process.platform} ${process.arch} ${process.versions.modules}`)
  .digest('hex');
const stamp = `${root}node_modules/.penstock-installed`;
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  console.error('penstock: installing dependencies (npm ci), about half a minute the first time …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // The development dependencies too, whatever NODE_ENV says: they are what runs the sources.
  const result = spawnSync(npm, ['ci', '--include=dev', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (result.status !== 0) {
    console.error(
      'penstock: npm ci failed (see above): check that a package registry can be reached, then run it again',
    );
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}
