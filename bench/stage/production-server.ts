import { loadConfig } from '../../src/config/index.js';
import { freeLowPorts } from '../../src/dev/ports.js';
import { ProductionServer } from '../../test/support/temporal-server.js';

/**
 * Temporal's server on a PostgreSQL of its own, as docker-compose.yml has them, in the data folder: `TEMPORAL_PORT` is where it
 * listens. Both end with this process, however it ends.
 */
const [postgresPort = 0] = await freeLowPorts(1);
const server = new ProductionServer(loadConfig(), Number(process.env['TEMPORAL_PORT']), postgresPort);
await server.start();
process.once('SIGTERM', async () => {
  await server.stop();
  process.exit(0);
});
process.stdout.write('production server ready\n');
