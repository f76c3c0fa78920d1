/** Milliseconds of a clock that is never set back. */
export const now = () => performance.now();

/** Runs it once after so many ms, unless it is cancelled before. */
export function setTimer(run: () => void, ms: number): { cancel(): void } {
  const timer = setTimeout(run, ms);
  return { cancel: () => clearTimeout(timer) };
}
