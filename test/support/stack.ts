import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import { defineQuery } from '@temporalio/workflow';
import Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { type Config, loadConfig } from '../../src/config/index.js';
import { freeLowPorts } from '../../src/dev/ports.js';
import { type LaneClass, laneQueue } from '../../src/domain/lanes.js';
import { ApiClient, aPayment } from './api-client.js';
import type { Code } from './code.js';
import { OwnPostgres } from './databases.js';
import { Part, PartGroup, type Runnable } from './process.js';
import { shapeOfThisRun } from './shape.js';
import { SimulatorControl } from './simulator-control.js';
import type { TemporalServer } from './temporal-server.js';
import { until } from './until.js';

export interface StackOptions {
  /** Overrides of the payment policy, as in PENSTOCK_CONFIG. */
  readonly policy?: Readonly<Record<string, number | string>>;
  /** Other parts of PENSTOCK_CONFIG. Accounts are given for where the simulator will be. */
  readonly file?: (simulator: string) => Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Stripe's events go to a process of their own, in any shape. */
  readonly webhooksApart?: boolean;
  /** What the processes run from, where it is not the run's own. */
  readonly code?: Code;
  /** The API and the workers have a store, in any shape; else it is there where the shape has one. */
  readonly withStore?: boolean;
  /** Flags of the Temporal server that `npm start` brings along; in other shapes there is another. */
  readonly serverFlags?: readonly string[];
  /** Parts that are not started with the rest. */
  readonly without?: readonly PartName[];
}

/** One for everything there may be, and then each worker's. */
type Ports = [number, number, number, number, number, number, ...workers: number[]];

type PartName = 'worker' | 'api' | 'webhooks' | 'simulator';

/**
 * Short enough for tests, each in the proportion of the real ones. Not so the time Stripe has to answer: a call is held for
 * as long as a test needs, and only where an answer never comes is its end waited for. Nor so a worker's silence: a slow one that was
 * taken for lost would do a call again.
 */
const TEST_POLICY = {
  stripe_timeout_ms: 20_000,
  send_window_ms: 2_000,
  worker_lost_ms: 10_000,
  overdue_ms: 3_000,
  sweep_interval_ms: 2_000,
  proof_delay_ms: 2_000,
};

/** For tests that kill workers amid calls, and in which it is no matter how often a call is done. */
export const SOON_LOST = { worker_lost_ms: 2_000 };

/**
 * Penstock as it runs: a Temporal server, the simulator, an API and a worker, each a process of its own, spoken to over
 * HTTP. Each can be killed and started again. What stands behind each is the run's shape: in `npm test` the embedded server
 * and the sources, in `npm run test:topology` the server on PostgreSQL, with the store
 * beside it, and compiled code.
 */
export class Stack {
  private constructor(
    readonly folder: string,
    readonly config: Config,
    readonly temporalServer: TemporalServer,
    readonly simulatorPart: Runnable,
    readonly apiPart: Runnable,
    readonly workerPart: Runnable,
    /** The process that takes Stripe's events and nothing else; nothing where the API takes them. */
    readonly webhooksPart: Runnable,
    readonly api: ApiClient,
    /** Where Stripe's events go. */
    readonly webhooks: ApiClient,
    /** Each worker's own port, for its metrics. */
    readonly workerPorts: readonly ApiClient[],
    readonly simulator: SimulatorControl,
    /** Reads the simulator's truth as any client of Stripe's would. */
    readonly stripe: Stripe,
    readonly temporal: Client,
    /** Of the store that the API and the workers have; empty where they have none. */
    readonly databaseUrl: string,
  ) {}

