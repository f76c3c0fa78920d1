import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { freeLowPorts } from '../../src/dev/ports.js';
import { compiled } from '../../test/support/code.js';
import { outside } from '../../test/support/outside.js';
import { Part, ROOT } from '../../test/support/process.js';
import { STRIPE_MOCK_KEY, startStripeMock } from '../../test/support/stripe-mock.js';
import { type Band, banded, median } from '../figures/stats.js';
import { bareClient } from '../measure/bare-client.js';
import { compile } from '../stage/compile.js';

export interface SimulatorSizes {
  /** Each is the simulator between two runs of stripe-mock. */
  readonly rounds: number;
  /** Payments made in one run. */
  readonly requests: number;
  /** Payments made for the sake of memory. */
  readonly payments: number;
  /** Payments made while nobody is where the webhooks go. */
  readonly unheard: number;
}

export interface SimulatorFigures {
  /** Payments/s, medians over the rounds. */
  readonly simulator: number;
  readonly mock: number;
  /** The simulator's to stripe-mock's. */
  readonly ratio: Band;
  readonly memory: readonly MemorySample[];
  /** The most that it took in the second half of the payments, to the most in the second quarter. */
  readonly growth: number;
  /** Payments/s through the bare client, without webhooks and with nobody where they go. */
  readonly bare: { readonly quiet: number; readonly unheard: number };
  /** Resident at most while nobody is where the webhooks go, MB. */
  readonly unheardMb: number;
  readonly refused: number;
}

export interface MemorySample {
  readonly payments: number;
  /** Resident, MB. */
  readonly mb: number;
}

/** As many at once as keep both sides busy on two cores. */
const AT_ONCE = 8;
const SAMPLES = 20;

/**
 * What the simulator takes of a bench that runs against it: payments created and confirmed in one call, through the same
 * client, of it and of Stripe's own mock, which keeps nothing and looks up an example; and what it keeps of many.
 */
export async function measureSimulator(sizes: SimulatorSizes, say: (line: string) => void): Promise<SimulatorFigures> {
  await Promise.all([compile(), promisify(execFile)(process.execPath, ['scripts/outside.mjs'], { cwd: ROOT })]);
  const { files } = outside('stripe-mock');
  const [own, mock] = [await startSimulator('--no-webhooks'), await startStripeMock(files.program)];
  try {
    const speed = await compareSpeed(sizes, { own: own.base, mock: mock.base }, say);
    await own.part.stop();
    const quiet = await fill(sizes.payments, ['--no-webhooks'], say);
    const unheard = await fill(sizes.unheard, ['--webhook-url', await nobodysUrl()], say);
    return {
      ...speed,
      memory: quiet.memory,
      growth: mostMb(quiet.memory, 0.5, 1) / mostMb(quiet.memory, 0.25, 0.5),
      bare: { quiet: quiet.perSecond, unheard: unheard.perSecond },
      unheardMb: mostMb(unheard.memory, 0, 1),
      refused: quiet.refused + unheard.refused,
    };
  } finally {
    await Promise.all([own.part.stop(), mock.part.stop()]);
  }
}

async function compareSpeed(
  { rounds, requests }: SimulatorSizes,
  bases: { readonly own: string; readonly mock: string },
  say: (line: string) => void,
) {
  const simulated = clientAt(bases.own, SIMULATOR_KEY);
  const mocked = clientAt(bases.mock, STRIPE_MOCK_KEY);
  // What is measured has run before: both sides compile, or fill their caches, as they go.
  for (const client of [simulated, mocked]) await perSecond(client, requests);
  const all: { own: number; mock: number; again: number }[] = [];
  for (let nth = 0; nth < rounds; nth += 1) {
    const mock = await perSecond(mocked, requests);
    const own = await perSecond(simulated, requests);
    const again = await perSecond(mocked, requests);
    all.push({ own, mock, again });
    say(
      `round ${nth + 1}: simulator ${own.toFixed(0)}, stripe-mock ${mock.toFixed(0)} and ${again.toFixed(0)} payments/s`,
    );
  }
  return {
    simulator: median(all.map(({ own }) => own)),
    mock: median(all.flatMap(({ mock, again }) => [mock, again])),
    ratio: banded(
      all.map(({ own }) => own),
      all.map(({ mock }) => mock),
      all.map(({ again }) => again),
    ),
  };
}

function clientAt(base: string, key: string): Stripe {
  const { hostname, port } = new URL(base);
  return new Stripe(key, { host: hostname, port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 });
}

const PAYMENT = {
  amount: 1_999,
  currency: 'eur',
  payment_method: 'pm_card_visa',
  confirm: true,
  automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  metadata: { order: '6735' },
} as const satisfies Stripe.PaymentIntentCreateParams;

/** @throws what is not answered as it should be: speed at refusing is none. */
async function perSecond(stripe: Stripe, requests: number): Promise<number> {
  let left = requests;
  const beganAt = performance.now();
  const one = async () => {
    while (left > 0) {
      left -= 1;
      await stripe.paymentIntents.create(PAYMENT);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return requests / ((performance.now() - beganAt) / 1000);
}

interface Filled {
  readonly memory: readonly MemorySample[];
  readonly perSecond: number;
  readonly refused: number;
}

/** Makes so many payments as fast as they are taken, and looks at the process now and then. */
async function fill(payments: number, args: readonly string[], say: (line: string) => void): Promise<Filled> {
  const { part, base } = await startSimulator(...args);
  const memory: MemorySample[] = [];
  let refused = 0;
  const beganAt = performance.now();
  try {
    const client = bareClient(base, SIMULATOR_KEY);
    const perSample = Math.ceil(payments / SAMPLES);
    for (let made = 0; made < payments; made += perSample) {
      refused += await client.payments(perSample, AT_ONCE, made);
      memory.push({ payments: made + perSample, mb: residentMb(part.pid) });
    }
    client.close();
  } finally {
    await part.stop();
  }
  const perSecond = payments / ((performance.now() - beganAt) / 1000);
  say(`${payments} payments: ${perSecond.toFixed(0)}/s, ${mostMb(memory, 0, 1).toFixed(0)} MB at most`);
  return { memory, perSecond, refused };
}

/** The most that it took between two parts of the payments, 0 to 1. */
function mostMb(memory: readonly MemorySample[], from: number, to: number): number {
  return Math.max(...memory.slice(from * SAMPLES, to * SAMPLES).map(({ mb }) => mb));
}

/** As `npm run simulator` has it where the API does not run. */
async function nobodysUrl(): Promise<string> {
  const [port] = await freeLowPorts(1);
  return `http://127.0.0.1:${port}/webhooks/stripe/default`;
}

async function startSimulator(...args: readonly string[]): Promise<{ readonly part: Part; readonly base: string }> {
  const [port] = await freeLowPorts(1);
  const command = compiled().command('simulator/server', '--memory', ...args);
  const part = new Part('simulator', command, { SIMULATOR_PORT: String(port) }, /simulator on/);
  await part.start();
  return { part, base: `http://127.0.0.1:${port}` };
}

function residentMb(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
}
