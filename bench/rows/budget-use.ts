import { setTimeout as sleep } from 'node:timers/promises';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import type { Part } from '../../test/support/process.js';
import { type BudgetUse, type Step, type StepUse, stepsOf, useOf } from '../figures/budget.js';
import { BudgetStage, PER_SECOND } from '../stage/budget-stage.js';

export interface UseFigures extends BudgetUse {
  readonly workers: number;
  readonly steps: readonly StepUse[];
  /** How long a request was under way on average, ms: for that long beyond its second it counts, since it may arrive at any time of it. */
  readonly underWayMs: number;
  /** The most that came within any second, the first ones included. */
  readonly worstSecond: number;
}

const WORKERS = 2;

/** From when there is something to do until it is counted, ms: leases come to follow what each has to do. */
const SETTLES_MS = 5_000;

/** What two callers with a backlog make of a limit that takes these steps, while the whole budget is configured. */
export async function measureUse(steps: readonly Step[], say: (line: string) => void): Promise<UseFigures> {
  const stage = await BudgetStage.start(WORKERS);
  try {
    const callers = await Promise.all(Array.from({ length: WORKERS }, () => stage.join()));
    await stage.simulator.countAfresh();
    stage.turn(callers);
    await sleep(SETTLES_MS);
    const fromMs = await wholeSecond();
    let endMs = fromMs;
    for (const { perSecond, seconds } of steps) {
      await stage.allow(perSecond);
      endMs += seconds * 1_000;
      await sleep(endMs - Date.now());
      stage.assertRunning(callers);
      say(`${seconds} s of ${perSecond}/s are over`);
    }
    const underWayMs = await stage.turnOff(callers);
    const { accounts, seconds } = await stage.simulator.counts({ key: SIMULATOR_KEY });
    const used = stepsOf(seconds, fromMs, steps);
    return {
      ...useOf(used),
      workers: WORKERS,
      steps: used,
      underWayMs,
      worstSecond: accounts[0]?.worst_second.sent ?? 0,
    };
  } finally {
    await stage.stop();
  }
}

/** @returns the time, Unix ms, when the next second has just begun. */
async function wholeSecond(): Promise<number> {
  const next = Math.ceil((Date.now() + 1) / 1_000) * 1_000;
  await sleep(next - Date.now());
  return next;
}

export interface WorstSecond {
  readonly workers: number;
  readonly sent: number;
  readonly refused: number;
  /** The most that came within any second. */
  readonly worstSecond: number;
}

/** Nobody asks for anything for so long, ms: leases end meanwhile, and buckets would fill. */
const IDLE_MS = 8_000;

export interface WorstSizes {
  /** Callers at the beginning of each stage. */
  readonly workers: readonly number[];
  /** How long each part of a stage with something to do takes, ms. */
  readonly busyMs: number;
}

/** One killed a moment ago, and one that joined. */
const MORE = 1;

/**
 * The worst second of each of some numbers of callers: from a cold start, and again after a rest, each at once with all
 * that it has to do; while one is killed -9 and another joins; and after that.
 */
export async function measureWorst({ workers, busyMs }: WorstSizes, say: (line: string) => void) {
  const stage = await BudgetStage.start(Math.max(...workers) + MORE);
  const all: WorstSecond[] = [];
  try {
    for (const count of workers) {
      const callers = await Promise.all(Array.from({ length: count }, () => stage.join()));
      await stage.simulator.countAfresh();
      await coldStarts(stage, callers, busyMs);
      const left = await killAndJoin(stage, callers, busyMs);
      const { accounts } = await stage.simulator.counts({ key: SIMULATOR_KEY });
      const { sent = 0, allowed = 0, worst_second: worst } = accounts[0] ?? {};
      all.push({ workers: count, sent, refused: sent - allowed, worstSecond: worst?.sent ?? 0 });
      say(`${count} callers: ${worst?.sent} in the worst second`);
      await Promise.all(left.map((caller) => caller.kill9()));
      await sleep(IDLE_MS);
    }
    return all;
  } finally {
    await stage.stop();
  }
}

async function coldStarts(stage: BudgetStage, callers: readonly Part[], busyMs: number): Promise<void> {
  for (let times = 0; times < 2; times += 1) {
    await sleep(IDLE_MS);
    stage.turn(callers);
    await sleep(busyMs);
    stage.assertRunning(callers);
    stage.turn(callers);
  }
}

/** @returns who runs at the end of it. */
async function killAndJoin(stage: BudgetStage, callers: readonly Part[], busyMs: number): Promise<readonly Part[]> {
  const [killed, ...others] = callers;
  stage.turn(callers);
  await sleep(busyMs / 2);
  const joining = stage.join();
  await killed?.kill9();
  const joined = await joining;
  stage.turn([joined]);
  await sleep(busyMs);
  const left = [...others, joined];
  stage.assertRunning(left);
  stage.turn(left);
  return left;
}

/** One limit that is what was configured. */
export const steady = (seconds: number): readonly Step[] => [{ perSecond: PER_SECOND, seconds }];

/** A limit that nobody tells of. */
export const stepping = (seconds: number): readonly Step[] =>
  [100, 60, 100, 30, 100].map((perSecond) => ({ perSecond, seconds }));
