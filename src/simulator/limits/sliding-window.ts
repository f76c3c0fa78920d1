/**
 * The times of what happened within the last `lengthMs`, and the most that ever did. Exact: each time is kept until it
 * has left the window, so nothing is rounded to seconds and no burst fits between two of them. The window is
 * (now − length, now]: what happened exactly `lengthMs` ago is outside.
 *
 * Times come in order; memory is that of the fullest window there was.
 */
export class SlidingWindow {
  /** A ring, its length a power of two. */
  private times = new Float64Array(16);
  private first = 0;
  private size = 0;
  /** How many of the newest came since the last reset. */
  private fresh = 0;
  private most = 0;

  constructor(private readonly lengthMs: number) {}

  /** How many there were in the window that ends at `nowMs`. */
  count(nowMs: number): number {
    const { times } = this;
    const before = nowMs - this.lengthMs;
    while (this.size > 0 && (times[this.first] as number) <= before) {
      this.first = (this.first + 1) & (times.length - 1);
      this.size -= 1;
    }
    if (this.fresh > this.size) this.fresh = this.size;
    return this.size;
  }

  add(nowMs: number): void {
    if (this.count(nowMs) === this.times.length) this.grow();
    this.times[(this.first + this.size) & (this.times.length - 1)] = nowMs;
    this.size += 1;
    this.fresh += 1;
    if (this.fresh > this.most) this.most = this.fresh;
  }

  /** The most there were in any window since the last reset. */
  get worst(): number {
    return this.most;
  }

  /** Unix ms of the newest; undefined when the window is empty. */
  get newestMs(): number | undefined {
    return this.size === 0 ? undefined : this.times[(this.first + this.size - 1) & (this.times.length - 1)];
  }

  /** Forgets the worst, and not what is still within the window: whoever limits by it must not be fooled by a reset. */
  reset(): void {
    this.fresh = 0;
    this.most = 0;
  }

  private grow(): void {
    const larger = new Float64Array(this.times.length * 2);
    for (let i = 0; i < this.size; i += 1) {
      larger[i] = this.times[(this.first + i) & (this.times.length - 1)] as number;
    }
    this.times = larger;
    this.first = 0;
  }
}
