import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { failure, type Running, UsageError } from '../../src/process.js';

export interface ChildOptions {
  /** What it is called in what is said about it. */
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Everything it says goes there. */
  readonly log: string;
  /** The user it runs as; this process's own where nothing is said. */
  readonly user?: string;
  /** What asks it to end in order. */
  readonly stopSignal: NodeJS.Signals;
  readonly stopsWithinMs: number;
}

/** A program of the topology while it runs. */
export interface Child extends Running {
  readonly pid: number;
  readonly kill9: () => Promise<void>;
}

/**
 * Starts a program that ends with this process, however this process ends: the kernel sends it its stop signal when its
 * parent is gone, even by kill -9. That, and the change of user, is `setpriv`, which every Debian has.
 */
export function startChild(options: ChildOptions): Child {
  const { name, command, log, user, stopSignal, stopsWithinMs } = options;
  const as = user === undefined ? [] : [`--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
  const output = openSync(log, 'a');
  // A group of its own: a terminal's Ctrl-C must not end it before what uses it has finished.
  const child = spawn('setpriv', [...as, '--pdeathsig', stopSignal.replace('SIG', ''), '--', ...command], {
    stdio: ['ignore', output, output],
    detached: true,
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const { failed, fail } = failure();
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  let stopping = false;
  child.once('error', (error) => fail(new UsageError(`${name} cannot be started: ${error.message}`)));
  child.once('exit', (code, signal) => {
    if (!stopping) fail(new UsageError(`${name} ended by itself (${signal ?? code}): see ${log}\n${lastLines(log)}`));
  });
  return {
    failed,
    stopsWithinMs,
    pid: child.pid ?? 0,
    stop: () => {
      stopping = true;
      return end(child, ended, stopSignal, stopsWithinMs);
    },
    kill9: () => {
      stopping = true;
      return end(child, ended, 'SIGKILL', stopsWithinMs);
    },
  };
}

/** How much of a log is repeated where its program ended by itself: the log may be gone before anybody reads it. */
const LAST_BYTES = 2_000;

function lastLines(log: string): string {
  return readFileSync(log, 'utf8').slice(-LAST_BYTES);
}

async function end(child: ChildProcess, ended: Promise<void>, signal: NodeJS.Signals, withinMs: number): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), withinMs);
  await ended;
  clearTimeout(timer);
}
