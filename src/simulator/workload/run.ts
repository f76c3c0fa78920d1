import { operations } from './operations.js';
import { type Counts, Workload } from './workload.js';

/** More of them would say the same over and over. */
const MOST_VIOLATIONS = 100;

export interface RunOptions {
  /** From 0 up to 2^32: the same seed has the same end. */
  readonly seed: number;
  readonly operations: number;
  /** After so many operations each the books are audited, besides at the end. */
  readonly auditEvery?: number | undefined;
  /** How many payments each account remembers; all of them where nothing is said and there are some thousands. */
  readonly history?: number | undefined;
}

export interface RunResult {
  readonly counts: Counts;
  /** Of every answer and of the state at the end. */
  readonly digest: string;
  readonly violations: readonly string[];
}

/** Random operations with faults on a simulator of their own, and what its books say afterwards. */
export async function runWorkload({ seed, operations: count, auditEvery, history }: RunOptions): Promise<RunResult> {
  const workload = await Workload.start({ seed, history });
  try {
    const violations = new Set<string>();
    let performed = 0;
    for (const operation of operations(seed)) {
      if (performed >= count) break;
      await workload.perform(operation);
      performed += 1;
      if (auditEvery === undefined || performed % auditEvery > 0) continue;
      for (const violation of workload.violations()) violations.add(violation);
      if (violations.size > MOST_VIOLATIONS) break;
    }
    const digest = workload.digest();
    for (const violation of workload.violations()) violations.add(violation);
    // Of what is forgotten nobody is shown the movements.
    if (history === undefined) for (const violation of await workload.shownBooks()) violations.add(violation);
    return { counts: workload.counts, digest, violations: [...violations].slice(0, MOST_VIOLATIONS) };
  } finally {
    await workload.stop();
  }
}
