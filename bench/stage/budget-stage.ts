import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SIMULATOR_KEY, SIMULATOR_WEBHOOK_SECRET } from '../../src/config/accounts.js';
import { freeLowPorts } from '../../src/dev/ports.js';
import { compiled } from '../../test/support/code.js';
import { Part, script } from '../../test/support/process.js';
import { SimulatorControl } from '../../test/support/simulator-control.js';
import { until } from '../../test/support/until.js';
import { compile } from './compile.js';
import { removeFolder, temporalPart, untilTemporalAnswers } from './server.js';
import { SIMULATOR } from './stage.js';

/** What an account is allowed in these rows, a second: what Stripe allows a live one. */
export const PER_SECOND = 100;

/** The account of the worker that issues the budget: what it does for itself is not counted with the account that is measured. */
const ISSUERS_KEY = 'sk_test_thebudgetsissuer';

/** What a caller says of itself: requests that have ended, and for how long they were under way together, ms. */
export interface UnderWay {
  readonly requests: number;
  readonly underWayMs: number;
}

const SAID = /^\{"requests":.*\}$/m;

/**
 * One account's budget, shared out by its issuer among callers that have all of a worker that reaches Stripe
 * (budget-caller.ts). The issuer's workflow runs in a worker of Penstock's, which serves another account and so has no
 * part in this budget.
 */
export class BudgetStage {
  private readonly callers = new Set<Part>();
  private started = 0;

  private constructor(
    private readonly folder: string,
    private readonly env: Readonly<Record<string, string>>,
    private readonly parts: readonly Part[],
    readonly simulator: SimulatorControl,
  ) {}

  /** @param maxWorkers callers that there will be at once at most, one that was killed a moment ago among them. */
  static async start(maxWorkers: number): Promise<BudgetStage> {
    await compile();
    const folder = mkdtempSync(join(tmpdir(), 'penstock-bench-'));
    const [simulatorPort, temporalPort, uiPort] = (await freeLowPorts(3)) as [number, number, number];
    const base = `http://127.0.0.1:${simulatorPort}`;
    const env = (name: string, key: string, account: string) => {
      const file = join(folder, `${name}.json`);
      const opened = { secret_key: key, webhook_secrets: [SIMULATOR_WEBHOOK_SECRET], api_base: base };
      const accounts = { [account]: { ...opened, budget: budgetFor(maxWorkers) } };
      writeFileSync(file, JSON.stringify({ accounts }));
      return {
        TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
        PENSTOCK_DATA_DIR: folder,
        PENSTOCK_CONFIG: file,
        LOG_LEVEL: 'warn',
      };
    };
    const issuerEnv = { ...env('issuer', ISSUERS_KEY, 'issuer'), LOG_LEVEL: 'info' };
    mkdirSync(join(folder, 'stripe'));
    const simulatorEnv = { SIMULATOR_PORT: String(simulatorPort), PENSTOCK_DATA_DIR: join(folder, 'stripe') };
    const parts = [
      await temporalPart(folder, temporalPort, uiPort, 'penstock'),
      new Part('simulator', [...SIMULATOR, '--memory'], simulatorEnv, /simulator on/),
      new Part('issuer', compiled().command('worker'), issuerEnv, /"worker ready"/),
    ] as const;
    const callersEnv = env('callers', SIMULATOR_KEY, 'default');
    const stage = new BudgetStage(folder, callersEnv, parts, new SimulatorControl(base));
    try {
      const [server, simulator, issuer] = parts;
      await Promise.all([server.start(), simulator.start()]);
      await untilTemporalAnswers(`127.0.0.1:${temporalPort}`);
      await issuer.start();
      await stage.allow(PER_SECOND);
      return stage;
    } catch (error) {
      await stage.stop();
      throw error;
    }
  }

  /** What Stripe allows from now on, a second in all; no endpoint is limited by itself. */
  async allow(perSecond: number): Promise<void> {
    await this.simulator.limits({ key: SIMULATOR_KEY, requests_per_second: perSecond });
  }

  /** Starts one more, which has asked for its share and does nothing yet. */
  async join(): Promise<Part> {
    this.started += 1;
    const caller = new Part(`caller ${this.started}`, script('bench/stage/budget-caller.ts'), this.env, /caller ready/);
    this.callers.add(caller);
    await caller.start();
    return caller;
  }

  /** Turns callers on that are off, and off that are on. */
  turn(callers: readonly Part[]): void {
    for (const caller of callers) process.kill(caller.pid, 'SIGUSR2');
  }

  /** Turns off callers that were on, each for the first time. @returns for how long a request was under way on average, ms. */
  async turnOff(callers: readonly Part[]): Promise<number> {
    this.turn(callers);
    await until(() => callers.every(({ output }) => SAID.test(output)));
    const all = callers.map(({ output }) => JSON.parse(SAID.exec(output)?.[0] ?? '') as UnderWay);
    const sum = (of: (said: UnderWay) => number) => all.reduce((total, said) => total + of(said), 0);
    return sum((said) => said.underWayMs) / sum((said) => said.requests);
  }

  /** @throws with what they said, when one of them has ended by itself. */
  assertRunning(callers: readonly Part[]): void {
    for (const { name, running, output } of callers) if (!running) throw new Error(`${name} ended:\n${output}`);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.callers, ...this.parts].map((part) => part.kill9()));
    removeFolder(this.folder);
  }
}

function budgetFor(maxWorkers: number) {
  return {
    requests_per_second: PER_SECOND,
    requests_per_second_per_endpoint: PER_SECOND,
    max_workers: maxWorkers,
    // Everything shares two cores: a request may be written and lie there until its receiver gets one.
    arrives_within_ms: 1_000,
  };
}
