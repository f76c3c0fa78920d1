import { setTimeout as sleep } from 'node:timers/promises';
import type { LaneClass } from '../../src/domain/lanes.js';
import { firstAtStripe } from '../figures/budget.js';
import { type Way, wayOf } from '../figures/counting.js';
import { percentile } from '../figures/stats.js';
import { historyOf, PATIENCE_MS, untilAllClosed } from '../measure/closing.js';
import { callsInLane } from '../measure/lane.js';
import { openLoop } from '../measure/open-loop.js';
import { isAccepted } from '../measure/taking.js';
import { type Order, ordersOf } from '../stage/orders.js';
import { Stage } from '../stage/stage.js';
import { OTHER_ACCOUNT } from '../stage/system.js';

export interface BesideSizes {
  /** Each is two windows alone, one beside the backlog and one beside as much of another account. */
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
  own: { merchant: 'shop', perSecond: 5 },
  others: { merchant: 'biller', lane: 'background' },
};

/** Less than half of what the lane may start: what a merchant asks for beyond its share waits, as it has to. */
export const SMALL_BESIDE_LARGE: Scene = {
  own: { merchant: 'small', perSecond: 5 },
  others: { merchant: 'large', lane: 'checkout' },
};

/**
 * Where a backlog is worked on meanwhile: nowhere, in the account's own lane, or in that of an account whose budget is not the
 * account's: as much work for the machine, and nothing that a payment would have to wait its turn for.
 */
const STREAMS = ['alone', 'beside', 'elsewhere', 'aloneAgain'] as const;
type Stream = (typeof STREAMS)[number];

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

/** From the acknowledgement until the payment's first request is at Stripe, ms, of all windows together; and where that went. */
export interface StreamFigures extends Quantiles {
  readonly way: Readonly<Record<keyof Way, Quantiles>>;
}

export interface BesideFigures extends Readonly<Record<Stream, StreamFigures>> {
  readonly backlog: number;
  /** Calls of the backlog that came to Stripe while it was measured, in the window that had the fewest, and what was left for them. */
  readonly leastWorkedPerSecond: number;
  readonly leftPerSecond: number;
  /** Payments of each stream. */
  readonly payments: number;
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
  // With two it would have half of it until nobody can be using the other, who has just come.
  max_workers: 1,
  arrives_within_ms: 1_000,
  // The lane is paused by hand while its backlog is made.
  lane_check_ms: 3_600_000,
};

/** Of each window, before what is counted, s: the worker has just started, and a lane that was paused is let go again. */
const WARM_UP_S = 6;

/**
 * The same load alone, and beside what waits: on stacks of which each has its backlog in another lane, or none; in turn, those that
 * are not measured without their workers.
 */
export async function measureBeside(
  scene: Scene,
  sizes: BesideSizes,
  seed: number,
  say: (line: string) => void,
): Promise<BesideFigures> {
  const stages: Stage[] = [];
  try {
    for (let nth = 0; nth < 3; nth += 1) {
      const stage = await Stage.start({
        ...{ system: 'penstock', flags: 'penstock', simulatorKeepsData: false, budget: BUDGET, twoAccounts: true },
      });
      stages.push(stage);
    }
    const [free, busy, elsewhere] = stages as [Stage, Stage, Stage];
    // Those of the others set the limits of their lanes first, and are stopped when a backlog is made.
    await free.parts.worker.stop();
    return await compare(scene, sizes, seed, { alone: free, beside: busy, elsewhere, aloneAgain: free }, say);
  } finally {
    for (const stage of stages) await stage.stop();
  }
}

