import { readFileSync } from 'node:fs';
import type { PartName, Stage } from '../stage/stage.js';

/** Linux counts a process's time in ticks of this many ms (USER_HZ is 100 wherever Node runs). */
const TICK_MS = 10;

/** Processor time of each part so far, ms; null where the system does not tell as Linux does. */
export type ProcessorTime = Readonly<Record<PartName, number>> | null;

export function processorTime(stage: Stage): ProcessorTime {
  const { worker, api, temporal, simulator } = stage.parts;
  try {
    return {
      worker: timeOf(worker.pid),
      api: timeOf(api.pid),
      temporal: timeOf(temporal.pid),
      simulator: timeOf(simulator.pid),
    };
  } catch {
    return null;
  }
}

/** What was used since `before`, divided by `payments`. */
export function spent(before: ProcessorTime, after: ProcessorTime, payments: number): ProcessorTime {
  if (before === null || after === null) return null;
  const each = (name: PartName) => (after[name] - before[name]) / payments;
  return { worker: each('worker'), api: each('api'), temporal: each('temporal'), simulator: each('simulator') };
}

/** @throws where there is no such file. */
function timeOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the name in brackets, and may hold anything; user and system time are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
