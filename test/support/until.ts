/** Longer than anything on loopback takes, however busy the machine is. */
const PATIENCE_MS = 20_000;

/**
 * Resolves once `condition` holds, for what raises no event that could be awaited.
 *
 * @throws after 20 s.
 */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const tooLate = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > tooLate) throw new Error(`never came true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
