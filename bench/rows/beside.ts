import { setTimeout as sleep } from 'node:timers/promises';
import type { LaneClass } from '../../src/domain/lanes.js';
import { firstAtStripe } from '../figures/budget.js';
import { type Band, banded, median, percentile, ratios } from '../figures/stats.js';
import { PATIENCE_MS, untilAllClosed } from '../measure/closing.js';
import { callsInLane } from '../measure/lane.js';
import { openLoop } from '../measure/open-loop.js';
import { isAccepted } from '../measure/taking.js';
import { type Order, ordersOf } from '../stage/orders.js';
import { Stage } from '../stage/stage.js';

export interface BesideSizes {
  /** Each is two windows alone and one beside the backlog. */
  readonly rounds: number;
  /** Payments of one window. */
  readonly payments: number;
  /** Calls that wait meanwhile. */
  readonly backlog: number;
}

/** What is measured, and what waits beside it. */
export interface Scene {
  readonly own: { readonly merchant: string; readonly perSecond: number };
  readonly others: { readonly merchant: string; readonly lane: LaneClass };
}

export const CHECKOUT_BESIDE_BACKGROUND: Scene = {
  own: { merchant: 'shop', perSecond: 15 },
  others: { merchant: 'biller', lane: 'background' },
};

/** Less than half of what the lane may start: what a merchant asks for beyond its share waits, as it has to. */
export const SMALL_BESIDE_LARGE: Scene = {
  own: { merchant: 'small', perSecond: 5 },
  others: { merchant: 'large', lane: 'checkout' },
};

interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

export interface BesideFigures {
  /** From the acknowledgement until the payment's first request is at Stripe, ms; medians over the windows. */
  readonly alone: Quantiles;
  readonly beside: Quantiles;
  /** Of the p99, beside the backlog to alone. */
  readonly ratio: Band;
  readonly backlog: number;
  /** Payments that were not taken, and that never came to Stripe. */
  readonly refused: number;
  readonly unsent: number;
}

/**
 * The account's budget, requests/s: what Stripe allows a live one. One request waits for the one before it, so a budget that
 * is smaller has whoever comes beside a backlog wait longer, whatever is done for them.
 */
const PER_SECOND = 100;

const BUDGET = {
  requests_per_second: PER_SECOND,
  requests_per_second_per_endpoint: PER_SECOND,
  max_workers: 2,
  arrives_within_ms: 1_000,
  // The lane is paused by hand while its backlog is made.
  lane_check_ms: 3_600_000,
};

/** Of each window, before what is counted: the worker has just started. */
const WARM_UP_S = 3;

const STREAMS = ['alone', 'beside', 'aloneAgain'] as const;
type Stream = (typeof STREAMS)[number];

/**
 * The same load alone, and beside what waits: on two stacks, of which one has a backlog in its lane, in turn, the one that is not
 * measured without its worker. Two windows of each round are alone: they say what chance makes of such a ratio.
 */
export async function measureBeside(
  scene: Scene,
  sizes: BesideSizes,
  seed: number,
  say: (line: string) => void,
): Promise<BesideFigures> {
  const options = { system: 'penstock', flags: 'penstock', simulatorKeepsData: false, budget: BUDGET } as const;
  const busy = await Stage.start(options);
  try {
    const free = await Stage.start(options);
    try {
      await free.parts.worker.stop();
      return await compare(scene, sizes, seed, { busy, free }, say);
    } finally {
      await free.stop();
    }
  } finally {
    await busy.stop();
  }
}

async function compare(
  scene: Scene,
  sizes: BesideSizes,
  seed: number,
  { busy, free }: { busy: Stage; free: Stage },
  say: (line: string) => void,
): Promise<BesideFigures> {
  const all: Record<Stream, number[][]> = { alone: [], beside: [], aloneAgain: [] };
  let [refused, unsent] = [0, 0];
  // The first is not counted: everything warms up.
  for (let round = 0; round <= sizes.rounds; round += 1) {
    for (const stream of rotated(round)) {
      const stage = stream === 'beside' ? busy : free;
      // A window takes some of them, and the next begins with as many.
      if (stream === 'beside') await callsInLane(busy, scene.others.lane, scene.others.merchant, sizes.backlog);
      const window = await windowOf(stage, scene, sizes.payments, seed, `${stream}-${round}`);
      refused += window.refused;
      unsent += window.unsent;
      if (round > 0) all[stream].push(window.toStripeMs);
    }
    const last = STREAMS.map((stream) => `${stream} ${percentile(all[stream].at(-1) ?? [], 0.99).toFixed(0)} ms`);
    if (round > 0) say(`round ${round}, p99: ${last.join(', ')}`);
  }
  const each = (stream: Stream, p: number) => all[stream].map((window) => percentile(window, p));
  const medians = (stream: Stream) => ({ p50: median(each(stream, 0.5)), p99: median(each(stream, 0.99)) });
  const alone = each('alone', 0.99);
  return {
    alone: medians('alone'),
    beside: medians('beside'),
    ratio: banded(ratios(each('beside', 0.99), alone), ratios(each('aloneAgain', 0.99), alone)),
    backlog: sizes.backlog,
    refused,
    unsent,
  };
}

function rotated(round: number): readonly Stream[] {
  return [...STREAMS.slice(round % STREAMS.length), ...STREAMS.slice(0, round % STREAMS.length)];
}

/** Orders of a merchant; nobody is at the till of those in the background. */
export function named(orders: readonly Order[], merchant: string, priority: LaneClass): Order[] {
  return orders.map((order) => ({ ...order, merchant, priority }));
}

async function windowOf(stage: Stage, { own }: Scene, payments: number, seed: number, name: string) {
  await stage.start('worker');
  const warmUp = own.perSecond * WARM_UP_S;
  const orders = named(ordersOf(warmUp + payments, seed, name), own.merchant, 'checkout');
  const takenAt = new Map<Order, number>();
  const startAtMs = performance.now() + 100;
  const { failures: refused } = await openLoop({ perSecond: own.perSecond, startAtMs }, orders, async (order) => {
    const taken = await isAccepted(stage, order);
    // As the simulator's log has its times.
    if (taken) takenAt.set(order, performance.timeOrigin + performance.now());
    return taken;
  });
  await untilAllClosed(stage, orders, PATIENCE_MS);
  await stage.parts.worker.stop();
  const arrived = firstAtStripe(await stage.simulator.requests('payment_intents.create'));
  const toStripeMs: number[] = [];
  let unsent = 0;
  for (const order of orders.slice(warmUp)) {
    const [from, at] = [takenAt.get(order), arrived.get(stage.system.workflowId(order))];
    if (from === undefined) continue;
    // The worker may have been quicker than the acknowledgement.
    if (at !== undefined) toStripeMs.push(Math.max(0, at - from));
    else unsent += 1;
  }
  await sleep(REST_MS);
  return { toStripeMs, refused, unsent };
}

/** Between two windows, ms. */
const REST_MS = 500;
