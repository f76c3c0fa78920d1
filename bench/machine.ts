import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { ROOT } from '../test/support/process.js';

export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
}

export function machine(): Machine {
  const all = cpus();
  return {
    cores: all.length,
    model: all[0]?.model.trim() ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.version,
  };
}

/** How many processes want to run, over the last minute; more than there are cores is a machine that is shared. */
export function load(): number {
  return loadavg()[0] ?? Number.NaN;
}

export interface Commit {
  readonly hash: string;
  /** Whether the code is something else than the commit. */
  readonly changed: boolean;
}

export function commit(): Commit {
  try {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
    return {
      hash: git('rev-parse', '--short=12', 'HEAD'),
      changed:
        git('status', '--porcelain', '--', 'src', 'bench', 'test/support', 'package.json', 'package-lock.json') !== '',
    };
  } catch {
    return { hash: 'unknown', changed: false };
  }
}

/** Ticks of all processors since the machine started, and those of them that its host gave to others while work waited for them. */
export interface Ticks {
  readonly all: number;
  readonly stolen: number;
}

/** As Linux counts them (proc(5), `/proc/stat`); none elsewhere. */
export function ticks(): Ticks {
  let line: string;
  try {
    line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  } catch {
    return { all: 0, stolen: 0 };
  }
  const counts = line.trim().split(/\s+/).slice(1, 9).map(Number);
  return { all: counts.reduce((sum, count) => sum + count, 0), stolen: counts[7] ?? 0 };
}

/** The part of the processors that the host took between the two, 0 to 1. */
export function stolenBetween(before: Ticks, after: Ticks): number {
  return after.all === before.all ? 0 : (after.stolen - before.stolen) / (after.all - before.all);
}
