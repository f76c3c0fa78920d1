import type { Queryable } from './database.js';
import { asJson, lastOfEach } from './rows.js';

/** Something on which Penstock's ledger and Stripe do not agree. */
export interface Difference {
  /** `missing` on its side, `extra` there, or there on both and `different`. */
  readonly difference: 'missing' | 'extra' | 'different';
  readonly side: 'penstock' | 'stripe';
  /** The object's id at Stripe. */
  readonly object: string;
  /** JSON: what either side knows. */
  readonly what: object;
}

const NAMES = 'difference, side, object, what';

/** What reconciliations found. */
export class Differences {
  constructor(
    private readonly on: Queryable,
    private readonly deployment: string,
  ) {}

  /** Records what a job found, each once; found again, what is known of it is what was found last. */
  async record(job: string, differences: readonly Difference[]): Promise<void> {
    const rows = lastOfEach(differences, ({ difference, side, object }) => `${difference}/${side}/${object}`);
    await this.on.query(
      `insert into penstock.reconciled (deployment, job, ${NAMES})
        select $1, $2, ${NAMES}
          from json_to_recordset($3::json) as found(difference text, side text, object text, what jsonb)
          order by ${NAMES.replace(', what', '')}
      on conflict (deployment, job, difference, side, object) do update set what = excluded.what`,
      [this.deployment, job, asJson(rows)],
    );
  }

  /** A page of what a job found, in the order of kinds, sides and ids. */
  async list(job: string, limit: number, after?: Omit<Difference, 'what'>): Promise<readonly Difference[]> {
    return this.on.query<Difference>(
      `select ${NAMES} from penstock.reconciled
        where deployment = $1 and job = $2 and (difference, side, object) > ($3, $4, $5)
        order by difference, side, object limit $6`,
      [this.deployment, job, after?.difference ?? '', after?.side ?? '', after?.object ?? '', limit],
    );
  }

  /** Those of these objects of which the job has found something already. */
  async known(job: string, objects: readonly string[]): Promise<readonly string[]> {
    const rows = await this.on.query<Pick<Difference, 'object'>>(
      `select distinct object from penstock.reconciled
        where deployment = $1 and job = $2 and object in (select json_array_elements_text($3::json))`,
      [this.deployment, job, JSON.stringify(objects)],
    );
    return rows.map(({ object }) => object);
  }

  async count(job: string): Promise<number> {
    const [row] = await this.on.query<{ count: number }>(
      'select count(*) as count from penstock.reconciled where deployment = $1 and job = $2',
      [this.deployment, job],
    );
    return row?.count ?? 0;
  }
}
