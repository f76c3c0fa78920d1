import { join } from 'node:path';
import { ROOT, script } from './process.js';

/** The processes Penstock is made of, by the file each one is started with. */
type Program = 'api-server' | 'webhooks-server' | 'worker' | 'simulator/server';

/** What a stack's processes run from. */
export interface Code {
  readonly folder: string;
  command(program: Program, ...args: string[]): string[];
}

/** The TypeScript sources, as in development. */
export const sources: Code = {
  folder: ROOT,
  command: (program, ...args) => script(`src/${program}.ts`, ...args),
};

/** Compiled JavaScript, as in production, in `dist/` of the folder. */
export function compiled(folder: string = ROOT): Code {
  return { folder, command: (program, ...args) => [process.execPath, join(folder, 'dist', `${program}.js`), ...args] };
}
