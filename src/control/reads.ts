/** Reads by the day on which they were made, days since 1970 (UTC). */
export type ReadsByDay = Readonly<Record<string, number>>;

const DAY_MS = 86_400_000;

/** Stripe counts reads over a rolling 30 days. The day that began within them counts whole. */
const DAYS = 31;

/** Adds reads that were made now, and forgets those that count no more. */
export function countReads(reads: ReadsByDay, made: number, nowMs: number): ReadsByDay {
  const today = Math.floor(nowMs / DAY_MS);
  const kept = Object.entries(reads).filter(([day]) => Number(day) > today - DAYS);
  const counted = Object.fromEntries(kept);
  if (made > 0) counted[today] = (counted[today] ?? 0) + made;
  return counted;
}

/** How many there were that count. */
export function readsIn(reads: ReadsByDay): number {
  return Object.values(reads).reduce((sum, many) => sum + many, 0);
}
