import { DatabaseError, type Param, type Queryable } from './database.js';

/** The statements of one transaction, for as long as it lasts. */
export class Transaction implements Queryable {
  private isOver = false;
  private isBroken = false;

  constructor(private readonly ask: (sql: string, params: readonly Param[]) => Promise<readonly object[]>) {}

  async query<Row extends object>(sql: string, params: readonly Param[] = []): Promise<readonly Row[]> {
    if (this.isOver) throw new DatabaseError('the transaction is over', '25P01');
    try {
      return (await this.ask(sql, params)) as readonly Row[];
    } catch (error) {
      this.isBroken = true;
      throw error;
    }
  }

  /**
   * Does the work, and takes nothing after it.
   *
   * @throws DatabaseError where the work went on after one of its statements had failed: all of it is to be undone.
   */
  async run<T>(work: (on: Queryable) => Promise<T>): Promise<T> {
    try {
      const result = await work(this);
      if (this.isBroken) throw new DatabaseError('the transaction was rolled back', '25P02');
      return result;
    } finally {
      this.end();
    }
  }

  end(): void {
    this.isOver = true;
  }
}
