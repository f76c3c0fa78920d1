// `npm run build [-- --if-changed]`: src/ as JavaScript in dist/, and the workflows as one file beside it, so that a
// worker starts in a fraction of the time and no compiler runs in production. What stood in dist/ is replaced
// as a whole, once the new one is complete.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const stamp = '.built-from';

/** What the result depends on. */
function fingerprint() {
  const hash = createHash('sha256');
  const inputs = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs'];
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join('src', file));
  for (const file of [...inputs, ...sources].sort()) hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  return hash.update(process.versions.node).digest('hex');
}

function isCurrent(wanted) {
  const file = join(dist, stamp);
  return existsSync(file) && readFileSync(file, 'utf8') === wanted;
}

async function build(wanted) {
  const startedAt = Date.now();
  const fresh = join(root, `dist.${process.pid}`);
  const old = join(root, `dist.${process.pid}.old`);
  try {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const compiled = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    });
    if (compiled.status !== 0) throw new Error('the sources do not compile (see above)');
    const workflowsPath = join(fresh, 'workflows', 'index.js');
    const { code } = await bundleWorkflowCode({
      workflowsPath,
      // As src/workflow-code.ts has it for the sources.
      preloadModules: [workflowsPath],
      logger: quiet,
    });
    writeFileSync(join(fresh, 'workflow-bundle.js'), code);
    writeFileSync(join(fresh, stamp), wanted);
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(fresh, dist);
    const megabytes = (Buffer.byteLength(code) / 1e6).toFixed(2);
    console.error(
      `penstock: built dist/ in ${((Date.now() - startedAt) / 1000).toFixed(1)} s; the workflows are ${megabytes} MB`,
    );
  } finally {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
  }
}

/** Its progress is noise; what goes wrong is not. */
const silent = () => undefined;
const quiet = {
  log: silent,
  trace: silent,
  debug: silent,
  info: silent,
  warn: (message) => console.error(message),
  error: (message) => console.error(message),
};

const wanted = fingerprint();
if (!process.argv.includes('--if-changed') || !isCurrent(wanted)) {
  try {
    await build(wanted);
  } catch (error) {
    console.error(`penstock: the build failed: ${error.message}`);
    process.exitCode = 1;
  }
}
