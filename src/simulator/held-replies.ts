/** Replies that a fault holds back until they are let go. */
export class HeldReplies {
  private readonly held = new Set<() => void>();
  private readonly watchers = new Set<() => void>();

  hold(): Promise<void> {
    return new Promise((resolve) => {
      this.held.add(resolve);
      for (const watcher of this.watchers) watcher();
      this.watchers.clear();
    });
  }

  /** Lets every held reply go. @returns how many there were. */
  release(): number {
    const count = this.held.size;
    for (const go of this.held) go();
    this.held.clear();
    return count;
  }

  /** Resolves once at least `count` replies are held. */
  async until(count: number): Promise<void> {
    while (this.held.size < count) await new Promise<void>((resolve) => this.watchers.add(resolve));
  }
}
