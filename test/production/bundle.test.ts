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
 * Bytes, source map included. Measured: 2.50 MB, of which Temporal's own part is 1.6. Room for the workflows to grow by
 * half a megabyte, and none for a library: zod alone makes it 4.2 MB, stripe 3.3.
 */
const LARGEST = 3_000_000;

/** What `@temporalio/workflow` itself brings. */
const PACKAGES = ['@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc'];

describe('the built workflow bundle', () => {
  const code = readFileSync(join(ROOT, 'dist/workflow-bundle.js'), 'utf8');
  const sources = sourcesOf(code);
  const own = sources.flatMap(
    (file) => /\/(src\/\w+\/.*\.ts)$/.exec(file.replace(/.*node_modules\/.*/, ''))?.[1] ?? [],
  );

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

  it('loads its modules once for all workflows', () => {
    const { cache, preloadModules, importWorkflows } = open(code);
    preloadModules();
    const loaded = Object.keys(cache);
    assert.ok(
      loaded.some((name) => name.includes('workflows/payment-run')),
      `${loaded}`,
    );
    importWorkflows();
    assert.deepEqual(Object.keys(cache), loaded);
  });

  it('keeps no state in a module, which all workflows share', () => {
    const found = own.flatMap((file) => statesIn(readFileSync(join(ROOT, file), 'utf8')).map((line) => [file, line]));
    assert.ok(own.length > 30, `${own}`);
    assert.deepEqual(found, []);
    // What is looked for would be found.
    const kept = [
      'let count = 0;',
      'export var x;',
      'const seen = new Map<string, number>();',
      'const a: string[] = [];',
    ];
    for (const line of kept) assert.deepEqual(statesIn(`${line}\n`), [line]);
    for (const line of ['  let within = 0;', 'const S: ReadonlySet<string> = new Set([1]);', 'const b = [1] as const;'])
      assert.deepEqual(statesIn(`${line}\n`), []);
  });

  it('offers every workflow type there is', () => {
    const { importWorkflows } = open(code);
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
    const workflowsPath = join(ROOT, 'src/workflows/index.ts');
    assert.deepEqual(workflowCode(), { workflowsPath, bundlerOptions: { preloadModules: [workflowsPath] } });
  });
});

/** Top-level variables, and collections that are not declared read-only. */
function statesIn(source: string): string[] {
  const variables = /^(?:export )?(?:let|var) .*/gm;
  const collections = /^(?:export )?const [^=\n]+= (?:new (?:Map|Set|WeakMap|WeakSet)\b|\[)(?!.* as const;).*/gm;
  const readOnly = /^(?:export )?const \w+: (?:Readonly(?:Set|Map|Array)?<|readonly )/;
  return [...(source.match(variables) ?? []), ...(source.match(collections) ?? [])].filter(
    (line) => !readOnly.test(line),
  );
}

/** The bundle as a worker loads it, which lends it the cache of its modules. */
function open(code: string) {
  const cache: Record<string, unknown> = {};
  const context: Record<string, unknown> = { __webpack_module_cache__: cache };
  runInNewContext(code, context);
  const entries = context['__TEMPORAL__'] as {
    preloadModules: () => void;
    importWorkflows: () => Record<string, unknown>;
  };
  return { cache, ...entries };
}

/** The files that went into the bundle, as its source map lists them. */
function sourcesOf(code: string): string[] {
  const encoded = code.slice(code.lastIndexOf('base64,') + 'base64,'.length);
  const { sources } = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as { sources: string[] };
  assert.ok(sources.length > 50, 'the source map is there');
  return sources;
}
