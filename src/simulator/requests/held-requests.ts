/**
 * Requests that wait: for a while of real time, or until they are let go. Each is told whether it may go on; when the
 * simulator stops, it may not.
 */
export class HeldRequests {
  private readonly held = new Set<(goOn: boolean) => void>();
  private readonly asleep = new Map<NodeJS.Timeout, (goOn: boolean) => void>();
  private readonly watchers = new Set<() => void>();

  hold(): Promise<boolean> {
    return new Promise((resolve) => {
      this.held.add(resolve);
      for (const watcher of this.watchers) watcher();
      this.watchers.clear();
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

  /** Resolves once at least `count` are held. */
  async until(count: number): Promise<void> {
    while (this.held.size < count) await new Promise<void>((resolve) => this.watchers.add(resolve));
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
