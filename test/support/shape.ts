import type { Config } from '../../src/config/index.js';
import { type Code, compiled, sources } from './code.js';
import { EmbeddedServer, ProductionServer, type TemporalServer } from './temporal-server.js';

/** Where a Temporal server and what belongs to it may listen. */
export interface ServerPorts {
  readonly port: number;
  readonly uiPort: number;
  readonly postgresPort: number;
}

/** What the stacks of a run are made of. */
export interface Shape {
  readonly code: Code;
  readonly workers: number;
  /** Stripe's events go to a process of their own. */
  readonly webhooksApart: boolean;
  /** @param flags of a server that comes with `npm start`; one in production has its own configuration. */
  readonly temporalServer: (config: Config, ports: ServerPorts, flags: readonly string[]) => TemporalServer;
}

const EMBEDDED: Shape = {
  code: sources,
  workers: 1,
  webhooksApart: false,
  temporalServer: (config, { port, uiPort }, flags) => new EmbeddedServer(config, port, uiPort, flags),
};

/** What docker-compose.yml describes. */
const PRODUCTION: Shape = {
  code: compiled(),
  workers: 2,
  webhooksApart: true,
  temporalServer: (config, { port, postgresPort }) => new ProductionServer(config, port, postgresPort),
};

/** `npm run test:topology` sets the variable. */
export function shapeOfThisRun(): Shape {
  const wanted = process.env['PENSTOCK_TOPOLOGY'] ?? '';
  if (wanted === '') return EMBEDDED;
  if (wanted === 'production') return PRODUCTION;
  throw new Error(`PENSTOCK_TOPOLOGY: ${wanted} is no shape there is; it may be "production"`);
}
