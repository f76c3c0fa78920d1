import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { WorkerOptions } from '@temporalio/worker';
import { UsageError } from './process.js';

/**
 * The code of the workflows, as a worker takes it: the file that the build made when this is compiled JavaScript, or the
 * TypeScript sources, bundled at each start, when they run as they are. A compiled worker never bundles: what it would
 * find is not what was built and tested together with it.
 *
 * The modules are loaded once, and frozen, for all workflows of a worker, where the SDK by itself loads them anew for each:
 * so what a waiting payment holds in memory is its state alone, and the code of each new one is warm. No module may keep
 * state of its own (test/production/bundle.test.ts).
 *
 * @param moduleUrl where this module is, which tells the two apart.
 * @throws UsageError when the built file is missing.
 */
export function workflowCode(
  moduleUrl: string = import.meta.url,
): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'bundlerOptions'> {
  if (moduleUrl.endsWith('.ts')) {
    const workflowsPath = fileURLToPath(new URL('./workflows/index.ts', moduleUrl));
    return { workflowsPath, bundlerOptions: { preloadModules: [workflowsPath] } };
  }
  const codePath = fileURLToPath(new URL('./workflow-bundle.js', moduleUrl));
  if (!existsSync(codePath)) throw new UsageError(`${codePath} is missing: build it with \`npm run build\``);
  return { workflowBundle: { codePath } };
}
