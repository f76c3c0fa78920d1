import {
  type Check,
  checkAcknowledgement,
  checkKills,
  checkSimulator,
  checkSpeed,
  checkStorm,
  checkWebhooks,
} from '../figures/checks.js';
import {
  reportAcknowledgement,
  reportKills,
  reportSimulator,
  reportSpeed,
  reportStorm,
  reportWebhooks,
} from '../figures/report.js';
import { type Acknowledgement, type AcknowledgementSizes, measureAcknowledgement } from './acknowledgement.js';
import { BUDGET_ROWS, type BudgetSizes } from './budget-rows.js';
import { KILLED, type KillOutcome, killAmid } from './kill.js';
import { measureSimulator, type SimulatorSizes } from './simulator.js';
import { measureSpeed, type Sizes } from './speed.js';
import { type StormOutcome, weather } from './storm.js';
import { measureWebhooks, type WebhookSizes } from './webhooks.js';

export interface AllSizes extends BudgetSizes {
  readonly speed: Sizes;
  readonly acknowledgement: AcknowledgementSizes;
  readonly storm: { readonly payments: number };
  readonly kill: { readonly perPath: number };
  readonly simulator: SimulatorSizes;
  readonly webhooks: WebhookSizes;
}

/** What a row measured, as its table, beside its targets, and as it is kept. */
export interface Measured {
  readonly lines: readonly string[];
  readonly checks: readonly Check[];
  readonly data: unknown;
}

export interface Row {
  readonly title: string;
  /** It is measured only when it is asked for: the default set has an end in sight. */
  readonly apart?: true;
  readonly measure: (sizes: AllSizes, seed: number, say: (line: string) => void) => Promise<Measured>;
}

export const ROWS: Readonly<Record<string, Row>> = {
  speed: {
    title: 'Speed and cost of a payment',
    measure: async (sizes, seed, say) => {
      const visits = await measureSpeed(sizes.speed, seed, say);
      return { lines: reportSpeed(visits), checks: checkSpeed(visits), data: visits };
    },
  },
  acknowledgement: {
    title: 'Acknowledgement at 20 requests/s beside the bare workflow.start',
    apart: true,
    measure: async (sizes, seed, say) => {
      const all: Acknowledgement[] = [];
      for (const surroundings of ['quiet', 'at work'] as const) {
        all.push(await measureAcknowledgement(surroundings, sizes.acknowledgement, seed, say));
      }
      return { lines: reportAcknowledgement(all), checks: all.flatMap(checkAcknowledgement), data: all };
    },
  },
  storm: {
    title: 'A storm: a quarter of the replies lost, truncated, reset or 500; webhooks tripled and shuffled',
    measure: async (sizes, seed, say) => {
      const outcomes: StormOutcome[] = [];
      for (const [system, killed] of STORMS) {
        const outcome = await weather(system, { ...sizes.storm, killed }, seed);
        outcomes.push(outcome);
        say(`${system}${killed ? ', killed' : ''}: ${outcome.seconds.toFixed(0)} s`);
      }
      return { lines: reportStorm(outcomes), checks: checkStorm(outcomes), data: outcomes };
    },
  },
  kill: {
    title: 'kill -9 in the middle of a payment',
    measure: async (sizes, _seed, say) => {
      const outcomes: KillOutcome[] = [];
      for (const part of KILLED) {
        outcomes.push(...(await killAmid(part, sizes.kill.perPath)));
        say(`${part} killed`);
      }
      return { lines: reportKills(outcomes), checks: checkKills(outcomes), data: outcomes };
    },
  },
  simulator: {
    title: 'The simulator beside stripe-mock, through the same client',
    apart: true,
    measure: async (sizes, _seed, say) => {
      const figures = await measureSimulator(sizes.simulator, say);
      return { lines: reportSimulator(figures), checks: checkSimulator(figures), data: figures };
    },
  },
  webhooks: {
    title: 'Webhooks taken, Temporal holding each, beside bare signals',
    measure: async (sizes, _seed, say) => {
      const figures = await measureWebhooks(sizes.webhooks, say);
      return { lines: reportWebhooks(figures), checks: checkWebhooks(figures), data: figures };
    },
  },
  ...BUDGET_ROWS,
};

/** What is measured where nothing is named. */
export const DEFAULT_ROWS = Object.keys(ROWS).filter((name) => ROWS[name]?.apart !== true);

const STORMS = [
  ['plain', false],
  ['plain, webhook wins', false],
  ['plain, one call', false],
  ['plain, own keys', false],
  ['penstock', false],
  ['plain', true],
  ['penstock', true],
] as const;
