import { parsePaymentId } from '../../src/domain/ids.js';
import { type LeftOver, leftOverOf, type Passed, paymentIn } from '../figures/budget.js';
import { ordersInLane } from '../measure/lane.js';
import { openLoop } from '../measure/open-loop.js';
import { isAccepted } from '../measure/taking.js';
import { ordersOf } from '../stage/orders.js';
import { Stage } from '../stage/stage.js';
import { named } from './beside.js';

export interface LeftOverSizes {
  readonly seconds: number;
}

export interface LeftOverFigures extends LeftOver {
  readonly perSecond: number;
  readonly floorPerSecond: number;
  readonly seconds: number;
  /** What checkout asked for meanwhile; where it did not get through either, it was the machine that was too slow. */
  readonly asked: number;
  /** Requests answered 429, and payments that were not taken. */
  readonly refused: number;
}

/**
 * The account's budget, requests/s: whole payments, with everything on two cores. Of 20 the machine makes too much: what counts
 * of a request is its second and the time that its answer takes, and at that load an answer takes twice as long.
 */
const PER_SECOND = 10;
const FLOOR = 0.1;
/** 80% of it. */
const CHECKOUT_PER_SECOND = 8;

/** Checkout's load goes on for so long before what is counted, s: what came while the worker started is made up for. */
const SETTLES_S = 30;

/** More than background can be given. */
const BACKLOG_PER_SECOND = 4;

/** A backlog in the background's lane, made beforehand, and checkout at 80% of the budget: what background gets of the rest. */
export async function measureLeftOver({ seconds }: LeftOverSizes, seed: number): Promise<LeftOverFigures> {
  const budget = {
    requests_per_second: PER_SECOND,
    requests_per_second_per_endpoint: PER_SECOND,
    background_floor: FLOOR,
    max_workers: 2,
    // Everything shares two cores: a request may be written and lie there until its receiver gets one.
    arrives_within_ms: 1_000,
    // The lane is paused by hand while its backlog is made.
    lane_check_ms: 3_600_000,
  };
  const stage = await Stage.start({ system: 'penstock', flags: 'penstock', simulatorKeepsData: false, budget });
  try {
    const whole = SETTLES_S + seconds;
    const backlog = ordersOf(BACKLOG_PER_SECOND * whole, seed, 'backlog');
    await ordersInLane(stage, 'background', named(backlog, 'background', 'background'));
    await stage.simulator.limits({ requests_per_second: PER_SECOND });
    await stage.start('worker');
    const load = ordersOf(CHECKOUT_PER_SECOND * (whole + 1), seed, 'load');
    const startAtMs = performance.now() + 100;
    const fromMs = performance.timeOrigin + startAtMs + SETTLES_S * 1_000;
    const { failures } = await openLoop(
      { perSecond: CHECKOUT_PER_SECOND, startAtMs },
      named(load, 'checkout', 'checkout'),
      (order) => isAccepted(stage, order),
    );
    const requests = await stage.simulator.requests('payment_intents.create');
    const passed = requests.filter(({ status }) => status !== 429).flatMap(workOf);
    return {
      ...leftOverOf(passed, fromMs, seconds, PER_SECOND),
      ...{ perSecond: PER_SECOND, floorPerSecond: PER_SECOND * FLOOR, seconds },
      asked: CHECKOUT_PER_SECOND * seconds,
      refused: failures + requests.filter(({ status }) => status === 429).length,
    };
  } finally {
    await stage.stop();
  }
}

/** The merchants go by what they ask for. */
function workOf({ atMs, idempotencyKey }: { atMs: number; idempotencyKey: string | null }): Passed[] {
  const merchant = parsePaymentId(paymentIn(idempotencyKey) ?? '')?.merchant;
  return merchant === 'checkout' || merchant === 'background' ? [{ atMs, work: merchant }] : [];
}
