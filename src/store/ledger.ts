import type { Movement, MovementKind } from '../domain/ledger.js';
import type { Queryable } from './database.js';
import { asJson, lastOfEach, timestamp } from './rows.js';

export type LedgerKind = MovementKind;

/** A movement of money, as it is kept. Times in Unix ms. */
export interface LedgerEntry extends Movement {
  /**
   * When it happened, as near as is known: when it was learned; once it was reconciled, when Stripe's balance shows it.
   */
  readonly occurredAtMs: number;
  /** When that was learned: of one id the entry learned last counts. */
  readonly recordedAtMs: number;
}

/** A stretch of the ledger: from, inclusive, up to, exclusive, Unix ms. */
export interface LedgerPage {
  readonly account: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** The last entry of the page before. */
  readonly after?: Pick<LedgerEntry, 'id' | 'occurredAtMs'> | undefined;
  readonly limit: number;
}

const COLUMNS = `account text, id text, kind text, payment text, intent text, amount bigint, currency text, status text,
  workflow text, fingerprint text, occurred_at timestamptz, recorded_at timestamptz`;
const NAMES = `account, id, kind, payment, intent, amount, currency, status, workflow, fingerprint,
  occurred_at, recorded_at`;

/** Writes entries, or what follows into those that are there, each by its key and in one order: nobody who does so waits for another in a circle. */
const INSERT = `insert into penstock.ledger as known (deployment, ${NAMES})
    select $1, ${NAMES} from json_to_recordset($2::json) as told(${COLUMNS}) order by account, id
  on conflict (deployment, account, id) do update set`;

interface Row {
  readonly account: string;
  readonly id: string;
  readonly kind: LedgerKind;
  readonly payment: string | null;
  readonly intent: string | null;
  readonly amount: number;
  readonly currency: string;
  readonly status: string;
  readonly workflow: string | null;
  readonly fingerprint: string | null;
  readonly occurred_at: Date;
  readonly recorded_at: Date;
}

/** Penstock's own record of the money that moved. */
export class Ledger {
  constructor(
    private readonly on: Queryable,
    private readonly deployment: string,
  ) {}

  /** Records them, each once: of one id what was learned last counts, and when it happened stays as it was first said. */
  async record(entries: readonly LedgerEntry[]): Promise<void> {
    const oldestFirst = [...entries].sort((a, b) => a.recordedAtMs - b.recordedAtMs);
    const rows = lastOfEach(oldestFirst, ({ account, id }) => `${account}/${id}`).map(toRow);
    await this.on.query(
      `${INSERT} kind = excluded.kind, payment = coalesce(excluded.payment, known.payment),
        intent = coalesce(excluded.intent, known.intent), amount = excluded.amount, currency = excluded.currency,
        status = excluded.status, workflow = coalesce(excluded.workflow, known.workflow),
        fingerprint = coalesce(excluded.fingerprint, known.fingerprint), recorded_at = excluded.recorded_at
      where excluded.recorded_at >= known.recorded_at`,
      [this.deployment, asJson(rows)],
    );
  }

  /** Says of entries that are there when they happened: that is where they are listed from then on. */
  async happened(entries: readonly LedgerEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await this.on.query(`${INSERT} occurred_at = excluded.occurred_at`, [this.deployment, asJson(entries.map(toRow))]);
  }

  /** A page of an account's entries in the order in which they happened. */
  async list({ account, fromMs, toMs, after, limit }: LedgerPage): Promise<readonly LedgerEntry[]> {
    const rows = await this.on.query<Row>(
      `select ${NAMES} from penstock.ledger
        where deployment = $1 and account = $2 and occurred_at >= $3 and occurred_at < $4
          and (occurred_at, id) > ($5, $6)
        order by occurred_at, id limit $7`,
      [
        this.deployment,
        account,
        new Date(fromMs),
        new Date(toMs),
        new Date(after?.occurredAtMs ?? fromMs),
        after?.id ?? '',
        limit,
      ],
    );
    return rows.map(toEntry);
  }

  /** How many entries of an account happened in the period: from, inclusive, up to, exclusive, Unix ms. */
  async count(account: string, fromMs: number, toMs: number): Promise<number> {
    const [row] = await this.on.query<{ count: number }>(
      `select count(*) as count from penstock.ledger
        where deployment = $1 and account = $2 and occurred_at >= $3 and occurred_at < $4`,
      [this.deployment, account, new Date(fromMs), new Date(toMs)],
    );
    return row?.count ?? 0;
  }

  /** Those of these ids, in no order. */
  async find(account: string, ids: readonly string[]): Promise<readonly LedgerEntry[]> {
    // Each by its key: a database without statistics, and PGlite never has any, would rather read all that the account has.
    const rows = await this.on.query<Row>(
      `select found.* from (select distinct json_array_elements_text($3::json) as id) as asked
        cross join lateral (
          select ${NAMES} from penstock.ledger where deployment = $1 and account = $2 and id = asked.id limit 1
        ) as found`,
      [this.deployment, account, JSON.stringify(ids)],
    );
    return rows.map(toEntry);
  }

  /** Everything known of one payment, oldest first. */
  async ofPayment(payment: string): Promise<readonly LedgerEntry[]> {
    const rows = await this.on.query<Row>(
      `select ${NAMES} from penstock.ledger where deployment = $1 and payment = $2 order by occurred_at, id`,
      [this.deployment, payment],
    );
    return rows.map(toEntry);
  }
}

function toRow(entry: LedgerEntry): object {
  return { ...entry, occurred_at: timestamp(entry.occurredAtMs), recorded_at: timestamp(entry.recordedAtMs) };
}

function toEntry({ occurred_at, recorded_at, workflow, fingerprint, ...row }: Row): LedgerEntry {
  return {
    ...row,
    ...(workflow === null ? {} : { workflow }),
    ...(fingerprint === null ? {} : { fingerprint }),
    occurredAtMs: occurred_at.getTime(),
    recordedAtMs: recorded_at.getTime(),
  };
}
