import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { inTime } from '../clock.js';
import { FolderLock } from '../folder-lock.js';
import { startThread } from '../thread.js';
import { asDatabaseError, type Database, DatabaseError, type Param, type Queryable } from './database.js';
import { CLOSE, type Question, type Said } from './pglite-messages.js';
import { Transaction } from './transaction.js';

/** Creating its files takes ten seconds on two slow cores, opening them half of one. */
const OPENS_WITHIN_MS = 120_000;
/** What takes longer is not waited for: its thread is ended, and another opens the files. */
const ANSWERS_WITHIN_MS = 30_000;
/** One connection serves all: a transaction that does not end would hold up everybody. */
const TRANSACTION_WITHIN_MS = 10_000;
const CLOSES_WITHIN_MS = 3_000;

export interface PgliteOptions {
  /** Nobody wants it any more: opening it ends at once. */
  readonly signal?: AbortSignal;
  /** What takes longer than this ends the thread, ms. */
  readonly answersWithinMs?: number;
}

/**
 * PGlite: PostgreSQL in a thread of this process, with its files in `folder`, which no other process can have meanwhile.
 * What is committed survives the process, however that ends; what a machine that loses its power had yet to write does not.
 *
 * @param onOver is called when the thread has ended, by itself or because it did not answer.
 * @throws DatabaseError when it cannot be opened, by whose message it is in use where another process has it.
 */
export async function openPglite(
  folder: string,
  onOver: () => void,
  { signal, answersWithinMs = ANSWERS_WITHIN_MS }: PgliteOptions = {},
): Promise<Database> {
  const lock = await FolderLock.take(folder).catch((error: unknown) => {
    throw asDatabaseError(error);
  });
  const thread = new PgliteThread(folder, answersWithinMs, () => {
    lock.release();
    onOver();
  });
  await thread.opened(signal);
  return new Pglite(thread);
}

interface Waiting {
  readonly answered: (rows: readonly object[]) => void;
  readonly failed: (error: DatabaseError) => void;
}

/** The thread, and what it has been asked. */
class PgliteThread {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private readonly opening: Promise<void>;
  private asked = 0;
  private over: DatabaseError | undefined;

  constructor(
    folder: string,
    private readonly answersWithinMs: number,
    onOver: () => void,
  ) {
    this.worker = startThread(new URL('./pglite-thread.js', import.meta.url), 'store', { folder });
    this.opening = new Promise((resolve, reject) => {
      this.waiting.set(0, { answered: () => resolve(), failed: reject });
    });
    this.worker.on('message', (said: Said) => this.hear(said));
    this.worker.on('error', (error) => this.end(`the store's thread failed: ${error.message}`));
    // Not before: until then it may still write to its files.
    this.worker.on('exit', () => {
      this.end("the store's thread has ended");
      onOver();
    });
    // Whoever stops without closing it may end all the same: it survives that.
    this.worker.unref();
  }

  async opened(signal: AbortSignal | undefined): Promise<void> {
    const abandon = () => this.abandon('the store was closed before it was open');
    if (signal?.aborted) abandon();
    signal?.addEventListener('abort', abandon);
    try {
      await this.inTime(0, this.opening, OPENS_WITHIN_MS, 'open');
    } finally {
      signal?.removeEventListener('abort', abandon);
    }
  }

  async ask(sql: string, params: readonly Param[]): Promise<readonly object[]> {
    if (this.over !== undefined) throw this.over;
    this.asked += 1;
    const question: Question = { id: this.asked, sql, params };
    const answer = new Promise<readonly object[]>((answered, failed) => {
      this.waiting.set(question.id, { answered, failed });
    });
    this.worker.postMessage(question);
    return this.inTime(question.id, answer, this.answersWithinMs, 'answer');
  }

  async close(): Promise<void> {
    if (this.over !== undefined) return;
    this.worker.postMessage(CLOSE);
    const timer = setTimeout(() => void this.worker.terminate(), CLOSES_WITHIN_MS);
    await once(this.worker, 'exit');
    clearTimeout(timer);
  }

  /** While something is waited for the process must not end for want of anything else to do. */
  private async inTime<T>(id: number, answer: Promise<T>, withinMs: number, what: string): Promise<T> {
    const timer = setTimeout(() => this.abandon(`the store did not ${what} within ${withinMs / 1000} s`), withinMs);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      this.waiting.delete(id);
    }
  }

  private hear(said: Said): void {
    switch (said.type) {
      case 'opened':
        this.waiting.get(0)?.answered([]);
        break;
      case 'failed':
        this.end(said.message);
        break;
      case 'answer':
        this.waiting.get(said.id)?.answered(said.rows);
        break;
      case 'error':
        this.waiting.get(said.id)?.failed(new DatabaseError(said.message, said.sqlState));
        break;
    }
  }

  /** What it was amid is as after a crash: what was committed is there. */
  private abandon(why: string): void {
    this.end(why);
    void this.worker.terminate();
  }

  private end(why: string): void {
    if (this.over !== undefined) return;
    this.over = new DatabaseError(why, null);
    for (const { failed } of this.waiting.values()) failed(this.over);
  }
}

/** One connection for everybody: each statement has its turn, and so has each transaction as a whole. */
class Pglite implements Database {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly thread: PgliteThread) {}

  query<Row extends object>(sql: string, params: readonly Param[] = []): Promise<readonly Row[]> {
    return this.inTurn(() => this.ask<Row>(sql, params));
  }

  transaction<T>(work: (on: Queryable) => Promise<T>): Promise<T> {
    return this.inTurn(async () => {
      await this.thread.ask('begin', []);
      const on = new Transaction((sql, params) => this.thread.ask(sql, params));
      let result: T;
      try {
        result = await inTime(on.run(work), TRANSACTION_WITHIN_MS, tookTooLong);
      } catch (error) {
        on.end();
        await this.thread.ask('rollback', []);
        throw error;
      }
      await this.thread.ask('commit', []);
      return result;
    });
  }

  close(): Promise<void> {
    return this.thread.close();
  }

  private async ask<Row extends object>(sql: string, params: readonly Param[]): Promise<readonly Row[]> {
    return (await this.thread.ask(sql, params)) as readonly Row[];
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const before = this.last;
    const turn = before.then(work, work);
    this.last = turn.catch(() => undefined);
    return turn;
  }
}

/** What its work still asks for then is refused. */
function tookTooLong(): never {
  throw new DatabaseError('the transaction took too long, and was rolled back', '25P03');
}
