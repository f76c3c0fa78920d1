import { closedAtMs, costOf } from '../figures/counting.js';
import { percentile } from '../figures/stats.js';
import { historyOf, PATIENCE_MS, untilAllClosed } from '../measure/closing.js';
import { openLoop } from '../measure/open-loop.js';
import { type ProcessorTime, processorTime, spent } from '../measure/processor.js';
import { isAccepted, take, takeAll } from '../measure/taking.js';
import { type Order, ordersOf } from '../stage/orders.js';
import type { Flags } from '../stage/server.js';
import { Stage } from '../stage/stage.js';
import type { SystemName } from '../stage/system.js';

export interface Configuration {
  readonly system: SystemName;
  readonly flags: Flags;
}

/**
 * Each gain has a line of its own: the code on the same server, and the server under the same code. What has a target
 * between the two stands side by side.
 */
export const CONFIGURATIONS: readonly Configuration[] = [
  { system: 'plain', flags: 'default' },
  { system: 'penstock', flags: 'penstock' },
  { system: 'plain', flags: 'penstock' },
  { system: 'penstock', flags: 'default' },
];

export interface Sizes {
  readonly rounds: number;
  readonly warmUp: number;
  /** Payments made one at a time. */
  readonly alone: number;
  readonly backlog: number;
  /** Requests at the fixed rate. */
  readonly acknowledged: number;
}

/** What one visit to one configuration gave. */
export interface Visit {
  /** Until the last one has closed. */
  readonly paymentsPerSecond: number;
  /** Until nine in ten have: one task that the server lost sight of decides nothing here. */
  readonly nineInTenPerSecond: number;
  /** Of the backlog, still open when patience ended. */
  readonly unfinished: number;
  readonly endToEndMs: number[];
  readonly acknowledgementMs: number[];
  readonly refused: number;
  readonly events: number[];
  readonly actions: number[];
  readonly stripeCalls: number;
  readonly processorMs: ProcessorTime;
}

export type Visits = readonly { readonly configuration: Configuration; readonly visits: Visit[] }[];

/** Acknowledgements are asked for at this rate. */
export const PER_SECOND = 20;

/** Every configuration in turn, round by round, each time on fresh servers with fresh data. */
export async function measureSpeed(sizes: Sizes, seed: number, say: (line: string) => void): Promise<Visits> {
  const all = CONFIGURATIONS.map((configuration) => ({ configuration, visits: [] as Visit[] }));
  for (let round = 1; round <= sizes.rounds; round += 1) {
    // There and back: neighbours stay neighbours, so that what the machine does for minutes falls on both.
    for (const { configuration, visits } of round % 2 === 1 ? all : all.toReversed()) {
      const visit = await visitOf(configuration, sizes, seed + round);
      visits.push(visit);
      const { system, flags } = configuration;
      say(`round ${round}: ${system} on ${flags} flags, ${visit.paymentsPerSecond.toFixed(1)} payments/s`);
    }
  }
  return all;
}

async function visitOf(configuration: Configuration, sizes: Sizes, seed: number): Promise<Visit> {
  const stage = await Stage.start({ ...configuration, simulatorKeepsData: false });
  try {
    // What is just-in-time compiled, connected and cached is so for a service's life, and not what is measured.
    const warmUp = ordersOf(sizes.warmUp, seed, 'warm');
    await takeAll(stage, warmUp);
    await untilAllClosed(stage, warmUp, PATIENCE_MS);
    const alone = await onePaymentAtATime(stage, ordersOf(sizes.alone, seed + 1, 'alone'));
    const backlog = await workOff(stage, ordersOf(sizes.backlog, seed + 2, 'backlog'));
    const acknowledged = await acknowledge(stage, ordersOf(sizes.acknowledged, seed + 3, 'rate'));
    return { ...alone, ...backlog, ...acknowledged };
  } finally {
    await stage.stop();
  }
}

/** From the request until the caller knows that the workflow has closed: the same wait for every system. */
async function onePaymentAtATime(stage: Stage, orders: readonly Order[]): Promise<Pick<Visit, 'endToEndMs'>> {
  const endToEndMs: number[] = [];
  for (const order of orders) {
    const sentAt = performance.now();
    await take(stage, order);
    const open = await untilAllClosed(stage, [order], PATIENCE_MS);
    if (open.length > 0) throw new Error(`${order.reference} did not close within ${PATIENCE_MS / 1000} s`);
    endToEndMs.push(performance.now() - sentAt);
  }
  return { endToEndMs };
}

/** From the first request to the last close, as the histories have it; then what each payment cost. */
async function workOff(
  stage: Stage,
  orders: readonly Order[],
): Promise<Omit<Visit, 'endToEndMs' | 'acknowledgementMs' | 'refused'>> {
  const callsBefore = (await stage.simulator.requests()).length;
  const usedBefore = processorTime(stage);
  const firstAtMs = Date.now();
  await takeAll(stage, orders);
  const open = await untilAllClosed(stage, orders, PATIENCE_MS);
  const gaveUpAtMs = Date.now();
  const processorMs = spent(usedBefore, processorTime(stage), orders.length);
  const stripeCalls = ((await stage.simulator.requests()).length - callsBefore) / orders.length;
  const histories = [];
  for (const order of orders) histories.push(await historyOf(stage, order));
  const closedMs = histories.map((events, nth) => {
    const order = orders[nth];
    return (order !== undefined && open.includes(order) ? gaveUpAtMs : closedAtMs(events)) - firstAtMs;
  });
  const costs = histories.map(costOf);
  return {
    paymentsPerSecond: (orders.length / Math.max(...closedMs)) * 1000,
    nineInTenPerSecond: ((orders.length * 0.9) / percentile(closedMs, 0.9)) * 1000,
    unfinished: open.length,
    events: costs.map((cost) => cost.events),
    actions: costs.map((cost) => cost.actions),
    stripeCalls,
    processorMs,
  };
}

async function acknowledge(
  stage: Stage,
  orders: readonly Order[],
): Promise<Pick<Visit, 'acknowledgementMs' | 'refused'>> {
  const { latenciesMs, failures } = await openLoop(
    { perSecond: PER_SECOND, startAtMs: performance.now() },
    orders,
    (order) => isAccepted(stage, order),
  );
  return { acknowledgementMs: latenciesMs, refused: failures };
}
