import type { Tombstone, TombstoneResult } from '../domain/tombstone.js';
import type { Queryable } from './database.js';
import { asJson, timestamp } from './rows.js';

interface Row {
  readonly payment: string;
  readonly run: string;
  readonly fingerprint: string;
  readonly account: string;
  readonly merchant: string;
  readonly reference: string;
  readonly opened_at: Date;
  readonly result: TombstoneResult | null;
  readonly closed_at: Date | null;
}

const COLUMNS = `payment text, run text, fingerprint text, account text, merchant text, reference text,
  opened_at timestamptz, result jsonb, closed_at timestamptz`;
const NAMES = 'payment, run, fingerprint, account, merchant, reference, opened_at, result, closed_at';

/** The payments that were. */
export class Tombstones {
  constructor(
    private readonly on: Queryable,
    private readonly deployment: string,
  ) {}

  /**
   * Records them. One that is closed stays as it is, whatever is told of another run; of two open ones the later counts, but
   * not over one of which money moved before that: who opens it again has to find it. Closing fills in what was open.
   */
  async record(tombstones: readonly Tombstone[]): Promise<void> {
    const rows = onePerPayment(tombstones).map((tombstone) => ({
      ...tombstone,
      opened_at: timestamp(tombstone.openedAtMs),
      closed_at: tombstone.closedAtMs === null ? null : timestamp(tombstone.closedAtMs),
    }));
    await this.on.query(
      `insert into penstock.tombstones as known (deployment, ${NAMES})
        select $1, ${NAMES} from json_to_recordset($2::json) as told(${COLUMNS}) order by payment
      on conflict (deployment, payment) do update set
        run = excluded.run, account = excluded.account,
        fingerprint = case when excluded.fingerprint = '' and excluded.run = known.run
          then known.fingerprint else excluded.fingerprint end,
        merchant = excluded.merchant, reference = excluded.reference,
        opened_at = excluded.opened_at, result = excluded.result, closed_at = excluded.closed_at
      where known.closed_at is null
        and (excluded.run = known.run or excluded.opened_at >= known.opened_at and (
          excluded.closed_at is not null or not exists (
            select 1 from penstock.ledger
              where ledger.deployment = known.deployment and ledger.payment = known.payment
                and ledger.occurred_at < excluded.opened_at)))
        or known.run = excluded.run and excluded.closed_at >= known.closed_at`,
      [this.deployment, asJson(rows)],
    );
  }

  async find(payment: string): Promise<Tombstone | null> {
    const [row] = await this.on.query<Row>(
      `select ${NAMES} from penstock.tombstones where deployment = $1 and payment = $2`,
      [this.deployment, payment],
    );
    return row === undefined ? null : toTombstone(row);
  }

  /** Those of these payments of which it is known how they ended, in no order. */
  async closed(payments: readonly string[]): Promise<readonly string[]> {
    const rows = await this.on.query<Pick<Row, 'payment'>>(
      `select payment from penstock.tombstones
        where deployment = $1 and closed_at is not null and payment in (select json_array_elements_text($2::json))`,
      [this.deployment, JSON.stringify(payments)],
    );
    return rows.map(({ payment }) => payment);
  }

  /**
   * The tombstone of an earlier payment under this id, of another run than this: one that closed, or one of which money is
   * known to have moved. Null where nothing says that the payment was ever taken before.
   */
  async takenBefore(payment: string, run: string): Promise<Tombstone | null> {
    const [row] = await this.on.query<Row>(
      `select ${NAMES} from penstock.tombstones as known
        where deployment = $1 and payment = $2 and run <> $3
          and (closed_at is not null or exists (
            select 1 from penstock.ledger
              where ledger.deployment = known.deployment and ledger.payment = known.payment))`,
      [this.deployment, payment, run],
    );
    return row === undefined ? null : toTombstone(row);
  }
}

/** Of one payment the closed one, else the one that was told last. */
function onePerPayment(tombstones: readonly Tombstone[]): Tombstone[] {
  const chosen = new Map<string, Tombstone>();
  for (const tombstone of tombstones) {
    const before = chosen.get(tombstone.payment);
    if (before === undefined || before.closedAtMs === null || before.run === tombstone.run) {
      chosen.set(tombstone.payment, tombstone.closedAtMs === null && before?.closedAtMs ? before : tombstone);
    }
  }
  return [...chosen.values()];
}

function toTombstone({ opened_at, closed_at, ...row }: Row): Tombstone {
  return { ...row, openedAtMs: opened_at.getTime(), closedAtMs: closed_at?.getTime() ?? null };
}
