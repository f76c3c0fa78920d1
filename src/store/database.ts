/** A value that goes into a statement. Times go in and come out as `Date`, JSON goes in as text and comes out parsed. */
export type Param = string | number | boolean | Date | null;

/** What statements can be put to: a database, or a transaction on it. */
export interface Queryable {
  /**
   * Runs one statement. Of its rows, 64-bit integers are numbers (the store keeps none that a number cannot hold exactly).
   *
   * @throws DatabaseError.
   */
  query<Row extends object = Record<string, unknown>>(sql: string, params?: readonly Param[]): Promise<readonly Row[]>;
}

/** One SQL dialect, PostgreSQL's, whichever of the two databases speaks it. */
export interface Database extends Queryable {
  /**
   * Runs `work` in one transaction, which is committed when it resolves and rolled back when it rejects.
   *
   * @throws DatabaseError when nothing is known to have been committed: after a connection that broke amid the commit it
   *   may have been, so what is repeated has to bear it.
   */
  transaction<T>(work: (on: Queryable) => Promise<T>): Promise<T>;
  /** Ends it; statements under way are given a moment. */
  close(): Promise<void>;
}

/** What a database answered with, or that it did not. Its message can quote a value that it was given. */
export class DatabaseError extends Error {
  override readonly name: string = 'DatabaseError';
  constructor(
    message: string,
    /** SQLSTATE; null where no database answered. */
    readonly sqlState: string | null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /**
   * Whether it is the fault of a value or a row: a data exception (class 22) or a violated constraint (class 23). The same
   * would be refused again, and others would be taken. Everything else is the store's own trouble, and passes.
   */
  get isRowsOwnFault(): boolean {
    return this.sqlState !== null && /^2[23]/.test(this.sqlState);
  }
}

/** There is no store: none is configured for a process of this kind. */
export class StoreMissingError extends DatabaseError {
  override readonly name = 'StoreMissingError';
  constructor() {
    super('there is no store: set DATABASE_URL to a PostgreSQL database', null);
  }
}

/** The database was migrated by a newer version of this program: to write to it by old rules could break what it holds. */
export class SchemaNewerError extends DatabaseError {
  override readonly name = 'SchemaNewerError';
  constructor(found: number, known: number) {
    super(
      `the store's database is at migration ${found}, and this version of Penstock knows ${known}: run a newer one`,
      null,
    );
  }
}

/** Any error of a driver as a {@link DatabaseError}. */
export function asDatabaseError(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const sqlState = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
  return new DatabaseError(String(message ?? error), sqlState, { cause: error });
}
