import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Dispute } from './dispute-objects.js';
import type {
  Charge,
  ClockOffset,
  Customer,
  PaymentIntent,
  PaymentMethod,
  Refund,
  Scheduled,
  StoredAnswer,
  StripeEvent,
  WebhookDelivery,
  WebhookEndpoint,
} from './objects.js';

/** Every table of one account, by id. Maps keep insertion order, which is creation order. */
export interface Tables {
  payment_intents: PaymentIntent;
  charges: Charge;
  customers: Customer;
  payment_methods: PaymentMethod;
  refunds: Refund;
  disputes: Dispute;
  scheduled: Scheduled;
  clock: ClockOffset;
  events: StripeEvent;
  answers: StoredAnswer;
  deliveries: WebhookDelivery;
  webhook_endpoints: WebhookEndpoint;
}

export type TableName = keyof Tables;

const TABLE_NAMES: readonly TableName[] = [
  'payment_intents',
  'charges',
  'customers',
  'payment_methods',
  'refunds',
  'disputes',
  'scheduled',
  'clock',
  'events',
  'answers',
  'deliveries',
  'webhook_endpoints',
];

type AccountTables = { [T in TableName]: Map<string, Tables[T]> };
/** A row as it is from now on; an id alone takes the row away. */
type Put = [account: string, table: TableName, row: (Tables[TableName] & { id: string }) | string];

/** Under it stands what concerns the simulator as a whole, and no account. */
export const WHOLE = '';

/**
 * The simulator's memory, and its journal: one line for all that a request changed, written before the answer leaves.
 * So a process killed at any point comes back with each request either whole or not at all.
 */
export class Store {
  private readonly accounts = new Map<string, AccountTables>();
  private journal: string | undefined;
  /** Told of everything that is scheduled. */
  onScheduled: (row: Scheduled) => void = () => undefined;

  /** @param folder where the journal lives; undefined keeps everything in memory. */
  constructor(folder: string | undefined) {
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'journal.jsonl');
    if (existsSync(path)) this.replay(path);
    this.journal = path;
    this.compact(path);
  }

  get<T extends TableName>(account: string, table: T, id: string): Tables[T] | undefined {
    return this.tables(account)[table].get(id);
  }

  all<T extends TableName>(account: string, table: T): Tables[T][] {
    return [...this.tables(account)[table].values()];
  }

  accountNames(): string[] {
    return [...this.accounts.keys()].filter((account) => account !== WHOLE);
  }

  /** Takes in all of `puts` or, when the process dies, none of them. */
  commit(puts: readonly Put[]): void {
    if (puts.length === 0) return;
    if (this.journal !== undefined) appendFileSync(this.journal, `${JSON.stringify(puts)}\n`);
    this.apply(puts);
  }

  private apply(puts: readonly Put[]): void {
    for (const [account, table, row] of puts) {
      const rows = this.tables(account)[table] as Map<string, typeof row>;
      if (typeof row === 'string') rows.delete(row);
      else rows.set(row.id, row);
      if (table === 'scheduled' && typeof row !== 'string') this.onScheduled(row as Scheduled);
    }
  }

  private tables(account: string): AccountTables {
    let tables = this.accounts.get(account);
    if (tables === undefined) {
      tables = Object.fromEntries(TABLE_NAMES.map((name) => [name, new Map()])) as unknown as AccountTables;
      this.accounts.set(account, tables);
    }
    return tables;
  }

  /** A last line without its end was being written when the process died: that request never happened. */
  private replay(path: string): void {
    const bytes = readFileSync(path);
    const end = bytes.lastIndexOf('\n') + 1;
    if (end < bytes.length) truncateSync(path, end);
    const lines = bytes.subarray(0, end).toString('utf8').split('\n');
    for (const line of lines) if (line !== '') this.apply(JSON.parse(line) as Put[]);
  }

  /** Rewrites the journal as the latest state of each row, beside the old one and then in its place. */
  private compact(path: string): void {
    const beside = `${path}.new`;
    const file = openSync(beside, 'w', 0o600);
    for (const [account, tables] of this.accounts) {
      for (const table of TABLE_NAMES) {
        for (const row of tables[table].values()) writeSync(file, `${JSON.stringify([[account, table, row]])}\n`);
      }
    }
    fsyncSync(file);
    closeSync(file);
    renameSync(beside, path);
  }
}

/** What one request changes: read through it, put into it, and commit it whole. */
export class Transaction {
  private readonly puts = new Map<string, Put>();

  constructor(
    private readonly store: Store,
    readonly account: string,
  ) {}

  get<T extends TableName>(table: T, id: string): Tables[T] | undefined {
    const put = this.puts.get(`${table}/${id}`);
    if (typeof put?.[2] === 'string') return undefined;
    const row = put === undefined ? this.store.get(this.account, table, id) : (put[2] as Tables[T]);
    // A copy, so that a request which fails half way leaves nothing behind.
    return row === undefined ? undefined : structuredClone(row);
  }

  all<T extends TableName>(table: T): Tables[T][] {
    return this.store.all(this.account, table);
  }

  put<T extends TableName>(table: T, row: Tables[T] & { id: string }): void {
    this.puts.set(`${table}/${row.id}`, [this.account, table, structuredClone(row)]);
  }

  remove(table: TableName, id: string): void {
    this.puts.set(`${table}/${id}`, [this.account, table, id]);
  }

  commit(): void {
    this.store.commit([...this.puts.values()]);
    this.puts.clear();
  }
}