  static async start(options: StackOptions = {}): Promise<Stack> {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-test-'));
    const policyFile = join(folder, 'config.json');
    const shape = shapeOfThisRun();
    const ports = (await freeLowPorts(6 + shape.workers)) as Ports;
    const [port, simulatorPort, uiPort, temporalPort, webhooksPort, postgresPort, ...metricsPorts] = ports;
    const file = options.file?.(`http://127.0.0.1:${simulatorPort}`);
    const payments = { ...TEST_POLICY, ...options.policy };
    writeFileSync(policyFile, JSON.stringify({ policy: { payments }, ...file }));
    const env: Record<string, string> = {
      PORT: String(port),
      WEBHOOKS_PORT: String(webhooksPort),
      SIMULATOR_PORT: String(simulatorPort),
      TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
      TEMPORAL_UI_PORT: String(uiPort),
      PENSTOCK_DATA_DIR: folder,
      PENSTOCK_CONFIG: policyFile,
      LOG_LEVEL: 'info',
      ...options.env,
    };
    const config = loadConfig({ ...process.env, ...env });
    const serverPorts = { port: temporalPort, uiPort, postgresPort };
    const temporalServer = shape.temporalServer(config, serverPorts, options.serverFlags ?? []);
    const code = options.code ?? shape.code;
    const part = (name: string, command: string[], ready: RegExp, own: Record<string, string> = {}) =>
      new Part(name, command, { ...env, ...own }, ready, code.folder);
    // Where a test says something of the store, that holds: '' is none.
    const shapesOwn = options.env?.['DATABASE_URL'] ?? temporalServer.storeUrl;
    const postgres = shapesOwn === undefined && options.withStore ? await OwnPostgres.start() : undefined;
    const databaseUrl = shapesOwn ?? (await postgres?.createDatabase()) ?? '';
    const store = { DATABASE_URL: databaseUrl };
    const apart = shape.webhooksApart || options.webhooksApart === true;
    const webhooksBase = `http://127.0.0.1:${apart ? webhooksPort : port}`;
    const webhookUrl = `${webhooksBase}/webhooks/stripe/default`;
    const simulatorCommand = code.command('simulator/server', '--first-retry-ms', '200', '--webhook-url', webhookUrl);
    const simulatorPart = part('simulator', simulatorCommand, /simulator on/);
    const apiPart = part('api', code.command('api-server'), /"api ready"/, store);
    const ingest = apart ? [part('webhooks', code.command('webhooks-server'), /"webhooks ready"/)] : [];
    const workers = metricsPorts.map((own, i) =>
      part(`worker ${i + 1}`, code.command('worker'), /"worker ready"/, { ...store, METRICS_PORT: String(own) }),
    );

    const connection = Connection.lazy({ address: `127.0.0.1:${temporalPort}` });
    const stack = new Stack(
      folder,
      config,
      temporalServer,
      simulatorPart,
      apiPart,
      new PartGroup('workers', workers),
      new PartGroup('webhooks', ingest),
      new ApiClient(`http://127.0.0.1:${port}`),
      new ApiClient(webhooksBase),
      metricsPorts.map((own) => new ApiClient(`http://127.0.0.1:${own}`)),
      new SimulatorControl(`http://127.0.0.1:${simulatorPort}`),
      stripeAt(simulatorPort),
      new Client({ connection }),
      databaseUrl,
    );
    stack.ownPostgres = postgres;
    stack.makeWorker = (name) => part(name, code.command('worker'), /"worker ready"/, store);
    try {
      await stack.startParts(new Set(options.without));
    } catch (error) {
      // A test whose stack did not come up has nothing to stop, and must not wait for what is left of it.
      await stack.stop();
      throw error;
    }
    return stack;
  }

  private ownPostgres: OwnPostgres | undefined;

  /** By which the labels at Stripe and the rows of the store name this deployment. */
  async deployment(): Promise<string> {
    const { namespace } = this.temporal.options;
    const { namespaceInfo } = await this.temporal.workflowService.describeNamespace({ namespace });
    return namespaceInfo?.id ?? '';
  }

  /** Sets a lane's limit by hand, activities a second, over whatever its workers say; null takes it away, and 0 pauses it. */
  async setLane(lane: LaneClass, requestsPerSecond: number | null): Promise<void> {
    const { namespace } = this.temporal.options;
    const rateLimit = requestsPerSecond === null ? {} : { rateLimit: { requestsPerSecond } };
    await until(async () => {
      try {
        await this.temporal.workflowService.updateTaskQueueConfig({
          ...{ namespace, identity: 'somebody', taskQueue: laneQueue('default', lane), taskQueueType: 2 },
          updateQueueRateLimit: { ...rateLimit, reason: 'by hand' },
        });
        return true;
      } catch (error) {
        // A worker that was killed while it set a limit, or the first one of a lane, has the server refuse all for some seconds.
        if (!/exactly one row|unique|duplicate/i.test(String(error))) throw error;
        return false;
      }
    });
  }

