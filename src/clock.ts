/** Milliseconds of a clock that is never set back. */
export const now = () => performance.now();

/** Runs it once after so many ms, unless it is cancelled before. */
export function setTimer(run: () => void, ms: number): { cancel(): void } {
  const timer = setTimeout(run, ms);
  return { cancel: () => clearTimeout(timer) };
}

/** What comes of it within so many ms, or else what `late` returns or throws; it may go on afterwards. */
export async function inTime<T, L>(
  work: Promise<T>,
  ms: number,
  late: () => L,
  timers: { readonly setTimer: typeof setTimer } = { setTimer },
): Promise<T | L> {
  let timer: { cancel(): void } | undefined;
  const tooLate = new Promise<void>((resolve) => {
    timer = timers.setTimer(resolve, ms);
  }).then(late);
  return Promise.race([work, tooLate]).finally(() => timer?.cancel());
}
