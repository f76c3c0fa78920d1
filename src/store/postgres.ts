import pg from 'pg';
import { inTime } from '../clock.js';
import { asDatabaseError, type Database, type Param, type Queryable } from './database.js';
import { Transaction } from './transaction.js';

/** Connections of one process: the store stands beside the payment path, and batches need few. */
const CONNECTIONS = 5;
/** Of those, what is kept open while nobody uses it: a payment that asks does not wait for a connection to be made first. */
const CONNECTIONS_KEPT = 1;
/** A connection that nobody uses shows so often that it lives: what stands between forgets silent ones within minutes. */
const KEEP_ALIVE_AFTER_MS = 10_000;
/** A database that does not answer counts as away after this. */
const CONNECT_TIMEOUT_MS = 5_000;
/** What runs for longer is ended by the server. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** A server that was killed together with its machine says nothing: the client gives up by itself. */
const ANSWER_TIMEOUT_MS = 15_000;
/** For the connections to close in order. */
const CLOSES_WITHIN_MS = 2_000;

const NUMBER_PARSERS = new Map<number, (text: string) => unknown>([[pg.types.builtins.INT8, toNumber]]);

/** As PGlite's own parser has it: a number, and only where that would not be exact a bigint. */
function toNumber(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    NUMBER_PARSERS.get(oid) ?? pg.types.getTypeParser(oid, format),
};

/** PostgreSQL. Nothing is connected before the first statement. */
export function openPostgres(url: string): Database {
  const pool = new pg.Pool({
    connectionString: url,
    types,
    max: CONNECTIONS,
    min: CONNECTIONS_KEPT,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    application_name: 'penstock',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
  });
  // A connection that breaks while nobody uses it is replaced with the next statement.
  pool.on('error', ignore);
  return {
    query: <Row extends object>(sql: string, params: readonly Param[] = []) =>
      withClient(pool, async (client) => (await client.query<Row>(sql, [...params])).rows),
    transaction: (work) => withClient(pool, (client) => inTransaction(client, work)),
    close: () => inTime(pool.end().catch(ignore), CLOSES_WITHIN_MS, ignore),
  };
}

const ignore = () => undefined;

/** A connection on which something else than an answer came is not used again. */
async function withClient<T>(pool: pg.Pool, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw asDatabaseError(error);
  });
  client.on('error', ignore);
  let isSound = true;
  try {
    return await use(client);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError || error instanceof RolledBackError)) isSound = false;
    throw error instanceof RolledBackError ? error.cause : asDatabaseError(error);
  } finally {
    client.off('error', ignore);
    client.release(!isSound);
  }
}

/** The work itself failed, and was undone: the connection is as good as before. */
class RolledBackError extends Error {}

async function inTransaction<T>(client: pg.PoolClient, work: (on: Queryable) => Promise<T>): Promise<T> {
  await client.query('begin');
  const on = new Transaction(async (sql, params) => {
    try {
      return (await client.query<object>(sql, [...params])).rows;
    } catch (error) {
      throw asDatabaseError(error);
    }
  });
  let result: T;
  try {
    result = await on.run(work);
  } catch (error) {
    await client.query('rollback');
    throw new RolledBackError('rolled back', { cause: error });
  }
  await client.query('commit');
  return result;
}
