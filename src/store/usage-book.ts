import { randomUUID } from 'node:crypto';
import type { Database, Queryable } from './database.js';
import { asJson, timestamp } from './rows.js';

/** What is counted together. */
export interface UsageKey {
  readonly account: string;
  readonly lane: string;
  readonly endpoint: string;
  /** How it ended; of a 429 its cause. */
  readonly outcome: string;
}

/** Requests in the minute that begins then, Unix ms. */
export interface UsageRow extends UsageKey {
  readonly minuteMs: number;
  readonly requests: number;
}

/** Counts that go together, under an id by which they are counted once. */
export interface UsageBatch {
  readonly id: string;
  readonly rows: readonly UsageRow[];
}

const MINUTE_MS = 60_000;

/** What a process counts by itself between two flushes: bounded, the oldest going first. */
export class UsageCounts {
  private readonly counts = new Map<string, UsageRow>();

  /**
   * @param mostRows kept until they are taken.
   * @param onMissed told how many requests went uncounted, where there were more rows.
   */
  constructor(
    private readonly mostRows: number,
    private readonly onMissed: (requests: number) => void,
  ) {}

  add({ account, lane, endpoint, outcome }: UsageKey, atMs: number): void {
    const minuteMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
    const key = JSON.stringify([minuteMs, account, lane, endpoint, outcome]);
    const requests = (this.counts.get(key)?.requests ?? 0) + 1;
    this.counts.set(key, { account, lane, endpoint, outcome, minuteMs, requests });
    if (this.counts.size <= this.mostRows) return;
    const [oldest] = this.counts;
    if (oldest === undefined) return;
    this.counts.delete(oldest[0]);
    this.onMissed(oldest[1].requests);
  }

  /** Everything counted since the last time, under an id of its own; null where that is nothing. */
  take(): UsageBatch | null {
    if (this.counts.size === 0) return null;
    const rows = [...this.counts.values()];
    this.counts.clear();
    return { id: randomUUID(), rows };
  }
}

/** Requests to Stripe by account, lane, endpoint, minute and outcome. */
export class UsageBook {
  constructor(
    private readonly on: Queryable,
    private readonly deployment: string,
  ) {}

  /** Adds a batch's counts, once however often it comes. In a transaction: the id and the counts belong together. */
  async add({ id, rows }: UsageBatch): Promise<void> {
    const first = await this.on.query(
      'insert into penstock.usage_batches (deployment, id) values ($1, $2) on conflict do nothing returning id',
      [this.deployment, id],
    );
    if (first.length === 0) return;
    // In one order in every process: two that add to the same rows do not wait for each other crosswise.
    await this.on.query(
      `insert into penstock.usage as known (deployment, account, minute, lane, endpoint, outcome, requests)
        select $1, account, minute, lane, endpoint, outcome, requests
          from json_to_recordset($2::json) as counted(
            account text, minute timestamptz, lane text, endpoint text, outcome text, requests bigint)
          order by account, minute, lane, endpoint, outcome
      on conflict (deployment, account, minute, lane, endpoint, outcome) do update set
        requests = known.requests + excluded.requests`,
      [this.deployment, asJson(rows.map((row) => ({ ...row, minute: timestamp(row.minuteMs) })))],
    );
  }

  /** Forgets the ids of batches older than this, ms: nobody sends them again. */
  async forgetBatches(olderThanMs: number): Promise<void> {
    await this.on.query(
      `delete from penstock.usage_batches
        where deployment = $1 and recorded_at < now() - $2::bigint * interval '1 millisecond'`,
      [this.deployment, olderThanMs],
    );
  }

  /** What was counted in the period, oldest first: from, inclusive, up to, exclusive, Unix ms. */
  async list(account: string, fromMs: number, toMs: number): Promise<readonly UsageRow[]> {
    const rows = await this.on.query<UsageKey & { minute: Date; requests: number }>(
      `select account, lane, endpoint, outcome, minute, requests from penstock.usage
        where deployment = $1 and account = $2 and minute >= $3 and minute < $4
        order by minute, lane, endpoint, outcome`,
      [this.deployment, account, new Date(fromMs), new Date(toMs)],
    );
    return rows.map(({ minute, ...row }) => ({ ...row, minuteMs: minute.getTime() }));
  }
}

/** Adds several batches in one transaction. */
export async function addBatches(
  database: Database,
  deployment: string,
  batches: readonly UsageBatch[],
): Promise<void> {
  await database.transaction(async (on) => {
    const book = new UsageBook(on, deployment);
    for (const batch of batches) await book.add(batch);
  });
}
