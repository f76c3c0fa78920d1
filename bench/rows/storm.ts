import type Stripe from 'stripe';
import { chargesByWorkflow } from '../measure/charges.js';
import { closingOf, endOf } from '../measure/closing.js';
import { takeAtLast } from '../measure/taking.js';
import { type Order, ordersOf } from '../stage/orders.js';
import { Stage } from '../stage/stage.js';
import type { SystemName } from '../stage/system.js';

/** What became of the payments of one storm. */
export interface StormOutcome {
  readonly system: SystemName;
  readonly killed: boolean;
  readonly payments: number;
  /** More than one charge went through for one payment. */
  readonly chargedTwice: number;
  /** A charge went through, and the payment says that it failed. */
  readonly chargedButFailed: number;
  /** The payment says that it succeeded, and no charge went through. */
  readonly succeededUncharged: number;
  /** Never final: nobody will ever be told. */
  readonly lost: number;
  /** Nobody charged and nobody told wrong, and yet not how it had to end: a customer with a good card turned away. */
  readonly turnedAway: number;
  /** Calls for each payment; null where the simulator was killed, and what it had counted with it. */
  readonly stripeCalls: number | null;
  readonly seconds: number;
}

/** Payments handed in side by side: the storm lasts long enough for the kill to come in its middle. */
const AT_ONCE = 12;

/** How long after the last payment was taken it may take to end. A sweep or a long back-off has come by then. */
const PATIENCE_MS = 90_000;

const DECLINED_SHARE = 0.1;

/** Each of them strikes one reply in sixteen, after Stripe has acted, but for the reset. */
const KINDS = ['reset_after', 'truncate_after', 'reset_before', 'error_after'] as const;
const RATE = 0.25 / KINDS.length;

export async function weather(
  system: SystemName,
  { payments, killed }: { payments: number; killed: boolean },
  seed: number,
): Promise<StormOutcome> {
  const stage = await Stage.start({ system, flags: 'penstock' });
  const startedAt = performance.now();
  try {
    await begin(stage, seed);
    const orders = ordersOf(payments, seed, 'storm', DECLINED_SHARE);
    await handIn(stage, orders, killed ? () => killAndGoOn(stage, seed) : undefined);
    const statuses = await statusesOf(stage, orders);
    const seconds = (performance.now() - startedAt) / 1000;
    const stripeCalls = killed ? null : (await stage.simulator.requests()).length / payments;
    // Whoever counts meets no storm.
    await stage.simulator.noFaults();
    const charges = await chargesByWorkflow(stage);
    return { system, killed, payments, ...judge(stage, orders, statuses, charges), stripeCalls, seconds };
  } finally {
    await stage.stop();
  }
}

async function begin(stage: Stage, seed: number): Promise<void> {
  await stage.simulator.faults({
    seed,
    // A rule strikes only when those before it have not.
    requests: KINDS.map((kind, nth) => ({ kind, rate: RATE / (1 - nth * RATE) })),
    webhooks: [
      { kind: 'duplicate', copies: 3 },
      { kind: 'shuffle', delay_ms: 2_000 },
    ],
  });
}

/** Everything is killed -9 and started again, and the storm goes on. */
async function killAndGoOn(stage: Stage, seed: number): Promise<void> {
  await stage.killEverything();
  await begin(stage, seed + 1);
}

async function handIn(stage: Stage, orders: readonly Order[], halfWay?: () => Promise<void>): Promise<void> {
  const queue = [...orders];
  let taken = 0;
  let struck: Promise<void> | undefined;
  const hand = async () => {
    for (let order = queue.shift(); order !== undefined; order = queue.shift()) {
      await takeAtLast(stage, order);
      taken += 1;
      if (taken === Math.floor(orders.length / 2)) struck = halfWay?.();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, hand));
  await struck;
}

/** What each payment says of itself once its workflow has closed; undefined when it never does. */
async function statusesOf(stage: Stage, orders: readonly Order[]): Promise<(string | undefined)[]> {
  const deadlineMs = Date.now() + PATIENCE_MS;
  const statuses: (string | undefined)[] = [];
  for (const order of orders) {
    statuses.push(endOf(stage, await closingOf(stage, order, deadlineMs)));
  }
  return statuses;
}

function judge(
  { system }: Stage,
  orders: readonly Order[],
  statuses: readonly (string | undefined)[],
  charges: ReadonlyMap<string, readonly Stripe.Charge[]>,
) {
  const count = (isSo: (charged: number, status: string | undefined, order: Order) => boolean) =>
    orders.filter((order, nth) => isSo(charges.get(system.workflowId(order))?.length ?? 0, statuses[nth], order))
      .length;
  return {
    chargedTwice: count((charged) => charged > 1),
    chargedButFailed: count((charged, status) => charged > 0 && (status === 'failed' || status === 'canceled')),
    succeededUncharged: count((charged, status) => charged === 0 && status === 'succeeded'),
    lost: count((_, status) => status === undefined || status === 'unconfirmed'),
    turnedAway: count(
      (charged, status, { ends }) =>
        charged === 0 &&
        status !== undefined &&
        ends !== 'failed' &&
        status !== 'succeeded' &&
        status !== 'unconfirmed',
    ),
  };
}
