import { findPostgres } from '../ops/topology/postgres.js';
import { findServer } from '../ops/topology/temporal-server.js';
import { loadConfig } from '../src/config/index.js';
import { findTemporal } from '../src/dev/temporal-cli.js';

const say = (line: string) => process.stderr.write(`${line}\n`);

const path = await findTemporal(loadConfig(), say);
say(`Temporal server for the tests: ${path}`);
if (process.env['PENSTOCK_TOPOLOGY'] === 'production') {
  say(`PostgreSQL for the tests: ${findPostgres()}`);
  say(`Temporal server on PostgreSQL: ${(await findServer(loadConfig(), say)).server}`);
}