  /** One more worker, beside those of the run's shape; not started yet, and ended with the stack. */
  anotherWorker(): Part {
    const part = this.makeWorker(`worker ${this.more.length + 1} more`);
    this.more.push(part);
    return part;
  }
  private readonly more: Part[] = [];
  private makeWorker: (name: string) => Part = () => {
    throw new Error('the stack was not started');
  };

  private async startParts(without: ReadonlySet<string>): Promise<void> {
    await Promise.all([this.temporalServer.start(), without.has('simulator') ? undefined : this.simulatorPart.start()]);
    // One registers the namespace's attributes, the other finds them there.
    if (!without.has('api')) await this.apiPart.start();
    if (!without.has('webhooks')) await this.webhooksPart.start();
    if (!without.has('worker')) await this.workerPart.start();
  }

  async stop(): Promise<void> {
    await this.temporal.connection.close();
    await Promise.all(this.more.map((part) => part.kill9()));
    await Promise.all(
      [this.apiPart, this.webhooksPart, this.workerPart, this.simulatorPart].map((part) => part.kill9()),
    );
    await this.temporalServer.stop();
    await this.ownPostgres?.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A payment that succeeded, and whose run has closed. */
  async paid(changes: Record<string, unknown> = {}): Promise<{ id: string; intent: string }> {
    const { id, status, payment_intent } = await this.api.pay(aPayment(changes));
    assert.equal(status, 'succeeded');
    await this.closed(id);
    return { id, intent: payment_intent ?? '' };
  }

  /**
   * Runs a workflow again from an event on, by default the one with which its first task completed.
   *
   * @param run which of its runs; the last one where nothing is said.
   */
  async reset(
    workflowId: string,
    run: string | null = null,
    { from = 4, withoutSignals = false }: { from?: number; withoutSignals?: boolean } = {},
  ): Promise<void> {
    const SIGNALS = 1;
    await this.temporal.workflowService.resetWorkflowExecution({
      namespace: this.temporal.options.namespace,
      workflowExecution: { workflowId, runId: run },
      reason: 'a test',
      workflowTaskFinishEventId: from as never,
      requestId: randomUUID(),
      resetReapplyExcludeTypes: withoutSignals ? [SIGNALS] : [],
    });
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

  /** Resolves once there is a workflow of this id: what an event starts, starts when the event has come. */
  async started(workflowId: string): Promise<WorkflowHandle> {
    const handle = this.temporal.workflow.getHandle(workflowId);
    await until(async () => {
      const found = await handle.describe().catch((error: unknown) => error);
      if (found instanceof Error && !(found instanceof WorkflowNotFoundError)) throw found;
      return !(found instanceof Error);
    });
    return handle;
  }

  /** Resolves once the payment's call to Stripe is scheduled: it is in its lane, or further. */
  async inLane(paymentId: string): Promise<void> {
    const handle = this.temporal.workflow.getHandle(paymentId);
    await until(async () => ((await handle.describe()).raw.pendingActivities?.length ?? 0) > 0);
  }

  /** What a workflow's page in the Web UI says of it now (Markdown). */
  async pageOf(workflowId: string): Promise<string> {
    const metadata = defineQuery<{ currentDetails?: string }>('__temporal_workflow_metadata');
    return (await this.temporal.workflow.getHandle(workflowId).query(metadata)).currentDetails ?? '';
  }

  /** Resolves once a person has been told, which is a line in a worker's log; what it is about is shown before that. */
  async alerted(what: RegExp): Promise<void> {
    await until(() => what.test(this.workerPart.output));
  }

  /** Resolves with the payment's report when its run has closed. */
  async closed(paymentId: string): Promise<void> {
    await this.temporal.workflow.getHandle(paymentId).result();
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
