import { z } from 'zod';
import { faultsSchema } from '../faults/schema.js';
import { limitsSchema } from '../limits/schema.js';
import type { CountsReport } from '../requests/counts.js';
import { accountId } from '../requests/incoming.js';
import { UNRECOGNIZED } from '../requests/routes.js';
import type { Simulator } from '../simulator.js';
import { endpointSchema, exactly, keySchema } from './input.js';

/** Controls of what requests meet with, and of what was counted of them. */

export const ofAnyAccount = exactly({ key: keySchema.optional() });

export const countsQuery = exactly({
  key: keySchema.optional(),
  /** As the report calls it. */
  endpoint: z.literal(UNRECOGNIZED).or(endpointSchema).optional(),
  /** Unix ms of real time. */
  since_ms: z
    .string()
    .regex(/^\d{1,16}(\.\d+)?$/, 'a time is milliseconds, such as 1790000000000')
    .transform(Number)
    .optional(),
});

export function putFaults(simulator: Simulator, body: unknown): unknown {
  simulator.putScript(faultsSchema.parse(body));
  return simulator.script.faults;
}

export function clearFaults(simulator: Simulator): unknown {
  return putFaults(simulator, {});
}

/** Every account's limits, or those that hold for one. */
export function readLimits({ limiter }: Simulator, { key }: z.infer<typeof ofAnyAccount>): unknown {
  return key === undefined ? limiter.all : limiter.limitsOf(accountId(key));
}

export function putLimits({ limiter }: Simulator, body: unknown): unknown {
  const { key, limits } = limitsSchema.parse(body);
  limiter.set(key === undefined ? undefined : accountId(key), limits);
  return limits;
}

/** Without a key nothing is limited any longer; with one, that account is as every other. */
export function clearLimits(simulator: Simulator, query: z.infer<typeof ofAnyAccount>): unknown {
  simulator.limiter.clear(query.key === undefined ? undefined : accountId(query.key));
  return readLimits(simulator, query);
}

export function readCounts(
  { counts }: Simulator,
  { key, endpoint, since_ms }: z.infer<typeof countsQuery>,
): CountsReport {
  return counts.report({ account: key === undefined ? undefined : accountId(key), endpoint, sinceMs: since_ms });
}

export function clearCounts({ counts }: Simulator): CountsReport {
  counts.reset();
  return counts.report({});
}
