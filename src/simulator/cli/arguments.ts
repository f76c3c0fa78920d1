import { readFile } from 'node:fs/promises';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { SIMULATOR_KEY } from '../../config/accounts.js';
import { UsageError } from '../../process.js';
import { isHttpUrl } from '../http-url.js';
import { Remote } from './remote.js';
import type { Terminal } from './terminal.js';

/** The options that every command has: which simulator is meant, and which of its accounts. */
export const REMOTE_OPTIONS = { at: { type: 'string' }, key: { type: 'string' } } as const;

export const REMOTE_HELP = `  --at URL     the simulator (http://127.0.0.1:SIMULATOR_PORT)
  --key KEY    the secret key of the account that is meant`;

type Options = NonNullable<ParseArgsConfig['options']>;
type Config<T extends Options> = { options: T; strict: true; allowPositionals: true };

/** @param most how many words there may be. @throws UsageError naming the argument that is wrong. */
export function parsed<T extends Options>(command: string, argv: readonly string[], options: T, most: number) {
  try {
    const config: Config<T> = { options, strict: true, allowPositionals: true };
    const { values, positionals } = parseArgs<ParseArgsConfig & Config<T>>({ ...config, args: [...argv] });
    const [extra] = positionals.slice(most);
    if (extra !== undefined) throw new Error(`Unexpected argument '${extra}'`);
    return { values, words: positionals };
  } catch (error) {
    // The rest of it is advice on how to escape a dash.
    throw wrong(command, (error as Error).message.split('. To specify')[0] ?? '');
  }
}

export function wrong(command: string, what: string): UsageError {
  return new UsageError(`${command}: ${what} (npm run simulator -- ${command} --help)`);
}

/** The simulator that a command speaks to. @throws UsageError when the URL is none. */
export function remoteOf(command: string, values: { at?: string; key?: string }, { base, stopping }: Terminal): Remote {
  const { at = base, key = SIMULATOR_KEY } = values;
  if (!isHttpUrl(at)) throw wrong(command, `--at ${at} is no http URL`);
  return new Remote(new URL(at).origin, key, stopping);
}

/** JSON of a file, or of standard input for `-`. @throws UsageError when it cannot be read, or is no object. */
export async function jsonOf(command: string, file: string | undefined, { input }: Terminal): Promise<object> {
  if (file === undefined) throw wrong(command, 'set takes a FILE, or - for standard input');
  const text = file === '-' ? await input() : await read(command, file);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {}
  throw wrong(command, `${file === '-' ? 'standard input' : file} is no JSON object`);
}

async function read(command: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw wrong(command, `cannot read ${file}: ${(error as Error).message}`);
  }
}
