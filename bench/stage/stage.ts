import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import Stripe from 'stripe';
import { SIMULATOR_KEY, SIMULATOR_WEBHOOK_SECRET } from '../../src/config/accounts.js';
import { freeLowPorts } from '../../src/dev/ports.js';
import { ApiClient } from '../../test/support/api-client.js';
import { compiled } from '../../test/support/code.js';
import { Part } from '../../test/support/process.js';
import { SimulatorControl } from '../../test/support/simulator-control.js';
import { Caller } from './caller.js';
import { compile } from './compile.js';
import { type Flags, removeFolder, temporalPart, untilTemporalAnswers } from './server.js';
import { OTHER_ACCOUNT, type Places, type Program, type System, type SystemName, systemOf } from './system.js';

export interface StageOptions {
  readonly system: SystemName;
  readonly flags: Flags;
  /** Overrides of Penstock's payment policy. */
  readonly policy?: Readonly<Record<string, number>>;
  /** The budget of Penstock's account, as in its configuration; without it nothing is limited. */
  readonly budget?: Readonly<Record<string, number>>;
  /** Whether Penstock has a second account, to which no payment goes. */
  readonly twoAccounts?: boolean;
  /** More of the environment of the API and the worker. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the simulator outlives a kill; where nobody kills it, its writing to disk only takes time from the others. */
  readonly simulatorKeepsData?: boolean;
}

export type PartName = 'worker' | 'api' | 'temporal' | 'simulator';

/**
 * A system with servers and data of its own: a Temporal server, the simulator, an API and a worker, each a process. The
 * parts get the ports of this stage and nothing of the surrounding environment.
 */
export class Stage {
  private constructor(
    readonly system: System,
    private readonly places: Places,
    readonly parts: Readonly<Record<PartName, Part>>,
    readonly caller: Caller,
    /** Penstock's own calls; no other system answers them. */
    readonly penstock: ApiClient,
    readonly temporal: Client,
    readonly simulator: SimulatorControl,
    /** Reads the simulator's truth. */
    readonly stripe: Stripe,
    /** The same of {@link OTHER_ACCOUNT}. */
    readonly otherStripe: Stripe,
  ) {}

  static async start(options: StageOptions): Promise<Stage> {
    const { flags, simulatorKeepsData = true } = options;
    await compile();
    const system = systemOf(options.system, options.policy, options.budget, options.twoAccounts);
    const folder = mkdtempSync(join(tmpdir(), 'penstock-bench-'));
    // A run of many minutes opens thousands of connections: none of theirs may be a part's, which is killed and comes back.
    const [port, simulatorPort, temporalPort, uiPort] = (await freeLowPorts(4)) as [number, number, number, number];
    const temporalAddress = `127.0.0.1:${temporalPort}`;
    const places: Places = { folder, port, simulatorPort, temporalAddress };
    const env = { ...system.environment(places), ...options.env };
    const part = (name: string, { command, ready }: Program) => new Part(name, command, env, ready);
    const parts = {
      temporal: await temporalPart(folder, temporalPort, uiPort, flags),
      simulator: new Part(
        'simulator',
        simulatorKeepsData ? SIMULATOR : [...SIMULATOR, '--memory'],
        simulatorEnv(places),
        /simulator on/,
      ),
      api: part('api', system.api),
      worker: part('worker', system.worker),
    };
    const stripe = (key: string) =>
      new Stripe(key, { host: '127.0.0.1', port: simulatorPort, protocol: 'http', telemetry: false });
    const stage = new Stage(
      system,
      places,
      parts,
      new Caller(port, system),
      new ApiClient(`http://127.0.0.1:${port}`),
      new Client({ connection: Connection.lazy({ address: temporalAddress }) }),
      new SimulatorControl(`http://127.0.0.1:${simulatorPort}`),
      stripe(SIMULATOR_KEY),
      stripe(OTHER_ACCOUNT.key),
    );
    live.add(folder);
    try {
      await stage.startParts();
    } catch (error) {
      await stage.stop();
      throw error;
    }
    return stage;
  }

  private async startParts(): Promise<void> {
    await Promise.all([this.start('temporal'), this.start('simulator')]);
    await this.askForWebhooks();
    // One after the other: the first registers what the namespace needs, and the second finds it there.
    await this.start('api');
    await this.start('worker');
  }

  private async askForWebhooks(): Promise<void> {
    const { webhookPath, webhookEvents } = this.system;
    await this.simulator.sendWebhooks({
      key: SIMULATOR_KEY,
      url: `http://127.0.0.1:${this.places.port}${webhookPath}`,
      secret: SIMULATOR_WEBHOOK_SECRET,
      enabled_events: webhookEvents,
    });
  }

  async start(name: PartName): Promise<void> {
    await this.parts[name].start();
    if (name !== 'temporal') return;
    try {
      await untilTemporalAnswers(this.places.temporalAddress);
    } catch (error) {
      throw new Error(`no Temporal server:\n${this.parts.temporal.output}`, { cause: error });
    }
  }

  async kill9(...names: PartName[]): Promise<void> {
    await Promise.all(names.map((name) => this.parts[name].kill9()));
  }

  /** kill -9 of everything, and everything again in the order of need. */
  async killEverything(): Promise<void> {
    await this.kill9('worker', 'api', 'simulator', 'temporal');
    await this.startParts();
  }

  /** Ends the stage and everything it left on disk. */
  async stop(): Promise<void> {
    this.caller.close();
    await this.temporal.connection.close();
    await this.kill9('worker', 'api', 'simulator', 'temporal');
    live.delete(this.places.folder);
    removeFolder(this.places.folder);
  }
}

/** Nothing is left on disk, however this process ends. */
const live = new Set<string>();
process.on('exit', () => {
  for (const folder of live) removeFolder(folder);
});

/** Where its events go, and which, is set by its controls, and outlives a kill. */
export const SIMULATOR = compiled().command('simulator/server', '--first-retry-ms', '200', '--no-webhooks');

function simulatorEnv({ folder, simulatorPort }: Places): Record<string, string> {
  const data = join(folder, 'stripe');
  mkdirSync(data, { recursive: true });
  return { SIMULATOR_PORT: String(simulatorPort), PENSTOCK_DATA_DIR: data };
}
