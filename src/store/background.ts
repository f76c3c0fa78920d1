import { asDatabaseError, type Database, DatabaseError, type Param, type Queryable } from './database.js';

/** Between two tries to open a database that cannot be opened: each use in between fails at once. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

export interface BackgroundParts {
  /**
   * Opens the database, ready for use. `onOver` is to be called when it has ended by itself; by the signal nobody wants it
   * any more.
   */
  readonly open: (onOver: () => void, signal: AbortSignal) => Promise<Database>;
  /** Milliseconds of a clock that is never set back. */
  readonly now: () => number;
  /** It cannot be opened; called once, until it has been opened again. */
  readonly onAway: (error: DatabaseError) => void;
  /** It is open, for the first time or again. */
  readonly onOpen: () => void;
}

/** A database that opens with its first use, and again with a later one when it could not, or has ended by itself. */
export class BackgroundDatabase implements Database {
  private current: Promise<Database> | undefined;
  private failure: { readonly error: DatabaseError; readonly untilMs: number; readonly pauseMs: number } | undefined;
  private readonly closing = new AbortController();

  constructor(private readonly parts: BackgroundParts) {}

  /** Opens it ahead of its first use; what comes of that is told by the parts. */
  begin(): void {
    this.get().catch(() => undefined);
  }

  async query<Row extends object>(sql: string, params: readonly Param[] = []): Promise<readonly Row[]> {
    return (await this.get()).query<Row>(sql, params);
  }

  async transaction<T>(work: (on: Queryable) => Promise<T>): Promise<T> {
    return (await this.get()).transaction(work);
  }

  async close(): Promise<void> {
    this.closing.abort();
    const open = await this.current?.catch(() => undefined);
    await open?.close();
  }

  private async get(): Promise<Database> {
    if (this.closing.signal.aborted) throw new DatabaseError('the store is closed', null);
    const { failure } = this;
    if (this.current === undefined && failure !== undefined && this.parts.now() < failure.untilMs) throw failure.error;
    this.current ??= this.open();
    return this.current;
  }

  private open(): Promise<Database> {
    let isOver = false;
    const opening = this.parts.open(() => {
      isOver = true;
      if (this.current === own) this.current = undefined;
    }, this.closing.signal);
    const own: Promise<Database> = opening.then(
      (database) => {
        this.failure = undefined;
        if (!isOver) this.parts.onOpen();
        return database;
      },
      (error: unknown) => {
        this.current = undefined;
        throw this.fail(asDatabaseError(error));
      },
    );
    return own;
  }

  private fail(error: DatabaseError): DatabaseError {
    const pauseMs = Math.min(LONGEST_PAUSE_MS, (this.failure?.pauseMs ?? FIRST_PAUSE_MS / 2) * 2);
    if (this.failure === undefined && !this.closing.signal.aborted) this.parts.onAway(error);
    this.failure = { error, untilMs: this.parts.now() + pauseMs, pauseMs };
    return error;
  }
}
