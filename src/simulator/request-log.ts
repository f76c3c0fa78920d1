import type { RequestFault } from './faults.js';

/** One request as it was counted. */
export interface LoggedRequest {
  /** Real time, Unix ms: a step of the clock changes no rate. */
  readonly atMs: number;
  readonly account: string;
  readonly endpoint: string;
  readonly idempotencyKey: string | null;
  readonly fault: string | null;
  status: number | null;
}

/** The request log keeps the newest of them. */
const LONGEST_LOG = 100_000;

export class RequestLog {
  readonly entries: LoggedRequest[] = [];

  constructor(private readonly now: () => number) {}

  count(
    account: string,
    endpoint: string,
    idempotencyKey: string | null,
    fault: RequestFault | undefined,
  ): LoggedRequest {
    const entry: LoggedRequest = {
      atMs: this.now(),
      account,
      endpoint,
      idempotencyKey,
      fault: fault?.kind ?? null,
      status: null,
    };
    this.entries.push(entry);
    if (this.entries.length > LONGEST_LOG) this.entries.splice(0, LONGEST_LOG / 10);
    return entry;
  }
}
