import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ROOT } from '../../test/support/process.js';

const run = promisify(execFile);
const node = (...args: string[]) => run(process.execPath, args, { cwd: ROOT });

let built: Promise<unknown> | undefined;

/** Compiles Penstock and the plain sample, once: what is measured is what is deployed. @throws with the compiler's words. */
export async function compile(): Promise<void> {
  built ??= Promise.all([
    node('scripts/build.mjs', '--if-changed'),
    node('node_modules/typescript/bin/tsc', '-p', 'bench/plain/tsconfig.json'),
  ]);
  await built;
}
