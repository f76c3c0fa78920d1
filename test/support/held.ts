import { until } from './until.js';

/** A place in a test's own code at which whoever comes next is held up, once it is told so. */
export class Held {
  private isHolding = false;
  private letGo: (() => void) | null = null;

  /** Whoever passes next stays until {@link release}. */
  hold(): void {
    this.isHolding = true;
  }

  async pass(): Promise<void> {
    if (!this.isHolding) return;
    this.isHolding = false;
    await new Promise<void>((resolve) => {
      this.letGo = resolve;
    });
  }

  async untilHeld(): Promise<void> {
    await until(() => this.letGo !== null);
  }

  release(): void {
    this.letGo?.();
    this.letGo = null;
  }
}
