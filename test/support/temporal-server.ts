import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres } from '../../ops/topology/postgres.js';
import { createStore, newStorePassword, storeUrl } from '../../ops/topology/store.js';
import {
  createNamespace,
  findServer,
  INNER_PORTS,
  type ServerPorts,
  setUpSchema,
  startServer,
} from '../../ops/topology/temporal-server.js';
import type { Config } from '../../src/config/index.js';
import { freeLowPorts } from '../../src/dev/ports.js';
import { findTemporal } from '../../src/dev/temporal-cli.js';
import { startTemporalServer } from '../../src/dev/temporal-server.js';

/** A Temporal server as a part that can be killed and started again on its database. */
export interface TemporalServer {
  /** Of the store's database beside Temporal's own, where there is one: there once the server has started. */
  readonly storeUrl: string | undefined;
  start(): Promise<void>;
  stop(): Promise<void>;
  kill9(): Promise<void>;
  /** Answers nobody until {@link goOn}, and keeps every connection. */
  standStill(): void;
  goOn(): void;
  /** What has been written to its database, byte for byte as it is on the disk. */
  written(): Buffer;
}

const quiet = () => undefined;

function signal(pid: number | undefined, name: 'SIGSTOP' | 'SIGCONT'): void {
  if (pid === undefined) throw new Error('the Temporal server was never started');
  process.kill(pid, name);
}

/** The server that `npm start` brings along. */
export class EmbeddedServer implements TemporalServer {
  readonly storeUrl = undefined;
  private running: Awaited<ReturnType<typeof startTemporalServer>> | undefined;

  constructor(
    private readonly config: Config,
    private readonly port: number,
    private readonly uiPort: number,
    private readonly flags: readonly string[],
  ) {}

  async start(): Promise<void> {
    const cli = await findTemporal(this.config, quiet);
    const { port, uiPort, flags } = this;
    this.running = await startTemporalServer({
      cli,
      dataDir: this.config.dataDir,
      port,
      uiPort,
      namespace: this.config.temporal.namespace,
      flags,
    });
    this.running.failed.catch(quiet);
  }

  async stop(): Promise<void> {
    await this.running?.stop();
  }

  standStill(): void {
    signal(this.running?.pid, 'SIGSTOP');
  }

  goOn(): void {
    signal(this.running?.pid, 'SIGCONT');
  }

  async kill9(): Promise<void> {
    if (this.running === undefined) return;
    process.kill(this.running.pid, 'SIGKILL');
    await this.running.failed.catch(quiet);
  }

  written(): Buffer {
    return readFileSync(join(this.config.dataDir, 'temporal.db-wal'));
  }
}

/** The server as in production, on a PostgreSQL of its own, which goes on when the server is killed and has the store too. */
export class ProductionServer implements TemporalServer {
  private postgres: Awaited<ReturnType<typeof startPostgres>> | undefined;
  private server: Awaited<ReturnType<typeof startServer>> | undefined;
  private ports: ServerPorts | undefined;
  private readonly storePassword = newStorePassword();

  constructor(
    private readonly config: Config,
    private readonly port: number,
    private readonly postgresPort: number,
  ) {}

  get storeUrl(): string {
    return storeUrl({ host: '127.0.0.1', port: this.postgresPort }, this.storePassword);
  }

  async start(): Promise<void> {
    const { dataDir, temporal } = this.config;
    const programs = await findServer(this.config, quiet);
    const isNew = this.postgres === undefined;
    if (this.postgres === undefined || this.ports === undefined) {
      // PostgreSQL, which refuses root, has to get through to its own folder.
      chmodSync(dataDir, 0o711);
      this.ports = { frontend: this.port, inner: await freeLowPorts(INNER_PORTS) };
      this.postgres = await startPostgres(dataDir, this.postgresPort);
      this.postgres.failed.catch(quiet);
      setUpSchema(this.postgres.database, programs);
      createStore(this.postgres.database, this.storePassword);
    }
    this.server = await startServer(programs, this.postgres.database, this.ports, dataDir);
    this.server.failed.catch(quiet);
    if (isNew) {
      createNamespace(`127.0.0.1:${this.port}`, temporal.namespace, await findTemporal(this.config, quiet));
    }
  }

  async stop(): Promise<void> {
    await this.server?.stop();
    await this.postgres?.stop();
  }

  standStill(): void {
    signal(this.server?.pid, 'SIGSTOP');
  }

  goOn(): void {
    signal(this.server?.pid, 'SIGCONT');
  }

  async kill9(): Promise<void> {
    await this.server?.kill9();
  }

  written(): Buffer {
    const folder = join(this.config.dataDir, 'postgresql/pg_wal');
    const segments = readdirSync(folder).filter((name) => /^[0-9A-F]{24}$/.test(name));
    return Buffer.concat(segments.map((name) => readFileSync(join(folder, name))));
  }
}