async function compare(
  { own, others }: Scene,
  sizes: BesideSizes,
  seed: number,
  stages: Readonly<Record<Stream, Stage>>,
  say: (line: string) => void,
): Promise<BesideFigures> {
  const all: Record<Stream, Sent[]> = { alone: [], beside: [], elsewhere: [], aloneAgain: [] };
  let [refused, unsent] = [0, 0];
  let leastWorkedPerSecond = Number.POSITIVE_INFINITY;
  // The first is not counted: everything warms up.
  for (let round = 0; round <= sizes.rounds; round += 1) {
    const last: string[] = [];
    for (const stream of rotated(round)) {
      const stage = stages[stream];
      // A window takes some of them, and the next begins with as many.
      const account = stream === 'elsewhere' ? OTHER_ACCOUNT.name : 'default';
      const waits = stream === 'beside' || stream === 'elsewhere';
      if (waits) await callsInLane(stage, { account, lane: others.lane }, others.merchant, sizes.backlog);
      const window = await windowOf(stage, own, sizes.payments, seed, `${stream}-${round}`);
      refused += window.refused;
      unsent += window.unsent;
      if (round > 0) all[stream].push(...window.sent);
      if (round > 0 && waits) leastWorkedPerSecond = Math.min(leastWorkedPerSecond, window.workedPerSecond);
      const worked = waits ? ` (${window.workedPerSecond.toFixed(0)} calls/s worked off)` : '';
      last.push(`${stream} ${streamOf(window.sent).p99.toFixed(0)} ms${worked}`);
    }
    if (round > 0) say(`round ${round}, p99: ${last.sort().join(', ')}`);
  }
  const [payments, leftPerSecond] = [all.beside.length, PER_SECOND - own.perSecond];
  return {
    ...{ alone: streamOf(all.alone), beside: streamOf(all.beside) },
    ...{ elsewhere: streamOf(all.elsewhere), aloneAgain: streamOf(all.aloneAgain) },
    ...{ backlog: sizes.backlog, payments, refused, unsent },
    ...{ leastWorkedPerSecond, leftPerSecond },
  };
}

/** A payment that came to Stripe. */
interface Sent {
  readonly toStripeMs: number;
  readonly way: Way;
}

function streamOf(sent: readonly Sent[]): StreamFigures {
  const quantiles = (of: (one: Sent) => number): Quantiles => {
    const values = sent.map(of);
    return { p50: percentile(values, 0.5), p99: percentile(values, 0.99) };
  };
  const part = (name: keyof Way) => quantiles(({ way }) => way[name]);
  return {
    ...quantiles(({ toStripeMs }) => toStripeMs),
    way: { decided: part('decided'), handedOver: part('handedOver'), sent: part('sent') },
  };
}

function rotated(round: number): readonly Stream[] {
  return [...STREAMS.slice(round % STREAMS.length), ...STREAMS.slice(0, round % STREAMS.length)];
}

/** Orders of a merchant; nobody is at the till of those in the background. */
export function named(orders: readonly Order[], merchant: string, priority: LaneClass): Order[] {
  return orders.map((order) => ({ ...order, merchant, priority }));
}

async function windowOf(stage: Stage, own: Scene['own'], payments: number, seed: number, name: string) {
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
  const fromMs = performance.timeOrigin + startAtMs + WARM_UP_S * 1_000;
  const toMs = performance.timeOrigin + performance.now();
  await untilAllClosed(stage, orders, PATIENCE_MS);
  await stage.parts.worker.stop();
  const arrived = firstAtStripe(await stage.simulator.requests('payment_intents.create'));
  const sent: Sent[] = [];
  let unsent = 0;
  for (const order of orders.slice(warmUp)) {
    const [from, at] = [takenAt.get(order), arrived.get(stage.system.workflowId(order))];
    if (from === undefined) continue;
    const way = at === undefined ? undefined : wayOf(await historyOf(stage, order), at);
    // The worker may have been quicker than the acknowledgement.
    if (at !== undefined && way !== undefined) sent.push({ toStripeMs: Math.max(0, at - from), way });
    else unsent += 1;
  }
  const reads = await stage.simulator.requests('payment_intents.retrieve');
  const worked = reads.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).length;
  await sleep(REST_MS);
  return { sent, refused, unsent, workedPerSecond: (worked * 1_000) / (toMs - fromMs) };
}

/** Between two windows, ms. */
const REST_MS = 500;
