import type { Distribution, LatencyRule } from './schema.js';

/** Nothing takes longer than ten minutes of real time, however long the tail of a distribution is. */
const LONGEST_MS = 600_000;

/** The 99th percentile of the standard normal distribution. */
const Z99 = 2.3263478740408408;

/** One draw, ms. @param random uniform in [0, 1). */
export function sampleMs(distribution: Distribution, random: () => number): number {
  switch (distribution.kind) {
    case 'fixed':
      return distribution.ms;
    case 'uniform':
      return distribution.min_ms + random() * (distribution.max_ms - distribution.min_ms);
    case 'lognormal': {
      // Its median is exp(mu), and its 99th percentile exp(mu + 2.326 sigma).
      const mu = Math.log(distribution.p50_ms);
      const sigma = (Math.log(distribution.p99_ms) - mu) / Z99;
      return Math.exp(mu + sigma * standardNormal(random));
    }
  }
}

/** How long a request takes, ms. @param sinceMs how long ago the rule began to apply. */
export function latencyMs({ distribution, slow_start }: LatencyRule, sinceMs: number, random: () => number): number {
  const factor = slow_start === undefined ? 1 : slownessAt(sinceMs, slow_start);
  return Math.min(factor * sampleMs(distribution, random), LONGEST_MS);
}

/** From `factor` at the beginning in a straight line to 1. */
function slownessAt(sinceMs: number, { for_ms, factor }: { for_ms: number; factor: number }): number {
  const left = Math.max(0, 1 - sinceMs / for_ms);
  return 1 + (factor - 1) * left;
}

/** By Box and Muller. */
function standardNormal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
