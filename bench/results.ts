import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ROOT } from '../test/support/process.js';
import type { Check } from './figures/checks.js';
import type { Commit } from './machine.js';

const FOLDER = join(ROOT, 'bench', 'results');

/** On which server of Temporal's: what `npm start` brings, or the one of production. */
export type Server = 'embedded' | 'production';

/** What is read again of a run that was kept; there is more in its file. */
export interface Results {
  readonly startedAt: Date;
  readonly commit: Commit;
  readonly server: Server;
  readonly quick: boolean;
  readonly rows: Readonly<Record<string, { readonly checks: readonly Check[] }>>;
}

/** What a row measured in an earlier run. */
export interface Kept {
  readonly startedAt: Date;
  readonly commit: Commit;
  readonly checks: readonly Check[];
}

/** @param called what the run was asked for. @returns the file's path. */
export function writeResults(results: Results, called: readonly string[], folder = FOLDER): string {
  const time = results.startedAt.toISOString().slice(0, 19).replaceAll(':', '');
  const name = [time, results.commit.hash, ...called, ...(results.quick ? ['quick'] : [])].join('-');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
  return path;
}

const KEPT = z.object({
  startedAt: z.coerce.date(),
  commit: z.object({ hash: z.string(), changed: z.boolean() }),
  server: z.enum(['embedded', 'production']),
  quick: z.literal(false),
  rows: z.record(
    z.string(),
    z.object({
      checks: z.array(
        z.object({
          what: z.string(),
          measured: z.string(),
          target: z.string(),
          held: z.boolean(),
          exact: z.boolean(),
        }),
      ),
    }),
  ),
});

/** The newest that was kept of each of these rows; of a run that only tried the bench, or of another form, nothing is. */
export function newestOf(names: readonly string[], server: Server, folder = FOLDER): ReadonlyMap<string, Kept> {
  const found = new Map<string, Kept>();
  // Their names begin with their time.
  for (const file of filesIn(folder).sort().reverse()) {
    const run = KEPT.safeParse(parsed(readFileSync(join(folder, file), 'utf8')));
    if (!run.success || run.data.server !== server) continue;
    const { startedAt, commit, rows } = run.data;
    for (const name of names) {
      const row = rows[name];
      if (row !== undefined && !found.has(name)) found.set(name, { startedAt, commit, checks: row.checks });
    }
  }
  return found;
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((file) => file.endsWith('.json'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
