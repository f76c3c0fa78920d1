import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import { workflowCode } from '../../src/workflow-code.js';
import * as workflows from '../../src/workflows/index.js';
import { ROOT } from '../support/process.js';

/**
 * Bytes, source map included. Measured: 1.94 MB, of which Temporal's own part is 1.6. Room for the workflows to grow by
 * half a megabyte, and none for a library: zod alone makes it 4.2 MB, stripe 3.3.
 */
const LARGEST = 2_500_000;

/** What `@temporalio/workflow` itself brings. */
const PACKAGES = ['@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc'];

describe('the built workflow bundle', () => {
  const code = readFileSync(join(ROOT, 'dist/workflow-bundle.js'), 'utf8');
  const sources = sourcesOf(code);

  it('is small: no library has found its way into it', () => {
    assert.ok(code.length < LARGEST, `${code.length} bytes`);
  });

  it('holds no package but those Temporal brings', () => {
    const names = sources.flatMap(
      (file) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(file)?.[1] ?? [],
    );
    assert.deepEqual([...new Set(names)].sort(), PACKAGES);
  });

  it('holds code of the rooms domain, control and workflows only', () => {
    const rooms = sources.flatMap((file) => /\/src\/([^/]+)\//.exec(file.replace(/.*node_modules\/.*/, ''))?.[1] ?? []);
    assert.ok(rooms.includes('workflows') && rooms.includes('domain'), 'the rooms are recognised');
    const foreign = rooms.filter((room) => !['domain', 'control', 'workflows'].includes(room));
    assert.deepEqual(foreign, []);
  });

  it('reaches for nothing outside itself', () => {
    const program = code.slice(0, code.lastIndexOf('//# sourceMappingURL'));
    assert.deepEqual(program.match(/\brequire\(["'][^"']+["']\)/g) ?? [], []);
    assert.doesNotMatch(program, /["']node:\w+["']/);
  });

  it('offers every workflow type there is', () => {
    // The worker lends the module cache, so that workflows share it.
    const context: Record<string, unknown> = { __webpack_module_cache__: {} };
    runInNewContext(code, context);
    const { importWorkflows } = context['__TEMPORAL__'] as { importWorkflows: () => Record<string, unknown> };
    const functions = (module: object) =>
      Object.entries(module)
        .filter(([, value]) => typeof value === 'function')
        .map(([name]) => name)
        .sort();
    const offered = functions(importWorkflows());
    assert.ok(offered.includes('payment'), `${offered}`);
    assert.deepEqual(offered, functions(workflows));
  });
});

describe('the workflow code of a worker', () => {
  it('is the built bundle where the worker is compiled', () => {
    const { workflowBundle } = workflowCode(pathToFileURL(join(ROOT, 'dist/workflow-code.js')).href);
    assert.deepEqual(workflowBundle, { codePath: join(ROOT, 'dist/workflow-bundle.js') });
  });

  it('is missed loudly where it was not built, and never bundled instead', () => {
    const elsewhere = pathToFileURL(join(ROOT, 'test/workflow-code.js')).href;
    assert.throws(() => workflowCode(elsewhere), /test\/workflow-bundle\.js is missing: .*npm run build/);
  });

  it('is the sources where the sources run', () => {
    assert.deepEqual(workflowCode(), { workflowsPath: join(ROOT, 'src/workflows/index.ts') });
  });
});

/** The files that went into the bundle, as its source map lists them. */
function sourcesOf(code: string): string[] {
  const encoded = code.slice(code.lastIndexOf('base64,') + 'base64,'.length);
  const { sources } = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as { sources: string[] };
  assert.ok(sources.length > 50, 'the source map is there');
  return sources;
}
