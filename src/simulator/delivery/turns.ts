import { DueQueue } from '../time/due-queue.js';

/** One attempt. Never rejects; resolves with whether anybody answered, null when nobody was asked. */
export type Attempt = () => Promise<boolean | null>;

/**
 * Attempts under way at one endpoint. One that takes 100 ms has 640 a second then, which is more than is made here; one
 * that takes for ever has so many connections, and not one for every event there is.
 */
const AT_ONCE = 64;

/**
 * Nobody is there after so many attempts in a row without an answer. A few could be an endpoint that starts anew.
 */
const NOBODY_AFTER = 100;

/**
 * The least time between two attempts where nobody is there, ms: a hundred a second cost a few percent of a core. The first
 * that is answered ends it, so that it delays by no more than itself.
 */
const PACE_MS = 10;

/**
 * The attempts at one endpoint, which take turns in the order in which they fall due. What waits at one delays none at
 * another.
 */
export class Turns {
  private readonly waiting = new DueQueue<Attempt>();
  private underWay = 0;
  private unanswered = 0;
  private pause: NodeJS.Timeout | undefined;

  /** @param dueMs by the simulator's clock: what places it among those that wait. */
  take(dueMs: number, attempt: Attempt): void {
    this.waiting.add(dueMs, attempt);
    this.goOn();
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
      if (this.isNobodyThere) this.pause = setTimeout(() => this.endPause(), PACE_MS);
      this.underWay += 1;
      void next.what().then((answered) => this.ended(answered));
    }
  }

  private ended(answered: boolean | null): void {
    this.underWay -= 1;
    if (answered === false) this.unanswered += 1;
    if (answered === true) this.unanswered = 0;
    if (answered === true) this.endPause();
    else this.goOn();
  }

  private endPause(): void {
    clearTimeout(this.pause);
    this.pause = undefined;
    this.goOn();
  }
}
