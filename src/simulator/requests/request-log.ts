/** One request as it was counted. */
export interface LoggedRequest {
  /** Real time that never goes back, Unix ms: a step of the clock changes no rate. */
  readonly atMs: number;
  readonly account: string;
  readonly endpoint: string;
  readonly idempotencyKey: string | null;
  /** The kind of the fault that struck it. */
  fault: string | null;
  status: number | null;
}

/** The log keeps the newest of them, and forgets a tenth at a time. */
const LONGEST_LOG = 100_000;

export class RequestLog {
  readonly entries: LoggedRequest[] = [];

  add(atMs: number, account: string, endpoint: string, idempotencyKey: string | null): LoggedRequest {
    const entry: LoggedRequest = { atMs, account, endpoint, idempotencyKey, fault: null, status: null };
    this.entries.push(entry);
    if (this.entries.length > LONGEST_LOG) this.entries.splice(0, LONGEST_LOG / 10);
    return entry;
  }
}
