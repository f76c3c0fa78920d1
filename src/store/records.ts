import type { Tombstone } from '../domain/tombstone.js';
import type { Logger } from '../telemetry/logger.js';
import { booksOf } from './books.js';
import { asDatabaseError } from './database.js';
import type { LedgerEntry } from './ledger.js';
import { Outbox, type OutboxBounds } from './outbox.js';
import type { Store } from './store.js';
import { addBatches, type UsageBatch, UsageCounts, type UsageKey } from './usage-book.js';

/** What the store was not told of, by what it is. */
export type Missed = 'usage' | 'ledger' | 'tombstone' | 'tombstone_read';

/** Counts what the store missed; `usage` in requests, the rest in rows. */
export type OnMissed = (what: Missed, count: number) => void;

/** At 50 payments a second with three rows each, what waits through five minutes without a store. */
const BOUNDS: OutboxBounds = { rows: 50_000, bytes: 32 * 2 ** 20 };
const BATCH_ROWS = 500;
/** Rows come one by one; together they are written for the price of one. */
const LINGER_MS = 250;

/** Requests are counted here for this long before they are written. */
const USAGE_EVERY_MS = 5_000;
/** Keys of one process at most; a minute of one account has some dozens. */
const USAGE_ROWS = 20_000;
/** Batches that wait for the store; the counts behind them go on being added up. */
const USAGE_BATCHES: OutboxBounds = { rows: 4, bytes: 32 * 2 ** 20 };
/** By then a batch of unknown outcome was sent again or given up long ago. */
const BATCHES_KEPT_MS = 7 * 24 * 60 * 60_000;
/**
 * A job that goes on does a page at least every 31 days: no more lies between it and the next month's reads. Of one that did
 * none for so long, be it that it was called off, failed, or is paused, the pages go; resumed after all, it reads them anew or
 * says that it is not complete.
 */
const PAGES_KEPT_MS = 90 * 24 * 60 * 60_000;
const FORGET_EVERY_MS = 60 * 60_000;

export interface RecordsParts {
  readonly store: Store;
  readonly deployment: string;
  readonly logger: Logger;
  readonly onMissed: OnMissed;
  readonly now: () => number;
  /** How long rows wait for others, ms. */
  readonly lingerMs?: number;
  readonly usageEveryMs?: number;
  /** How often what nobody needs any more is forgotten, ms. */
  readonly forgetEveryMs?: number;
  /** What each queue holds at most. */
  readonly bounds?: OutboxBounds;
}

/**
 * What the payment path tells the store. Nothing here waits for anything or throws: rows go into bounded queues, and what
 * the queues had no room for, or the store refused, is counted.
 */
export class Records {
  private readonly ledger: Outbox<LedgerEntry>;
  private readonly tombstones: Outbox<Tombstone>;
  private readonly batches: Outbox<UsageBatch>;
  private readonly counts: UsageCounts;
  private readonly timers: NodeJS.Timeout[];
  /** What was missed since it is being closed; until then nothing is counted here. */
  private missedAtClose: Partial<Record<Missed, number>> | undefined;

  constructor(private readonly parts: RecordsParts) {
    const { store, deployment, lingerMs = LINGER_MS, usageEveryMs = USAGE_EVERY_MS } = parts;
    const { forgetEveryMs = FORGET_EVERY_MS } = parts;
    const books = booksOf(store.database, deployment);
    this.ledger = this.outbox('ledger', (rows) => books.ledger.record(rows), lingerMs);
    this.tombstones = this.outbox('tombstone', (rows) => books.tombstones.record(rows), lingerMs);
    this.batches = new Outbox({
      ...this.common('usage', (rows) => addBatches(store.database, deployment, rows)),
      bounds: USAGE_BATCHES,
      batchRows: USAGE_BATCHES.rows,
      lingerMs: 0,
      onMissed: (rows) => this.missed('usage', requestsIn(rows)),
    });
    this.counts = new UsageCounts(USAGE_ROWS, (requests) => this.missed('usage', requests));
    this.timers = [
      setInterval(() => this.flushUsage(), usageEveryMs).unref(),
      setInterval(() => {
        // Housekeeping: what could not be forgotten is forgotten an hour later.
        books.usage.forgetBatches(BATCHES_KEPT_MS).catch(() => undefined);
        books.jobs.forgetPagesOlderThan(PAGES_KEPT_MS).catch(() => undefined);
      }, forgetEveryMs).unref(),
    ];
  }

