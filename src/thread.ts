import { Worker } from 'node:worker_threads';

/**
 * What a thread runs from the sources: Node's loader hooks are each thread's own, and tsx registers its in the main thread
 * only, so the thread asks for them itself before it loads its module.
 */
const FROM_SOURCES = `
const { workerData } = require('node:worker_threads');
import(workerData.tsx).then((tsx) => {
  tsx.register();
  return import(workerData.entry);
});
`;

/**
 * Starts a module of this program in a thread of its own, compiled or from its TypeScript sources, whichever the caller is.
 * What the module is given is `own` of its `workerData`.
 *
 * @param entry `new URL('./name.js', import.meta.url)`: `.js`, as imports have it.
 */
export function startThread(entry: URL, name: string, own: unknown): Worker {
  // Node's flags are the main thread's: `--import tsx` would load a compiler here that then does nothing.
  const options = { name, execArgv: [] };
  if (!import.meta.url.endsWith('.ts')) return new Worker(entry, { ...options, workerData: { own } });
  const source = entry.href.replace(/\.js$/, '.ts');
  const tsx = import.meta.resolve('tsx/esm/api');
  return new Worker(FROM_SOURCES, { ...options, eval: true, workerData: { own, entry: source, tsx } });
}
