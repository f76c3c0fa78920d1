import type Stripe from 'stripe';
import type { PaymentView } from '../../src/api/schemas.js';
import { DAY_MS } from '../../src/simulator/time/durations.js';
import { until } from '../../test/support/until.js';
import { chargesByWorkflow } from '../measure/charges.js';
import { type PartName, Stage } from '../stage/stage.js';
import { PATHS, type Path, type Traveller } from './kill-paths.js';

/** The parts that are Penstock's own; the simulator stands for Stripe. */
export const KILLED = ['worker', 'api', 'temporal'] as const satisfies readonly PartName[];

export interface KillOutcome {
  readonly part: (typeof KILLED)[number];
  readonly path: string;
  readonly payments: number;
  /** Never came through. */
  readonly lost: number;
  readonly chargedTwice: number;
  /** Something else is not as it has to be: what was captured, refunded or withdrawn, at Stripe or as Penstock shows it. */
  readonly wrong: number;
}

interface Under {
  readonly path: Path;
  readonly traveller: Traveller;
  lost: boolean;
}

/** Longer than a bank takes to decide, than an authorization lives, and than evidence is waited for. */
const DAYS_MS = 10 * DAY_MS;
/** How long a payment has to come through, seconds. */
const PATIENCE_S = 120;

/** Kills one part -9 while payments on every path are in the middle of their call to Stripe, and sees what becomes of them. */
export async function killAmid(part: (typeof KILLED)[number], perPath: number): Promise<KillOutcome[]> {
  const stage = await Stage.start({ system: 'penstock', flags: 'penstock' });
  try {
    const under = await setOut(stage, perPath);
    await strike(stage, part, () => letStripeAnswer(stage));
    await each(under, ({ path, traveller }) => path.halfWay(stage, traveller));
    const outside = under.filter(({ path, lost }) => path.outside !== undefined && !lost);
    const waiting = await Promise.all(outside.map(({ traveller }) => stage.penstock.get(traveller.id)));
    // A day: shorter than Stripe goes on sending webhooks to where nobody is, which is three.
    await strike(stage, part, async () => {
      for (const [nth, { path }] of outside.entries()) await path.outside?.(stage, waiting[nth]?.body as PaymentView);
      await stage.simulator.advance(DAY_MS);
    });
    // The pauses between Stripe's attempts have grown to hours by then.
    await stage.simulator.advance(DAY_MS);
    await until(async () => (await stage.simulator.pendingWebhooks()) === 0);
    await strike(stage, part, () => stage.simulator.advance(DAYS_MS));
    await each(under, ({ traveller, path }) =>
      stage.penstock.until(traveller.id, path.isOver ?? ((p) => p.final), PATIENCE_S),
    );
    const charges = await chargesByWorkflow(stage);
    const ends = await Promise.all(
      under.map(async (one) => ({ ...one, ...(await endOf(stage, one.traveller, charges)) })),
    );
    return PATHS.map((path) =>
      judge(
        part,
        path.name,
        ends.filter((one) => one.path === path),
      ),
    );
  } finally {
    await stage.stop();
  }
}

/** Brings every payment to where Stripe has acted and its answer is still on the way. */
async function setOut(stage: Stage, perPath: number): Promise<Under[]> {
  const all = PATHS.flatMap((path) => Array.from({ length: perPath }, () => path));
  const ids = await Promise.all(all.map((path) => path.prepare(stage)));
  const endpoints = [...new Set(all.map((path) => path.endpoint))];
  await stage.simulator.faults({
    requests: endpoints.map((endpoint) => ({
      kind: 'hold_after',
      endpoint,
      times: all.filter((path) => path.endpoint === endpoint).length,
    })),
  });
  const travellers = await Promise.all(all.map((path, nth) => path.act(stage, ids[nth] ?? null)));
  await stage.simulator.untilHeld(all.length);
  return all.map((path, nth) => ({ path, traveller: travellers[nth] as Traveller, lost: false }));
}

async function letStripeAnswer(stage: Stage): Promise<void> {
  await stage.simulator.noFaults();
  await stage.simulator.release();
}

async function strike(stage: Stage, part: PartName, meanwhile: () => Promise<unknown>): Promise<void> {
  await stage.kill9(part);
  await meanwhile();
  await stage.start(part);
  while ((await stage.penstock.call('GET', '/health/ready')).status !== 200) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Waits for all of them; one that does not come through in time is lost, and the others go on. */
async function each(under: readonly Under[], step: (one: Under) => Promise<unknown>): Promise<void> {
  await Promise.all(
    under
      .filter((one) => !one.lost)
      .map(async (one) => {
        one.lost = await step(one).then(
          () => false,
          () => true,
        );
      }),
  );
}

interface End extends Under {
  readonly charges: number;
  /** What Stripe has of the payment and what Penstock shows of it agree with what had to be. */
  readonly right: boolean;
}

function judge(part: KillOutcome['part'], path: string, ends: readonly End[]): KillOutcome {
  return {
    part,
    path,
    payments: ends.length,
    lost: ends.filter(({ lost }) => lost).length,
    chargedTwice: ends.filter(({ charges }) => charges > 1).length,
    wrong: ends.filter(({ right, lost }) => !right && !lost).length,
  };
}

async function endOf(
  stage: Stage,
  { id, status, captured, refunded, withdrawn }: Traveller,
  charges: ReadonlyMap<string, readonly Stripe.Charge[]>,
): Promise<Pick<End, 'charges' | 'right'>> {
  const shown = await stage.penstock.untilShows(id, (p) => !p.stale, PATIENCE_S);
  const own = charges.get(id) ?? [];
  const disputes = await Promise.all(own.map((charge) => stage.stripe.disputes.list({ charge: charge.id })));
  const movements = disputes.flatMap(({ data }) => data.flatMap((dispute) => dispute.balance_transactions));
  const atStripe = {
    captured: sum(own, (charge) => charge.amount_captured),
    refunded: sum(own, (charge) => charge.amount_refunded),
    withdrawn: sum(movements, ({ amount }) => -amount),
  };
  const right =
    shown.status === status &&
    [shown.amount_captured, atStripe.captured].every((amount) => amount === captured) &&
    [shown.amount_refunded, atStripe.refunded].every((amount) => amount === refunded) &&
    [withdrawnOf(shown), atStripe.withdrawn].every((amount) => amount === withdrawn);
  return { charges: own.length, right };
}

function withdrawnOf({ disputes }: PaymentView): number {
  return sum(disputes, ({ amount_withdrawn, amount_reinstated }) => amount_withdrawn - amount_reinstated);
}

function sum<T>(all: readonly T[], value: (one: T) => number): number {
  return all.reduce((total, one) => total + value(one), 0);
}
