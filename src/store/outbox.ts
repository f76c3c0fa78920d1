import { inTime } from '../clock.js';
import { asDatabaseError, type DatabaseError } from './database.js';

/** What a queue may hold, whichever comes first. */
export interface OutboxBounds {
  readonly rows: number;
  readonly bytes: number;
}

export interface OutboxParts<Row> {
  /** Writes all of them or none. A batch of unknown outcome comes again, so writing twice has to be as good as once. */
  readonly write: (rows: readonly Row[]) => Promise<void>;
  /** About how much memory it takes. */
  readonly bytesOf: (row: Row) => number;
  readonly bounds: OutboxBounds;
  /** Rows of one write at most. */
  readonly batchRows: number;
  /** How long a row waits for others to be written with it, ms. */
  readonly lingerMs: number;
  /** The first pause while the store is away, which doubles up to the longest; {@link PAUSES} where nothing is said. */
  readonly pauses?: Pauses;
  /** Rows that will not be written: there was no room for them, they were refused, or time was up. */
  readonly onMissed: (rows: readonly Row[]) => void;
  /** The store refused a row for what is in it. */
  readonly onRefused: (error: DatabaseError) => void;
}

interface Pauses {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** The store is asked often enough that what waits is written within seconds of its return. */
const PAUSES: Pauses = { firstMs: 250, longestMs: 5_000 };

interface Queued<Row> {
  readonly row: Row;
  readonly bytes: number;
}

/**
 * A bounded queue in memory before the writes to the store: whoever puts a row in never waits, and never hears of the store.
 * Rows are written in batches, in order; while the store is away they wait, and the oldest go when there is no more room.
 */
export class Outbox<Row> {
  private queue: Queued<Row>[] = [];
  private bytes = 0;
  private writing: readonly Queued<Row>[] = [];
  private running: Promise<void> | undefined;
  private stopLingering: () => void = () => undefined;
  private stopPausing: () => void = () => undefined;
  private endsAtMs: number | undefined;
  private isOver = false;

  constructor(private readonly parts: OutboxParts<Row>) {}

  /** How many rows wait, those being written not among them. */
  get size(): number {
    return this.queue.length;
  }

  /** Whether nothing waits and nothing is being written. */
  get isIdle(): boolean {
    return this.running === undefined;
  }

  push(row: Row): void {
    if (this.endsAtMs !== undefined) {
      this.parts.onMissed([row]);
      return;
    }
    const bytes = this.parts.bytesOf(row);
    this.queue.push({ row, bytes });
    this.bytes += bytes;
    this.dropOldest();
    if (this.queue.length === 0) return;
    this.running ??= this.run();
    if (this.queue.length >= this.parts.batchRows) this.stopLingering();
  }

  /** Writes what waits, for no longer than this; what is left then is missed. */
  async close(withinMs: number): Promise<void> {
    this.endsAtMs = Date.now() + withinMs;
    this.stopLingering();
    this.stopPausing();
    await inTime(Promise.resolve(this.running), withinMs, () => undefined);
    this.isOver = true;
    // What is being written at this moment may yet arrive: too many are counted here, never too few.
    this.miss([...this.writing, ...this.queue.splice(0)]);
    this.bytes = 0;
  }

  private async run(): Promise<void> {
    await this.pause(this.parts.lingerMs, (stop) => {
      this.stopLingering = stop;
    });
    const { firstMs, longestMs } = this.parts.pauses ?? PAUSES;
    let pauseMs = firstMs;
    while (this.queue.length > 0) {
      const left = await this.writeAll(this.take());
      if (this.isOver) return;
      this.writing = [];
      if (left.length === 0) {
        pauseMs = firstMs;
        continue;
      }
      this.putBack(left);
      if (this.endsAtMs !== undefined && Date.now() + pauseMs >= this.endsAtMs) return;
      await this.pause(pauseMs, (stop) => {
        this.stopPausing = stop;
      });
      pauseMs = Math.min(pauseMs * 2, longestMs);
    }
    // In the same breath as the look at the queue: what is put in from here on starts anew.
    this.running = undefined;
  }

  /**
   * Writes the rows; where one of them is refused for what is in it, halves go by themselves until it is alone.
   *
   * @returns what could not be written because the store is away.
   */
  private async writeAll(batch: readonly Queued<Row>[]): Promise<readonly Queued<Row>[]> {
    const parts: (readonly Queued<Row>[])[] = [batch];
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      const rows = part.map(({ row }) => row);
      try {
        await this.parts.write(rows);
      } catch (thrown) {
        const error = asDatabaseError(thrown);
        if (!error.isRowsOwnFault) return [part, ...parts].flat();
        if (part.length > 1) {
          const middle = Math.ceil(part.length / 2);
          parts.unshift(part.slice(0, middle), part.slice(middle));
        } else {
          this.parts.onRefused(error);
          this.parts.onMissed(rows);
        }
      }
    }
    return [];
  }

  private take(): readonly Queued<Row>[] {
    this.writing = this.queue.splice(0, this.parts.batchRows);
    this.bytes -= bytesOf(this.writing);
    return this.writing;
  }

  private putBack(left: readonly Queued<Row>[]): void {
    this.queue.unshift(...left);
    this.bytes += bytesOf(left);
    this.dropOldest();
  }

  private dropOldest(): void {
    const { rows, bytes } = this.parts.bounds;
    let dropped = 0;
    let kept = this.bytes;
    while (this.queue.length - dropped > rows || (kept > bytes && dropped < this.queue.length)) {
      kept -= this.queue[dropped]?.bytes ?? 0;
      dropped += 1;
    }
    if (dropped === 0) return;
    this.bytes = kept;
    this.miss(this.queue.splice(0, dropped));
  }

  private miss(queued: readonly Queued<Row>[]): void {
    if (queued.length > 0) this.parts.onMissed(queued.map(({ row }) => row));
  }

  private async pause(ms: number, stoppedBy: (stop: () => void) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      stoppedBy(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

function bytesOf(queued: readonly { bytes: number }[]): number {
  return queued.reduce((sum, { bytes }) => sum + bytes, 0);
}