  /** Money moved. */
  moved(entry: LedgerEntry): void {
    if (this.parts.store.isThere) this.ledger.push(entry);
  }

  /** A payment was taken, or has closed. */
  payment(tombstone: Tombstone): void {
    if (this.parts.store.isThere) this.tombstones.push(tombstone);
  }

  /** A request went to Stripe. */
  request(key: UsageKey): void {
    if (this.parts.store.isThere) this.counts.add(key, this.parts.now());
  }

  /** Writes what waits, for no longer than this; the rest is counted as missed. */
  async close(withinMs: number): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    this.missedAtClose = {};
    const last = this.counts.take();
    if (last !== null) this.batches.push(last);
    await Promise.all([this.ledger, this.tombstones, this.batches].map((outbox) => outbox.close(withinMs)));
    // Nobody reads the metrics of a process that has ended.
    if (Object.keys(this.missedAtClose).length === 0) return;
    this.parts.logger.warn({ missed: this.missedAtClose }, 'the store was not told of everything before it was closed');
  }

  private missed(what: Missed, count: number): void {
    this.parts.onMissed(what, count);
    if (this.missedAtClose !== undefined) this.missedAtClose[what] = (this.missedAtClose[what] ?? 0) + count;
  }

  /** While one batch waits for the store no other joins it: the counts are added up here, which takes less room. */
  private flushUsage(): void {
    if (!this.batches.isIdle) return;
    const batch = this.counts.take();
    if (batch !== null) this.batches.push(batch);
  }

  private outbox<Row extends object>(
    what: Missed,
    write: (rows: readonly Row[]) => Promise<void>,
    lingerMs: number,
  ): Outbox<Row> {
    return new Outbox<Row>({
      ...this.common(what, write),
      bounds: this.parts.bounds ?? BOUNDS,
      batchRows: BATCH_ROWS,
      lingerMs,
      onMissed: (rows) => this.missed(what, rows.length),
    });
  }

  private common<Row extends object>(what: Missed, write: (rows: readonly Row[]) => Promise<void>) {
    return {
      write: this.saying(what, write),
      // Characters, and what objects take around them: near enough for a bound.
      bytesOf: (row: Row) => JSON.stringify(row).length * 2 + 200,
      // The values stay out of the log: the state says what is wrong with them.
      onRefused: ({ sqlState }: { sqlState: string | null }) =>
        this.parts.logger.warn({ sqlState }, 'the store refused a row for what is in it'),
    };
  }

  /** Says once that what was told has to wait, be the store away or its disk full, and once that it has been written. */
  private saying<Row>(what: Missed, write: (rows: readonly Row[]) => Promise<void>) {
    let waits = false;
    return async (rows: readonly Row[]): Promise<void> => {
      try {
        await write(rows);
      } catch (thrown) {
        const error = asDatabaseError(thrown);
        // Of a row's own fault the message can quote it, and nothing has to wait.
        if (!error.isRowsOwnFault && !waits) {
          waits = true;
          const { sqlState } = error;
          this.parts.logger.warn({ what, sqlState, err: error }, 'the store takes nothing now; what it is told waits');
        }
        throw thrown;
      }
      if (waits) this.parts.logger.info({ what }, 'the store takes what waited');
      waits = false;
    };
  }
}

function requestsIn(batches: readonly UsageBatch[]): number {
  return batches.flatMap(({ rows }) => rows).reduce((sum, { requests }) => sum + requests, 0);
}
