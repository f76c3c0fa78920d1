/** The value below which the share `p` (0 to 1) of the values lies: nearest rank. NaN of nothing. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle value, or the mean of the two in the middle. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)] ?? Number.NaN;
  return Number.isInteger(half) ? ((sorted[half - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** What the value is, and where equal measurements of one thing ended up. */
export interface Band {
  readonly ratio: number;
  /** The lowest and the highest ratio that chance alone gave. */
  readonly chance: readonly [lowest: number, highest: number];
  /** The ratio with chance at its worst and at its kindest. */
  readonly edges: readonly [lowest: number, highest: number];
}

/**
 * A ratio with what chance makes of it: the median over the pairs, and the extremes over as many pairs that measured the
 * same thing twice. Chance that made equal things differ by a factor may have done so to the ratio, in either direction.
 */
export function banded(ratios: readonly number[], equals: readonly number[]): Band {
  const ratio = median(ratios);
  const lowest = Math.min(...equals);
  const highest = Math.max(...equals);
  return { ratio, chance: [lowest, highest], edges: [ratio / highest, ratio / lowest] };
}

/** The n-th of one divided by the n-th of the other: what was measured side by side is compared side by side. */
export function ratios(of: readonly number[], to: readonly number[]): number[] {
  return of.slice(0, to.length).map((value, nth) => value / (to[nth] ?? Number.NaN));
}
