import { DatabaseError, type Queryable } from './database.js';
import { asJson, lastOfEach, timestamp } from './rows.js';

/** An object as Stripe showed it at some time between its version and the answer, by the store's clock (Unix ms). */
export interface StoredObject {
  readonly account: string;
  /** What it is, in Stripe's words: `charge`, `refund`, `customer`, `dispute`. */
  readonly kind: string;
  readonly id: string;
  /** Before Stripe was asked. */
  readonly version: number;
  /** After it had answered. */
  readonly answered: number;
  readonly createdMs: number;
  readonly body: object;
}

interface Row {
  readonly account: string;
  readonly kind: string;
  readonly id: string;
  readonly version: number;
  readonly answered: number | null;
  readonly created: Date;
  readonly body: object;
}

const COLUMNS = 'account text, kind text, id text, version bigint, answered bigint, created timestamptz, body jsonb';
const NAMES = 'account, kind, id, version, answered, created, body';

/** Null, or left as it was, by a worker of before that was known. */
const ANSWERED = 'greatest(known.answered, known.version)';

/** Two listings showed an object differently, and overlap in time: nobody can say which of the two is the newer. */
export class ContestedError extends Error {
  override readonly name = 'ContestedError';
  constructor(readonly ids: readonly string[]) {
    super(`shown otherwise by another listing at the same time: ${ids.join(', ')}`);
  }
}

/** Stripe's objects, each in its newest version. */
export class Objects {
  constructor(
    private readonly on: Queryable,
    private readonly deployment: string,
  ) {}

  /**
   * Keeps them, each as it was shown last, in whatever order listings come; the same again changes nothing. An object that
   * two listings showed alike was shown last at some time between the later of their beginnings and the later of their ends.
   *
   * @param objects of one listing.
   * @returns how many were new, or shown later than what was known.
   * @throws ContestedError, which the transaction that this is done in has to end with; whoever asks Stripe again from then on
   *   contests none of what is kept now.
   */
  async put(objects: readonly StoredObject[]): Promise<number> {
    const oldestFirst = [...objects].sort((a, b) => a.version - b.version);
    const rows = lastOfEach(oldestFirst, ({ account, kind, id }) => `${account}/${kind}/${id}`).map((object) => ({
      ...object,
      created: timestamp(object.createdMs),
    }));
    const params = [this.deployment, asJson(rows)];
    // It locks each row that is known, whether or not it changes it.
    const kept = await this.on.query(
      `insert into penstock.objects as known (deployment, ${NAMES})
        select $1, ${NAMES} from json_to_recordset($2::json) as shown(${COLUMNS}) order by account, kind, id
      on conflict (deployment, account, kind, id) do update set
        version = greatest(excluded.version, known.version), answered = greatest(excluded.answered, ${ANSWERED}),
        created = excluded.created, body = excluded.body
      where excluded.version > ${ANSWERED}
        or excluded.body = known.body and (excluded.version > known.version or excluded.answered > ${ANSWERED})
      returning id`,
      params,
    );
    const contested = await this.on.query<{ id: string }>(
      `select id from json_to_recordset($2::json) as shown(${COLUMNS})
        join penstock.objects as known using (account, kind, id)
        where known.deployment = $1 and known.body <> shown.body
          and shown.version <= ${ANSWERED} and shown.answered >= known.version
        order by id`,
      params,
    );
    if (contested.length > 0) throw new ContestedError(contested.map(({ id }) => id));
    return kept.length;
  }

  /**
   * The time, Unix ms by the store's own clock: the clocks of workers that list the same objects may be apart. What Stripe is
   * asked for from here on has it for a version, and what it has shown before was answered by then.
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

function toObject({ created, answered, ...row }: Row): StoredObject {
  return { ...row, answered: Math.max(answered ?? 0, row.version), createdMs: created.getTime() };
}
