export interface GathererLimits {
  /** Calls a second, over any longer time. */
  readonly perSecond: number;
  /** Calls that may be made at once after a rest. */
  readonly burst: number;
  /** Keys in one call. */
  readonly most: number;
  /** Who would wait longer for the call to be made, ms, is turned away at once. */
  readonly longestWaitMs: number;
}

/** So many ask that the answer would come too late. */
export class TooManyAskError extends Error {
  override readonly name = 'TooManyAskError';
}

interface Asked<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value | PromiseLike<Value>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Few calls for many askers: who asks while no call may be made shares the next one. One that asks alone waits for nobody,
 * and however many ask, the calls stay within their rate (the generic cell rate algorithm, ITU-T I.371).
 */
export class Gatherer<Key, Value> {
  private readonly waiting = new Map<Key, Asked<Value>>();
  /** When the next call were due if they came evenly, ms; calls may be ahead of it by the burst. */
  private dueMs = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;

  /** @param call answers for all the keys that it is given; what it answers tells each of them its value. */
  constructor(
    private readonly call: (keys: readonly Key[]) => Promise<(key: Key) => Value | PromiseLike<Value>>,
    private readonly limits: GathererLimits,
    private readonly now: () => number,
  ) {}

  /** @throws TooManyAskError; whatever the call failed with, or what its answer says of this key. */
  get(key: Key): Promise<Value> {
    const known = this.waiting.get(key);
    if (known !== undefined) return known.promise;
    if (this.waitMs() > this.limits.longestWaitMs) return Promise.reject(new TooManyAskError('too many ask at once'));
    const asked = ask<Value>();
    this.waiting.set(key, asked);
    this.plan();
    return asked.promise;
  }

  /** Until the next call may be made. */
  private pauseMs(): number {
    const { perSecond, burst } = this.limits;
    return Math.max(0, this.dueMs - ((burst - 1) * 1000) / perSecond - this.now());
  }

  /** Until the call that one more would be part of, at the latest. */
  private waitMs(): number {
    const { perSecond, most } = this.limits;
    return this.pauseMs() + (Math.floor(this.waiting.size / most) * 1000) / perSecond;
  }

  private plan(): void {
    if (this.timer !== undefined || this.waiting.size === 0) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.send();
      this.plan();
    }, this.pauseMs());
  }

  private async send(): Promise<void> {
    this.dueMs = Math.max(this.dueMs, this.now()) + 1000 / this.limits.perSecond;
    const batch = [...this.waiting].slice(0, this.limits.most);
    for (const [key] of batch) this.waiting.delete(key);
    try {
      const answer = await this.call(batch.map(([key]) => key));
      for (const [key, { resolve }] of batch) resolve(answer(key));
    } catch (error) {
      for (const [, { reject }] of batch) reject(error);
    }
  }
}

function ask<Value>(): Asked<Value> {
  let resolve: Asked<Value>['resolve'] = () => undefined;
  let reject: Asked<Value>['reject'] = () => undefined;
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
