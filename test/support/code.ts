import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, script } from './process.js';

/** The processes Penstock is made of, by the file each one is started with. */
type Program = 'api-server' | 'worker' | 'simulator/server';

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
  return {
    folder,
    command: (program, ...args) => [
      process.execPath,
      ...memoryFlags(program),
      join(folder, 'dist', `${program}.js`),
      ...args,
    ],
  };
}

/** What `npm run` tells Node of a program's memory. */
function memoryFlags(program: Program): string[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const started = Object.values(scripts).find((line) => line.endsWith(`src/${program}.ts`)) ?? '';
  return started.split(' ').filter((word) => /^--[a-z-]+=/.test(word));
}
