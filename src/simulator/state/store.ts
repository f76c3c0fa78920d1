import type { Scheduled } from '../objects/simulated.js';
import { CARDS } from './cards.js';
import { type Forgetting, History } from './history.js';
import { Journal } from './journal.js';
import { Table } from './table.js';
import { type CardOf, FORMAT, INDEXES, TABLE_NAMES, type TableName, type Tables } from './tables.js';
import { textOf } from './texts.js';

export type AccountTables = { readonly [T in TableName]: Table<Tables[T], CardOf<T>> };

/** A row as it is from now on; an id alone takes the row away. */
export type Put = readonly [account: string, table: TableName, row: Tables[TableName] | string];

/** Under it stands what concerns the simulator as a whole, and no account. */
export const WHOLE = '';

export interface StoreOptions {
  /** Where the journal lives; undefined keeps everything in memory. */
  readonly folder: string | undefined;
  /** How many payments each account remembers, with all that belongs to them. */
  readonly history?: number | undefined;
  /** Bytes from which the journal is rewritten while it is in use. */
  readonly worthRewriting?: number | undefined;
}

/** Some hundred megabytes at most; a bench that counts more payments than this says so. */
const HISTORY = 20_000;

function newTables(): AccountTables {
  const made = TABLE_NAMES.map((name) => {
    const asText = (CARDS as { readonly [T in TableName]?: (row: never) => unknown })[name];
    return [name, new Table({ indexed: INDEXES[name], asText })] as const;
  });
  return Object.fromEntries(made) as unknown as AccountTables;
}

/** What every account has that nothing was ever put into. */
const NO_TABLES = newTables();

/**
 * The simulator's memory, and its journal: one line for all that a request changed, written before the answer leaves.
 * So a process killed at any point comes back with each request either whole or not at all.
 */
export class Store {
  private readonly accounts = new Map<string, AccountTables>();
  private readonly histories = new Map<string, History>();
  private readonly forgetting: Forgetting;
  private readonly journal: Journal | undefined;
  /** Told of everything that is scheduled. */
  onScheduled: (account: string, row: Scheduled) => void = () => undefined;

  constructor({ folder, history = HISTORY, worthRewriting }: StoreOptions) {
    this.forgetting = { payments: history };
    if (folder === undefined) return;
    this.journal = new Journal({
      folder,
      format: FORMAT,
      read: (line) => this.apply(JSON.parse(line) as Put[]),
      everything: () => this.lines(),
      worthRewriting,
    });
    // It may have been told to remember less than before.
    for (const account of this.accountNames()) this.forget(account);
  }

  get<T extends TableName>(account: string, table: T, id: string): Tables[T] | undefined {
    return this.table(account, table).get(id);
  }

  /** Oldest first. */
  all<T extends TableName>(account: string, table: T): Tables[T][] {
    return [...this.table(account, table).oldestFirst()];
  }

  table<T extends TableName>(account: string, table: T): AccountTables[T] {
    return this.tables(account)[table];
  }

  accountNames(): string[] {
    return [...this.accounts.keys()].filter((account) => account !== WHOLE);
  }

  /**
   * Whether payments may have been let go: there are as many as are remembered. True of an account that just has so many,
   * and wrong only of one that was opened again with a longer memory.
   */
  hasForgotten(account: string): boolean {
    return this.table(account, 'payment_intents').size >= this.forgetting.payments;
  }

  /** Takes in all of `puts` or, when the process dies, none of them. @throws when the disk does not take it. */
  commit(puts: readonly Put[]): void {
    if (puts.length === 0) return;
    this.journal?.append(lineOf(puts));
    this.apply(puts);
    const account = puts[0]?.[0];
    if (account !== undefined && account !== WHOLE) this.forget(account);
  }

  /** Resolves once nothing of it touches the folder any more. */
  async close(): Promise<void> {
    await this.journal?.close();
  }

  private apply(puts: readonly Put[]): void {
    for (const [account, name, row] of puts) {
      const table = this.opened(account)[name] as Table<Tables[TableName]>;
      if (typeof row === 'string') table.delete(row);
      else table.put(row);
      if (name === 'scheduled' && typeof row !== 'string') this.onScheduled(account, row as Scheduled);
    }
  }

  /** Written down like anything else: whoever reads the journal forgets what was forgotten, and when. */
  private forget(account: string): void {
    if (!this.accounts.has(account)) return;
    const puts = this.historyOf(account).overdue(account);
    if (puts.length === 0) return;
    try {
      this.journal?.append(lineOf(puts));
    } catch {
      // What was asked for is on disk; this has time until there is room.
      return;
    }
    this.apply(puts);
  }

  private historyOf(account: string): History {
    const known = this.histories.get(account) ?? new History(this.tables(account), this.forgetting);
    this.histories.set(account, known);
    return known;
  }

  /** To look at an account opens none. */
  private tables(account: string): AccountTables {
    return this.accounts.get(account) ?? NO_TABLES;
  }

  private opened(account: string): AccountTables {
    let tables = this.accounts.get(account);
    if (tables === undefined) {
      tables = newTables();
      this.accounts.set(account, tables);
    }
    return tables;
  }

  /** Each row as it is at the first of them: rows are never changed in place. */
  private *lines(): Generator<string> {
    const all = [...this.accounts].flatMap(([account, tables]) =>
      TABLE_NAMES.map((name) => ({ account, name, rows: tables[name].snapshot() })),
    );
    for (const { account, name, rows } of all) {
      for (const row of rows) yield `[${putText(account, name, row)}]`;
    }
  }
}

function lineOf(puts: readonly Put[]): string {
  const texts = puts.map(([account, table, row]) =>
    putText(account, table, typeof row === 'string' ? JSON.stringify(row) : textOf(row)),
  );
  return `[${texts.join(',')}]`;
}

/** @param row as JSON. */
function putText(account: string, table: TableName, row: string): string {
  return `[${JSON.stringify(account)},"${table}",${row}]`;
}
