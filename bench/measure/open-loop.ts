export interface Answers {
  /** Of every call, however it was answered, ms, from the moment it was sent. */
  readonly latenciesMs: number[];
  /** Calls that were not answered as they should have been. */
  readonly failures: number;
}

/**
 * Calls at fixed times, whether the calls before have been answered or not, as callers who know nothing of each other do.
 * A loop that waited would slow down together with what it measures, and never see it slow.
 */
export async function openLoop<T>(
  { perSecond, startAtMs }: { perSecond: number; startAtMs: number },
  items: readonly T[],
  call: (item: T) => Promise<boolean>,
): Promise<Answers> {
  const latenciesMs: number[] = [];
  let failures = 0;
  const one = async (item: T, nth: number) => {
    await until(startAtMs + (nth * 1000) / perSecond);
    const sentAt = performance.now();
    const good = await call(item).catch(() => false);
    latenciesMs.push(performance.now() - sentAt);
    if (!good) failures += 1;
  };
  await Promise.all(items.map(one));
  return { latenciesMs, failures };
}

/** @param atMs by `performance.now()`. */
function until(atMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - performance.now())));
}
