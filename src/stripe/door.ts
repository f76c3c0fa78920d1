import type Stripe from 'stripe';
import { NotSentError } from './classify.js';
import type { KeyedWrite } from './gateway.js';
import type { Owner } from './snapshot.js';

/** An account whose key Stripe refuses is asked again after this, and less often each time, up to the second. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** The way to one account at Stripe: open, or closed for a while where its key was refused. Times in Unix ms. */
export class Door {
  /** Stripe refused the account's key: nothing more is sent before this, and one call alone then tries it. */
  private pausedUntilMs: number | null = null;
  private pauseMs = FIRST_PAUSE_MS;
  private probe: object | null = null;

  constructor(
    readonly owner: Owner,
    readonly stripe: Stripe,
    private readonly livemode: boolean,
  ) {}

  /**
   * Asked when a request's bytes are about to be written, and after every wait.
   *
   * @param call the one that asks, of which there may be one alone while the account's key is tried.
   * @throws NotSentError where it must not be written.
   */
  guard(call: object, write: KeyedWrite | undefined, nowMs: number): void {
    if (this.pausedUntilMs !== null) {
      if (nowMs < this.pausedUntilMs || this.probe !== null) throw new NotSentError('account_paused');
      this.probe = call;
    }
    if (write === undefined) return;
    if (write.livemode !== undefined && write.livemode !== this.livemode) {
      throw new NotSentError('account_of_other_mode');
    }
    if (nowMs >= write.birthMs + write.keyLifeMs) throw new NotSentError('key_too_old');
    if (nowMs >= write.deadlineMs) throw new NotSentError('past_deadline');
  }

  /** A refused key is the account's trouble and no payment's: the account rests, its payments wait. */
  refused(nowMs: number): void {
    // Calls that were under way together are refused together: they are one refusal.
    if (this.pausedUntilMs !== null && nowMs < this.pausedUntilMs) return;
    this.pausedUntilMs = nowMs + this.pauseMs;
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
  }

  /** The account's key is good. */
  accepted(): void {
    this.pausedUntilMs = null;
    this.pauseMs = FIRST_PAUSE_MS;
  }

  ended(call: object): void {
    if (this.probe === call) this.probe = null;
  }
}
