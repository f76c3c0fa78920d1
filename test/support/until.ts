/**
 * How long a wait lasts before it is given up. It only ends a test that is broken: longer than anything here takes by
 * itself, a minute until the server misses a call whose worker was killed included, however busy the machine is.
 */
export const PATIENCE_MS = 180_000;

/**
 * Resolves once `condition` holds, for what raises no event that could be awaited.
 *
 * @throws when patience is at its end.
 */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const tooLate = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > tooLate) throw new Error(`never came true: ${condition}`);
    await pause();
  }
}

/**
 * What `read` says, once it can: a server that was just started says that it is there before all of it is.
 *
 * @throws what it failed with last, when patience is at its end.
 */
export async function onceItCan<T>(read: () => Promise<T>): Promise<T> {
  const tooLate = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (Date.now() > tooLate) throw error;
      await pause();
    }
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}
