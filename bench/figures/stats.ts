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

/** What was measured beside something that was measured twice. */
export interface Band {
  readonly ratio: number;
  /** Where the ratio of the two that are the same lies ({@link medianInterval}): what chance makes of such a median. */
  readonly chance: Interval;
  /** The ratio with chance at its worst and at its kindest. */
  readonly edges: Interval;
}

export type Interval = readonly [lowest: number, highest: number];

/**
 * A ratio with what chance makes of it: what made equal things differ by a factor may have done so to the ratio, in either
 * direction. Each round has what is compared, and twice what it is compared to: its mean stands for the
 * round, so that a machine that grows faster or slower meanwhile does so for both.
 */
export function banded(own: readonly number[], other: readonly number[], again: readonly number[]): Band {
  const means = other.map((value, nth) => (value + (again[nth] ?? Number.NaN)) / 2);
  const ratio = median(ratios(own, means));
  const chance = medianInterval(ratios(again, other));
  return { ratio, chance, edges: [ratio / chance[1], ratio / chance[0]] };
}

/**
 * Where the median of what the values are a sample of lies with 95% at least, whatever their distribution: from the k-th
 * lowest value to the k-th highest, by the binomial distribution of how many values fall below it (W. J. Conover,
 * Practical Nonparametric Statistics, "Confidence intervals for a quantile"). Fewer than six cannot be as sure: then all of
 * them are the interval. NaN of nothing.
 */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  let k = 1;
  let ways = n;
  // How many of the 2^n ways to fall on either side have at most k below: P(at most k below) = atMost / 2^n.
  let atMost = 1 + ways;
  while (atMost / 2 ** n <= 0.025) {
    k += 1;
    ways *= (n - k + 1) / k;
    atMost += ways;
  }
  return [sorted[k - 1] ?? Number.NaN, sorted[n - k] ?? Number.NaN];
}

/** The n-th of one divided by the n-th of the other: what was measured side by side is compared side by side. */
export function ratios(of: readonly number[], to: readonly number[]): number[] {
  return of.slice(0, to.length).map((value, nth) => value / (to[nth] ?? Number.NaN));
}
