import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import proto, { type temporal } from '@temporalio/proto';

/**
 * `<version>/<path>.<workflow type>.json`: one folder for each release, one file for each workflow of a path; `<version>-dev`
 * has those of before a change within its development, for the branches that `patched` keeps for them.
 */
const HISTORIES = fileURLToPath(new URL('./histories', import.meta.url));

/** The version that is being worked on, or was just released. */
export const VERSION: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;

/** Where this version's recordings are. */
export const RECORDINGS = join(HISTORIES, VERSION);

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
  readonly version: string;
  readonly path: string;
  readonly type: string;
  readonly history: PlainHistory;
}

/** What every version has recorded. */
export function recordedHistories(): Recorded[] {
  return readdirSync(HISTORIES)
    .sort()
    .flatMap((version) => recordedIn(version));
}

function recordedIn(version: string): Recorded[] {
  const folder = join(HISTORIES, version);
  return recordings(folder).map((file) => {
    const [path = '', type = ''] = file.split('.');
    return { version, path, type, history: JSON.parse(readFileSync(join(folder, file), 'utf8')) };
  });
}

/** The recordings in a folder, of one path or of all. */
export function recordings(folder: string, path?: string): string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return files.filter((file) => path === undefined || file.startsWith(`${path}.`)).sort();
}

/** Ways in which a call or a run ends that no path holds by chance. */
const EVENT_KINDS = ['ACTIVITY_TASK_TIMED_OUT', 'ACTIVITY_TASK_CANCELED', 'WORKFLOW_EXECUTION_CONTINUED_AS_NEW'];

interface EventInJson {
  readonly eventType?: string;
  readonly activityTaskScheduledEventAttributes?: { readonly activityType: { readonly name: string } };
  readonly startChildWorkflowExecutionInitiatedEventAttributes?: { readonly workflowType: { readonly name: string } };
}

/** What a history holds, in its order: the activities it scheduled and the children it started by name, and {@link EVENT_KINDS}. */
export function contentsOf({ events }: PlainHistory): string[] {
  return (events as readonly EventInJson[]).flatMap((event) => {
    const activity = event.activityTaskScheduledEventAttributes?.activityType.name;
    const child = event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowType.name;
    const kind = EVENT_KINDS.find((name) => event.eventType === `EVENT_TYPE_${name}`);
    return [activity, child, kind].filter((name) => name !== undefined);
  });
}

/** What of `wanted` is not in the histories as often as it is in `wanted`. */
export function missingIn(histories: readonly PlainHistory[], wanted: readonly string[]): string[] {
  const held = histories.flatMap(contentsOf);
  return wanted.filter((name) => {
    const at = held.indexOf(name);
    if (at >= 0) held.splice(at, 1);
    return at < 0;
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
