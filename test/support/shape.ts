import type { Config } from '../../src/config/index.js';
import { type Code, compiled, sources } from './code.js';
import { EmbeddedServer, ProductionServer, type TemporalServer } from './temporal-server.js';

/** What the stacks of a run are made of. */
export interface Shape {
  readonly code: Code;
  readonly workers: number;
  /** Stripe's events go to a process of their own. */
  readonly webhooksApart: boolean;
  readonly temporalServer: (config: Config, port: number, uiPort: number) => TemporalServer;
}

const EMBEDDED: Shape = {
  code: sources,
  workers: 1,
  webhooksApart: false,
  temporalServer: (config, port, uiPort) => new EmbeddedServer(config, port, uiPort),
};

/** What docker-compose.yml describes. */
const PRODUCTION: Shape = {
  code: compiled(),
  workers: 2,
  webhooksApart: true,
  temporalServer: (config, port) => new ProductionServer(config, port),
};

/** `npm run test:topology` sets the variable. */
export function shapeOfThisRun(): Shape {
  const wanted = process.env['PENSTOCK_TOPOLOGY'] ?? '';
  if (wanted === '') return EMBEDDED;
  if (wanted === 'production') return PRODUCTION;
  throw new Error(`PENSTOCK_TOPOLOGY: ${wanted} is no shape there is; it may be "production"`);
}
