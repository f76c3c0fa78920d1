import type { WebhookDelivery } from '../objects/event.js';

/** One attempt to deliver an event, or a delivery that a fault dropped. */
export interface Attempt {
  /** When it ended, Unix ms by the simulator's clock. */
  readonly at_ms: number;
  readonly event: string;
  readonly type: string;
  readonly endpoint: string;
  /** Null when the endpoint is gone by now. */
  readonly url: string | null;
  /** Null when nobody answered. */
  readonly status: number | null;
  /** Real time. */
  readonly took_ms: number;
  /** What it left of the delivery. */
  readonly state: WebhookDelivery['state'];
}

/** How many each account keeps: for a person to look at, who looks at the newest. */
const KEPT = 1_000;

/** The newest webhook attempts of each account. They end with the process; what became of each delivery does not. */
export class AttemptLog {
  private readonly accounts = new Map<string, Attempt[]>();

  add(account: string, attempt: Attempt): void {
    let kept = this.accounts.get(account);
    if (kept === undefined) {
      kept = [];
      this.accounts.set(account, kept);
    }
    kept.push(attempt);
    // A tenth at a time, so that the rest is moved but rarely.
    if (kept.length > KEPT * 1.1) kept.splice(0, kept.length - KEPT);
  }

  newestFirst(account: string, limit: number): Attempt[] {
    return (this.accounts.get(account) ?? []).slice(-limit).reverse();
  }
}
