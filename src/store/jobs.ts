import type { Queryable } from './database.js';

/** A job as it was last told. */
export interface JobRecord {
  /** The workflow's id. */
  readonly id: string;
  readonly type: string;
  readonly account: string;
  readonly state: string;
  /** JSON: what the job itself tells of how far it has come. */
  readonly progress: unknown;
  readonly updatedAtMs: number;
}

interface Row {
  readonly id: string;
  readonly type: string;
  readonly account: string;
  readonly state: string;
  readonly progress: unknown;
  readonly updated_at: Date;
}

const NAMES = 'id, type, account, state, progress, updated_at';

/** Jobs, and the pages that they have done. */
export class Jobs {
  constructor(
    private readonly on: Queryable,
    private readonly deployment: string,
  ) {}

  /** Records where a job stands; what is older than what is known changes nothing. */
  async record({ id, type, account, state, progress, updatedAtMs }: JobRecord): Promise<void> {
    await this.on.query(
      `insert into penstock.jobs as known (deployment, ${NAMES}) values ($1, $2, $3, $4, $5, $6::jsonb, $7)
      on conflict (deployment, id) do update set
        state = excluded.state, progress = excluded.progress, updated_at = excluded.updated_at
      where excluded.updated_at >= known.updated_at`,
      [this.deployment, id, type, account, state, JSON.stringify(progress), new Date(updatedAtMs)],
    );
  }

  async find(id: string): Promise<JobRecord | null> {
    const [row] = await this.on.query<Row>(`select ${NAMES} from penstock.jobs where deployment = $1 and id = $2`, [
      this.deployment,
      id,
    ]);
    return row === undefined ? null : toJob(row);
  }

  /** The jobs told of last, newest first. */
  async list(limit: number): Promise<readonly JobRecord[]> {
    const rows = await this.on.query<Row>(
      `select ${NAMES} from penstock.jobs where deployment = $1 order by updated_at desc, id limit $2`,
      [this.deployment, limit],
    );
    return rows.map(toJob);
  }

  /**
   * Records what the page at this cursor found, once: a page that is done again finds what it found first. In one
   * transaction with what the page writes, a page counts exactly once.
   *
   * @returns whether this was the first time.
   */
  async finishPage(job: string, cursor: string, found: unknown): Promise<boolean> {
    const done = await this.on.query(
      `insert into penstock.job_pages (deployment, job, cursor, found) values ($1, $2, $3, $4::jsonb)
      on conflict do nothing returning cursor`,
      [this.deployment, job, cursor, JSON.stringify(found)],
    );
    return done.length === 1;
  }

  /** What the page at this cursor found; undefined where it has not been done. */
  async page(job: string, cursor: string): Promise<unknown> {
    const [row] = await this.on.query<{ found: unknown }>(
      'select found from penstock.job_pages where deployment = $1 and job = $2 and cursor = $3',
      [this.deployment, job, cursor],
    );
    return row?.found;
  }

  /** What all pages of a job found, in the order of their cursors. */
  async pages(job: string): Promise<readonly { readonly cursor: string; readonly found: unknown }[]> {
    return this.on.query<{ cursor: string; found: unknown }>(
      'select cursor, found from penstock.job_pages where deployment = $1 and job = $2 order by cursor',
      [this.deployment, job],
    );
  }

  /** Forgets a job's pages, once nobody will go on with it. */
  async forgetPages(job: string): Promise<void> {
    await this.on.query('delete from penstock.job_pages where deployment = $1 and job = $2', [this.deployment, job]);
  }

  /** Forgets the pages of jobs that have done none for so long, ms: of one that goes on, none however old. */
  async forgetPagesOlderThan(ms: number): Promise<void> {
    await this.on.query(
      `delete from penstock.job_pages where deployment = $1 and job in (
        select job from penstock.job_pages where deployment = $1 group by job
          having max(done_at) < now() - $2::bigint * interval '1 millisecond')`,
      [this.deployment, ms],
    );
  }
}

function toJob({ updated_at, ...row }: Row): JobRecord {
  return { ...row, updatedAtMs: updated_at.getTime() };
}
