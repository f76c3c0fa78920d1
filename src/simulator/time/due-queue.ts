import TinyQueue from 'tinyqueue';

export interface Due<T> {
  /** Unix ms, by the simulator's clock. */
  readonly dueMs: number;
  readonly order: number;
  readonly what: T;
}

/** What is to come, in the order in which it falls due; of two that fall due together, what was added first comes first. */
export class DueQueue<T> {
  private queue = queueOf<T>([]);
  private added = 0;

  add(dueMs: number, what: T): void {
    this.queue.push({ dueMs, order: this.added, what });
    this.added += 1;
  }

  /** Takes the next one out, if it is due by then. */
  take(byMs = Number.POSITIVE_INFINITY): Due<T> | undefined {
    const next = this.queue.peek();
    return next === undefined || next.dueMs > byMs ? undefined : this.queue.pop();
  }

  /** It comes as if it had never been taken. */
  putBack(taken: Due<T>): void {
    this.queue.push(taken);
  }

  /** When the next one is due. */
  get nextMs(): number | undefined {
    return this.queue.peek()?.dueMs;
  }

  get length(): number {
    return this.queue.length;
  }

  /** Those alone that `isWanted`; each comes when it would have. */
  keep(isWanted: (what: T) => boolean): void {
    this.queue = queueOf(this.queue.data.filter(({ what }) => isWanted(what)));
  }

  clear(): void {
    this.queue = queueOf([]);
  }
}

function queueOf<T>(data: Due<T>[]): TinyQueue<Due<T>> {
  return new TinyQueue(data, (a, b) => a.dueMs - b.dueMs || a.order - b.order);
}
