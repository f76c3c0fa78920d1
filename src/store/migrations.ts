/** One step of the schema. Once released it is never changed: what it got wrong the next one mends. */
export interface Migration {
  readonly name: string;
  /** One statement each: PGlite takes no more in one call. */
  readonly statements: readonly string[];
}

/**
 * The schema, for PostgreSQL and PGlite alike, in the order in which it came about; a migration's number is its place, from 1.
 *
 * Every table begins with the deployment: several Penstocks may share a database. Amounts are minor units.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    name: 'usage, ledger, tombstones, jobs and objects',
    statements: [
      // Requests to Stripe by the minute; a 429's cause is in the outcome.
      `create table penstock.usage (
        deployment text not null, account text not null, lane text not null, endpoint text not null,
        minute timestamptz not null, outcome text not null,
        requests bigint not null check (requests > 0),
        primary key (deployment, account, minute, lane, endpoint, outcome))`,
      // What was counted already: a batch of unknown outcome is sent again under its id.
      `create table penstock.usage_batches (
        deployment text not null, id text not null, recorded_at timestamptz not null default now(),
        primary key (deployment, id))`,
      'create index usage_batches_by_age on penstock.usage_batches (deployment, recorded_at)',
      // A movement of money that Penstock knows of; the id is the charge's, refund's or dispute's at Stripe.
      `create table penstock.ledger (
        deployment text not null, account text not null, id text not null,
        kind text not null check (kind in ('charge', 'refund', 'dispute')),
        payment text, intent text,
        amount bigint not null, currency text not null, status text not null,
        occurred_at timestamptz not null, recorded_at timestamptz not null,
        primary key (deployment, account, id))`,
      'create index ledger_by_time on penstock.ledger (deployment, account, occurred_at, id)',
      'create index ledger_by_payment on penstock.ledger (deployment, payment) where payment is not null',
      // What is left of a payment once Temporal has forgotten it.
      `create table penstock.tombstones (
        deployment text not null, payment text not null,
        run text not null, fingerprint text not null,
        account text not null, merchant text not null, reference text not null,
        opened_at timestamptz not null, result jsonb, closed_at timestamptz,
        primary key (deployment, payment),
        check ((result is null) = (closed_at is null)))`,
      `create table penstock.jobs (
        deployment text not null, id text not null, type text not null, account text not null,
        state text not null, progress jsonb not null, updated_at timestamptz not null,
        primary key (deployment, id))`,
      'create index jobs_by_time on penstock.jobs (deployment, updated_at)',
      // What a page of a job found: a page that is done twice counts once.
      `create table penstock.job_pages (
        deployment text not null, job text not null, cursor text not null,
        found jsonb not null, done_at timestamptz not null default now(),
        primary key (deployment, job, cursor))`,
      `create table penstock.reconciled (
        deployment text not null, job text not null,
        difference text not null check (difference in ('missing', 'extra', 'different')),
        side text not null check (side in ('penstock', 'stripe')),
        object text not null, what jsonb not null,
        primary key (deployment, job, difference, side, object))`,
      `create table penstock.objects (
        deployment text not null, account text not null, kind text not null, id text not null,
        version bigint not null, created timestamptz not null, body jsonb not null,
        primary key (deployment, account, kind, id))`,
      'create index objects_by_time on penstock.objects (deployment, account, kind, created, id)',
    ],
  },
  {
    // So that whoever asks for a refund again when Temporal has forgotten it gets the one that was made.
    name: 'whose a refund is',
    statements: [
      'alter table penstock.ledger add column workflow text',
      'alter table penstock.ledger add column fingerprint text',
    ],
  },
  {
    // So that of two listings of an object that overlap neither is taken for the newer. Of what was kept before, and is by workers of
    // an earlier version, the end is not known, and is null: to write it into a large table takes longer than a statement may.
    name: 'until when an object may have been shown',
    statements: ['alter table penstock.objects add column answered bigint'],
  },
];
