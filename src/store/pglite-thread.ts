import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { asDatabaseError } from './database.js';
import { CLOSE, type Question, type Said } from './pglite-messages.js';

/**
 * Creating the files takes seconds, and a process can be killed amid them. Those without the mark that comes last were never
 * used: they are made anew.
 */
async function open(folder: string): Promise<PGlite> {
  const files = join(folder, 'files');
  const mark = join(folder, 'made');
  const isMade = existsSync(mark);
  if (!isMade) rmSync(files, { recursive: true, force: true });
  const database = await PGlite.create(files);
  if (!isMade) writeFileSync(mark, '');
  return database;
}

async function answer(database: PGlite, { id, sql, params }: Question): Promise<Said> {
  try {
    const { rows } = await database.query<object>(sql, [...params]);
    return { type: 'answer', id, rows };
  } catch (error) {
    // The driver's error carries the statement and its values along: only these two leave.
    const { message, sqlState } = asDatabaseError(error);
    return { type: 'error', id, message, sqlState };
  }
}

async function run(folder: string): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('this module is the body of a thread');
  const say = (said: Said) => port.postMessage(said);
  let database: PGlite;
  try {
    database = await open(folder);
  } catch (error) {
    say({ type: 'failed', message: String((error as Error).message ?? error) });
    port.close();
    return;
  }
  port.on('message', async (asked: Question | typeof CLOSE) => {
    if (asked !== CLOSE) return say(await answer(database, asked));
    await database.close();
    port.close();
  });
  say({ type: 'opened' });
}

await run((workerData as { own: { folder: string } }).own.folder);
