import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { type Config, loadConfig } from '../../src/config/index.js';
import { findTemporal } from '../../src/dev/temporal-cli.js';
import { startTemporalServer } from '../../src/dev/temporal-server.js';
import { ApiClient } from './api-client.js';
import { type Code, sources } from './code.js';
import { freePort, Part, type Runnable } from './process.js';
import { SimulatorControl } from './simulator-control.js';

export interface StackOptions {
  /** Overrides of the payment policy, as in PENSTOCK_CONFIG. */
  readonly policy?: Readonly<Record<string, number | string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** What the processes run from; the sources where nothing is said. */
  readonly code?: Code;
  /** Parts that are not started with the rest. */
  readonly without?: readonly ('worker' | 'api' | 'simulator')[];
}

/** Short enough for tests, each in the proportion of the real ones. */
const TEST_POLICY = {
  stripe_timeout_ms: 1_500,
  send_window_ms: 2_000,
  worker_lost_ms: 2_000,
  overdue_ms: 3_000,
  sweep_interval_ms: 2_000,
  proof_delay_ms: 2_000,
};

/**
 * Penstock as it runs: a Temporal server, the simulator, an API and a worker, each a process of its own, spoken to over
 * HTTP. Each can be killed and started again.
 */
export class Stack {
  private constructor(
    readonly folder: string,
    readonly config: Config,
    readonly temporalServer: TemporalServer,
    readonly simulatorPart: Runnable,
    readonly apiPart: Runnable,
    readonly workerPart: Runnable,
    readonly api: ApiClient,
    readonly simulator: SimulatorControl,
    /** Reads the simulator's truth as any client of Stripe's would. */
    readonly stripe: Stripe,
    readonly temporal: Client,
  ) {}

  static async start(options: StackOptions = {}): Promise<Stack> {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-test-'));
    const policyFile = join(folder, 'config.json');
    writeFileSync(policyFile, JSON.stringify({ policy: { payments: { ...TEST_POLICY, ...options.policy } } }));
    const [port, simulatorPort, temporalPort, uiPort] = await Promise.all([
      freePort(),
      freePort(),
      freePort(),
      freePort(),
    ]);
    const env: Record<string, string> = {
      PORT: String(port),
      SIMULATOR_PORT: String(simulatorPort),
      TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
      TEMPORAL_UI_PORT: String(uiPort),
      PENSTOCK_DATA_DIR: folder,
      PENSTOCK_CONFIG: policyFile,
      LOG_LEVEL: 'info',
      ...options.env,
    };
    const config = loadConfig({ ...process.env, ...env });
    const temporalServer = new TemporalServer(config, temporalPort, uiPort);
    const code = options.code ?? sources;
    const part = (name: string, command: string[], ready: RegExp) => new Part(name, command, env, ready, code.folder);
    const simulatorCommand = code.command('simulator/server', '--first-retry-ms', '200');
    const simulatorPart = part('simulator', simulatorCommand, /simulator on/);
    const apiPart = part('api', code.command('api-server'), /"api ready"/);
    const workerPart = part('worker', code.command('worker'), /"worker ready"/);

    await Promise.all([
      temporalServer.start(),
      options.without?.includes('simulator') ? undefined : simulatorPart.start(),
    ]);
    // One registers the namespace's attributes, the other finds them there.
    if (!options.without?.includes('api')) await apiPart.start();
    if (!options.without?.includes('worker')) await workerPart.start();
    const connection = Connection.lazy({ address: `127.0.0.1:${temporalPort}` });
    return new Stack(
      folder,
      config,
      temporalServer,
      simulatorPart,
      apiPart,
      workerPart,
      new ApiClient(`http://127.0.0.1:${port}`),
      new SimulatorControl(`http://127.0.0.1:${simulatorPort}`),
      stripeAt(simulatorPort),
      new Client({ connection }),
    );
  }

  async stop(): Promise<void> {
    await this.temporal.connection.close();
    await Promise.all([this.apiPart.kill9(), this.workerPart.kill9(), this.simulatorPart.kill9()]);
    await this.temporalServer.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Every charge at Stripe that went through, by the payment it belongs to. */
  async chargesOf(paymentId: string): Promise<Stripe.Charge[]> {
    const charges: Stripe.Charge[] = [];
    for await (const charge of this.stripe.charges.list({ limit: 100 })) {
      if (charge.metadata['penstock_workflow'] === paymentId && charge.paid) charges.push(charge);
    }
    return charges;
  }

  async intentsOf(paymentId: string): Promise<Stripe.PaymentIntent[]> {
    const intents: Stripe.PaymentIntent[] = [];
    for await (const intent of this.stripe.paymentIntents.list({ limit: 100 })) {
      if (intent.metadata['penstock_workflow'] === paymentId) intents.push(intent);
    }
    return intents;
  }

  /** Resolves with the payment's report when its run has closed. */
  async closed(paymentId: string): Promise<void> {
    await this.temporal.workflow.getHandle(paymentId).result();
  }
}

/** The Temporal server as a part that can be killed and started again on its database. */
export class TemporalServer {
  private running: Awaited<ReturnType<typeof startTemporalServer>> | undefined;

  constructor(
    private readonly config: Config,
    private readonly port: number,
    private readonly uiPort: number,
  ) {}

  async start(): Promise<void> {
    const cli = await findTemporal(this.config, () => undefined);
    const { port, uiPort } = this;
    this.running = await startTemporalServer({
      cli,
      dataDir: this.config.dataDir,
      port,
      uiPort,
      namespace: this.config.temporal.namespace,
    });
    this.running.failed.catch(() => undefined);
  }

  async stop(): Promise<void> {
    await this.running?.stop();
  }

  async kill9(): Promise<void> {
    if (this.running === undefined) return;
    process.kill(this.running.pid, 'SIGKILL');
    await this.running.failed.catch(() => undefined);
  }
}

function stripeAt(port: number): Stripe {
  return new Stripe(SIMULATOR_KEY, {
    host: '127.0.0.1',
    port,
    protocol: 'http',
    telemetry: false,
    maxNetworkRetries: 0,
  });
}
