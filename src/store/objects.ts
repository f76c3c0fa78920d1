import { DatabaseError, type Queryable } from './database.js';
import { asJson, lastOfEach, timestamp } from './rows.js';

/** An object as Stripe showed it. */
export interface StoredObject {
  readonly account: string;
  /** What it is, in Stripe's words: `charge`, `refund`, `customer`, `dispute`. */
  readonly kind: string;
  readonly id: string;
  /** Grows with each change of the object: of two the higher is the newer. */
  readonly version: number;
  readonly createdMs: number;
  readonly body: object;
}

interface Row {
  readonly account: string;
  readonly kind: string;
  readonly id: string;
  readonly version: number;
  readonly created: Date;
  readonly body: object;
}

const COLUMNS = 'account text, kind text, id text, version bigint, created timestamptz, body jsonb';
const NAMES = 'account, kind, id, version, created, body';

/** Stripe's objects, each in its newest version. */
export class Objects {
  constructor(
    private readonly on: Queryable,
    private readonly deployment: string,
  ) {}

  /**
   * Keeps them, each in its newest version, in whatever order versions come; the same version again changes nothing.
   *
   * @returns how many were new, or newer than what was known.
   */
  async put(objects: readonly StoredObject[]): Promise<number> {
    const oldestFirst = [...objects].sort((a, b) => a.version - b.version);
    const rows = lastOfEach(oldestFirst, ({ account, kind, id }) => `${account}/${kind}/${id}`).map((object) => ({
      ...object,
      created: timestamp(object.createdMs),
    }));
    const kept = await this.on.query(
      `insert into penstock.objects as known (deployment, ${NAMES})
        select $1, ${NAMES} from json_to_recordset($2::json) as shown(${COLUMNS}) order by account, kind, id
      on conflict (deployment, account, kind, id) do update set
        version = excluded.version, created = excluded.created, body = excluded.body
      where excluded.version > known.version
      returning id`,
      [this.deployment, asJson(rows)],
    );
    return kept.length;
  }

  /**
   * The version of what Stripe is asked for from here on, Unix ms by the store's own clock: the clocks of workers that list the
   * same objects may be apart.
   */
  async versionNow(): Promise<number> {
    const [row] = await this.on.query<{ version: number }>(
      'select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as version',
    );
    if (row === undefined) throw new DatabaseError('the store does not know the time', null);
    return row.version;
  }

  async find(account: string, kind: string, id: string): Promise<StoredObject | null> {
    const [row] = await this.on.query<Row>(
      `select ${NAMES} from penstock.objects where deployment = $1 and account = $2 and kind = $3 and id = $4`,
      [this.deployment, account, kind, id],
    );
    return row === undefined ? null : toObject(row);
  }

  /** How many of a kind were created in the period: from, inclusive, up to, exclusive, Unix ms. */
  async count(account: string, kind: string, fromMs: number, toMs: number): Promise<number> {
    const [row] = await this.on.query<{ count: number }>(
      `select count(*) as count from penstock.objects
        where deployment = $1 and account = $2 and kind = $3 and created >= $4 and created < $5`,
      [this.deployment, account, kind, new Date(fromMs), new Date(toMs)],
    );
    return row?.count ?? 0;
  }
}

function toObject({ created, ...row }: Row): StoredObject {
  return { ...row, createdMs: created.getTime() };
}
