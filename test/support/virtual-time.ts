/** Time that passes only when nothing is left to do: what waits is done in the order of its times. */
export class VirtualTime {
  private nowMs = 0;
  private nth = 0;
  private readonly due = new Map<number, { atMs: number; run: () => void }>();

  readonly now = (): number => this.nowMs;

  readonly setTimer = (run: () => void, ms: number): { cancel(): void } => {
    const id = this.nth;
    this.nth += 1;
    this.due.set(id, { atMs: this.nowMs + ms, run });
    return { cancel: () => void this.due.delete(id) };
  };

  /** Lets time pass up to `untilMs`, and what promises wait for with it. */
  async run(untilMs: number): Promise<void> {
    for (;;) {
      await settled();
      const next = [...this.due].reduce<[number, { atMs: number; run: () => void }] | undefined>(
        (first, entry) => (first === undefined || entry[1].atMs < first[1].atMs ? entry : first),
        undefined,
      );
      if (next === undefined || next[1].atMs > untilMs) break;
      this.due.delete(next[0]);
      this.nowMs = Math.max(this.nowMs, next[1].atMs);
      next[1].run();
    }
    this.nowMs = untilMs;
  }
}

/** What promises have left to do is done once the event loop has gone round. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
