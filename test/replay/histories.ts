import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import proto, { type temporal } from '@temporalio/proto';

/** `<path>.<workflow type>.json`, one file for each workflow that took part in a path. */
export const HISTORIES = fileURLToPath(new URL('./histories', import.meta.url));

const { History } = proto.temporal.api.history.v1;
type History = temporal.api.history.v1.IHistory;

export interface PlainHistory {
  events: Record<string, unknown>[];
}

/** The history as plain JSON: enums by name, bytes in base64. */
export function toPlain(history: History): PlainHistory {
  return History.toObject(History.fromObject(history), { enums: String, longs: String, bytes: String }) as PlainHistory;
}

export function fromPlain(history: PlainHistory): History {
  return History.fromObject(history);
}

export interface Recorded {
  /** `<path>.<workflow type>` */
  readonly name: string;
  readonly type: string;
  readonly history: PlainHistory;
}

export function recordedHistories(): Recorded[] {
  return readdirSync(HISTORIES)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const name = file.replace(/\.json$/, '');
      return {
        name,
        type: name.split('.').at(-1) ?? '',
        history: JSON.parse(readFileSync(join(HISTORIES, file), 'utf8')),
      };
    });
}

/** Where a process ran and where its sources lay say nothing about a history. */
const OF_THE_MACHINE = new Set(['identity', 'stackTrace']);
/** A worker's own queue is named after the process and the host. */
const OF_A_PROCESS = /^\d+@/;

export function scrubbed<T>(value: T): T {
  if (typeof value === 'string') return (OF_A_PROCESS.test(value) ? 'recorded' : value) as T;
  if (Array.isArray(value)) return value.map(scrubbed) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, OF_THE_MACHINE.has(key) ? 'recorded' : scrubbed(inner)]),
  ) as T;
}
