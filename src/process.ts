import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { inTime } from './clock.js';
import { ConfigError } from './config/index.js';
import { TemporalUnreachableError } from './temporal/connect.js';
import { NamespaceUnfitError } from './temporal/prepare.js';

/** A part that runs until it is stopped. */
export interface Running {
  /** Finishes what is under way, then ends. Rejects when something had to be cut off. */
  readonly stop: () => Promise<void>;
  /** How long `stop` takes at the very most, ms; {@link STOPS_WITHIN_MS} where nothing is said. */
  readonly stopsWithinMs?: number;
  /** Rejects when the part ends by itself, which it never should. */
  readonly failed: Promise<never>;
}

/** Enough for a part with nothing to finish. */
export const STOPS_WITHIN_MS = 5_000;

/** Something the reader can mend: its message is the whole story, and no stack helps. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A port somebody else has. */
export function portTaken(port: number, what: string, variable: string): UsageError {
  return new UsageError(`port ${port} for ${what} is taken: stop what uses it, or set ${variable} to another port`);
}

/**
 * npm hands on the terminal's own Ctrl-C, so one press can arrive twice; what comes later than this is a second press.
 */
const SAME_PRESS_MS = 1_000;

/**
 * Runs `start` as this process: signals stop it in order, errors end it with one clear line and a code that is not 0. It
 * ends within the part's own `stopsWithinMs`, whatever hangs: who stops a service waits for that long, then kills.
 */
export async function runAsProcess(start: (stopping: AbortSignal) => Promise<Running>): Promise<void> {
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()));
  let firstAt = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    if (!stopping.signal.aborted) {
      firstAt = Date.now();
      process.stderr.write(`\n${signal}: finishing what is under way (again to end at once)\n`);
      stopping.abort();
    } else if (Date.now() - firstAt > SAME_PRESS_MS) {
      process.exit(130);
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);

  try {
    const running = await orUnwound(start(stopping.signal), stopped);
    try {
      await Promise.race([stopped, running.failed]);
    } finally {
      await stopInTime(running);
    }
    process.exit(0);
  } catch (error) {
    // A start that was interrupted may fail in any way; that is no news.
    if (stopping.signal.aborted && !(error instanceof CutOffError)) process.exit(0);
    process.stderr.write(`${explain(error)}\n`);
    process.exit(1);
  }
}

/**
 * Runs `work` as this process, which ends with it: Ctrl-C asks it to end, a second one does not ask and nor does patience,
 * and errors end it with one clear line and a code that is not 0.
 */
export async function runOnce(work: (stopping: AbortSignal) => Promise<void>): Promise<void> {
  const stopping = new AbortController();
  let firstAt = 0;
  const onSignal = () => {
    if (stopping.signal.aborted && Date.now() - firstAt > SAME_PRESS_MS) process.exit(130);
    if (stopping.signal.aborted) return;
    firstAt = Date.now();
    stopping.abort();
    setTimeout(() => process.exit(130), UNWIND_MS).unref();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // Whoever read the output has had enough, as `head` has.
  process.stdout.on('error', () => process.exit(0));
  try {
    await work(stopping.signal);
    process.exit(0);
  } catch (error) {
    if (!stopping.signal.aborted) process.stderr.write(`${explain(error)}\n`);
    process.exit(stopping.signal.aborted ? 130 : 1);
  }
}

/** Stopping took longer than it may, or left something unfinished. */
export class CutOffError extends Error {
  override readonly name = 'CutOffError';
}

async function stopInTime({ stop, stopsWithinMs = STOPS_WITHIN_MS }: Running): Promise<void> {
  await inTime(stop(), stopsWithinMs, () => {
    throw new CutOffError(
      `still not stopped after ${stopsWithinMs / 1000} s; it ends now, and what was under way is taken up again`,
    );
  });
}

/** How long a start that is interrupted has to undo what it began; exit handlers end the rest. */
const UNWIND_MS = 5_000;

async function orUnwound<T>(starting: Promise<T>, stopped: Promise<void>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let started = false;
  void stopped.then(() => {
    if (!started) timer = setTimeout(() => process.exit(0), UNWIND_MS);
  });
  try {
    return await starting;
  } finally {
    started = true;
    clearTimeout(timer);
  }
}

function explain(error: unknown): string {
  const known = [ConfigError, UsageError, CutOffError, TemporalUnreachableError, NamespaceUnfitError];
  if (known.some((kind) => error instanceof kind)) return `penstock: ${(error as Error).message}`;
  return `penstock: unexpected error\n${(error as Error).stack ?? String(error)}`;
}

/**
 * Whether the module of this URL is the one node was started with. Modules are known by their real path: started through
 * a link (a release folder called `current`), a comparison of names alone would do nothing and exit with 0.
 */
export function isMain(moduleUrl: string): boolean {
  const [, started] = process.argv;
  return started !== undefined && moduleUrl === pathToFileURL(realpathSync(started)).href;
}

/** A promise that never settles unless it is rejected from outside. */
export function failure(): { failed: Promise<never>; fail: (error: unknown) => void } {
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);
  return { failed, fail };
}
