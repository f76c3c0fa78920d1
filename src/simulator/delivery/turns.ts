import { type Due, DueQueue } from '../time/due-queue.js';

export interface TurnsOptions<T> {
  /** One attempt. Never rejects; resolves with whether anybody answered, null when nobody was asked. */
  readonly ask: (what: T) => Promise<boolean | null>;
  /** Nobody answered the attempt that spoke for all of these: they are not made. Never throws. */
  readonly unanswered: (all: readonly T[]) => void;
}

/**
 * Attempts under way at one endpoint. One that takes 100 ms has 640 a second then, which is more than is made here; one
 * that takes for ever has so many connections, and not one for every event there is.
 */
const AT_ONCE = 64;

/** Nobody is there after so many attempts in a row without an answer. A few could be an endpoint that starts anew. */
const NOBODY_AFTER = 100;

/** Where nobody is there it is asked so often, ms: what is due meanwhile waits for no longer than that. */
const PACE_MS = 10;

/**
 * The attempts at one endpoint, which take turns in the order in which they fall due. What waits at one delays none at
 * another. Where nobody is there one attempt speaks for all that are due by then, so that none of them waits for long and
 * thousands cost no more than one; the first that is answered ends that.
 */
export class Turns<T> {
  private readonly waiting = new DueQueue<T>();
  private underWay = 0;
  private unanswered = 0;
  private pause: NodeJS.Timeout | undefined;

  constructor(private readonly options: TurnsOptions<T>) {}

  /** @param dueMs by the simulator's clock: what places it among those that wait. */
  take(dueMs: number, what: T): void {
    this.waiting.add(dueMs, what);
    this.goOn();
  }

  get waits(): number {
    return this.waiting.length;
  }

  stop(): void {
    clearTimeout(this.pause);
    this.waiting.clear();
  }

  private get isNobodyThere(): boolean {
    return this.unanswered >= NOBODY_AFTER;
  }

  private goOn(): void {
    while (this.pause === undefined && this.underWay < (this.isNobodyThere ? 1 : AT_ONCE)) {
      const next = this.waiting.take();
      if (next === undefined) return;
      this.underWay += 1;
      void this.options.ask(next.what).then((answered) => this.ended(answered));
    }
  }

  private ended(answered: boolean | null): void {
    this.underWay -= 1;
    if (answered === true) this.unanswered = 0;
    if (answered === false) this.unanswered += 1;
    if (answered === false && this.isNobodyThere) this.speakForAll();
    this.goOn();
  }

  private speakForAll(): void {
    this.pause ??= setTimeout(() => {
      this.pause = undefined;
      this.goOn();
    }, PACE_MS);
    const all: T[] = [];
    for (let next: Due<T> | undefined = this.waiting.take(); next !== undefined; next = this.waiting.take()) {
      all.push(next.what);
    }
    if (all.length > 0) this.options.unanswered(all);
  }
}
