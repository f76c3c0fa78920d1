/**
 * Requests that wait: for a while of real time, or until they are let go. Each is told whether it may go on; when the
 * simulator stops, it may not.
 */
export class HeldRequests {
  private readonly held = new Set<(goOn: boolean) => void>();
  private readonly asleep = new Map<NodeJS.Timeout, (goOn: boolean) => void>();
  private readonly watching = new Set<() => void>();

  hold(): Promise<boolean> {
    return new Promise((resolve) => {
      this.held.add(resolve);
      for (const look of this.watching) look();
    });
  }

  sleep(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.asleep.delete(timer);
        resolve(true);
      }, ms);
      this.asleep.set(timer, resolve);
    });
  }

  /** Lets every one that is held go. @returns how many there were. */
  release(): number {
    const count = this.held.size;
    for (const go of this.held) go(true);
    this.held.clear();
    return count;
  }

  /** Resolves once at least `count` are held, or whoever waits for it has gone. @returns whether there are so many. */
  until(count: number, gone?: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (areThere: boolean) => {
        this.watching.delete(look);
        resolve(areThere);
      };
      const look = () => {
        if (this.held.size >= count) end(true);
      };
      this.watching.add(look);
      gone?.addEventListener('abort', () => end(false), { once: true });
      look();
    });
  }

  /** How many wait for some to be held. */
  get watchers(): number {
    return this.watching.size;
  }

  /** Ends every wait, and nothing comes of what waited. */
  stop(): void {
    for (const [timer, end] of this.asleep) {
      clearTimeout(timer);
      end(false);
    }
    for (const end of this.held) end(false);
    this.asleep.clear();
    this.held.clear();
  }
}
