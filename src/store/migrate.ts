import { type Database, SchemaNewerError } from './database.js';
import { MIGRATIONS, type Migration } from './migrations.js';

/** Of the lock under which one process at a time migrates; any number would do, as long as it stays the same. */
const LOCK = 7_366_884_201;

/**
 * Brings the database to the newest migration; several processes may come at once, and each is done once.
 *
 * @throws SchemaNewerError where a newer version has been here; DatabaseError.
 */
export async function migrate(database: Database, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  await database.transaction(async (on) => {
    // Held until the transaction ends, however it ends.
    await on.query('select pg_advisory_xact_lock($1)', [LOCK]);
    await on.query('create schema if not exists penstock');
    await on.query(
      `create table if not exists penstock.migrations (
        number int primary key, name text not null, applied_at timestamptz not null default now())`,
    );
    const [applied] = await on.query<{ newest: number }>(
      'select coalesce(max(number), 0) as newest from penstock.migrations',
    );
    const newest = applied?.newest ?? 0;
    if (newest > migrations.length) throw new SchemaNewerError(newest, migrations.length);
    for (const [index, { name, statements }] of migrations.entries()) {
      if (index < newest) continue;
      for (const statement of statements) await on.query(statement);
      await on.query('insert into penstock.migrations (number, name) values ($1, $2)', [index + 1, name]);
    }
  });
}
