import type Stripe from 'stripe';
import type { JobView } from '../../src/api/background-schemas.js';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { paymentId } from '../../src/domain/ids.js';
import { toMetadata } from '../../src/domain/intent.js';
import { booksOf } from '../../src/store/index.js';
import { openPostgres } from '../../src/store/postgres.js';
import { OwnPostgres } from '../../test/support/databases.js';
import { until } from '../../test/support/until.js';
import { bareClient } from '../measure/bare-client.js';
import { PATIENCE_MS, untilAllClosed } from '../measure/closing.js';
import { takeAll } from '../measure/taking.js';
import { ordersOf } from '../stage/orders.js';
import { Stage } from '../stage/stage.js';

export interface JobSizes {
  /** Payments that are reconciled. */
  readonly payments: number;
  /** Webhooks that are lost, each of a payment that waits for it. */
  readonly lost: number;
}

/** What one job took. */
interface OneJob {
  readonly of: number;
  /** Calls to Stripe, by its own result and as they were counted at Stripe while it ran. */
  readonly calls: number;
  readonly counted: number;
  /** What it left undone, or found where nothing is to be found. */
  readonly wrong: number;
  readonly seconds: number;
}

export interface JobCalls {
  readonly reconciliation: OneJob;
  readonly recovery: OneJob;
}

/** Nobody but the job is to look for anything. */
const NOTHING_BY_ITSELF = { overdue_ms: 3_600_000, sweep_interval_ms: 3_600_000 };

/** Payments made at Stripe at once. */
const AT_ONCE = 8;
const LEDGER_ROWS = 1_000;
const MERCHANT = 'reconciled';

/** The calls to Stripe that jobs take, on whole stacks with a PostgreSQL of their own. */
export async function measureJobs(sizes: JobSizes, seed: number, say: (line: string) => void): Promise<JobCalls> {
  const postgres = await OwnPostgres.start();
  try {
    const url = await postgres.createDatabase();
    const stage = await Stage.start({
      ...{ system: 'penstock', flags: 'penstock', simulatorKeepsData: false },
      policy: NOTHING_BY_ITSELF,
      env: { DATABASE_URL: url },
    });
    try {
      await stage.simulator.account(SIMULATOR_KEY, { settles_after_ms: 0 });
      await stage.simulator.faults({ webhooks: [{ kind: 'drop' }] });
      const recovery = await recover(stage, sizes.lost, seed);
      say(`${sizes.lost} webhooks recovered`);
      const reconciliation = await reconcile(stage, sizes.payments, url);
      say(`${sizes.payments} payments reconciled`);
      return { recovery, reconciliation };
    } finally {
      await stage.stop();
    }
  } finally {
    await postgres.remove();
  }
}

/** Payments whose webhooks were lost, and the job that hands them on. */
async function recover(stage: Stage, lost: number, seed: number): Promise<OneJob> {
  const from = await nextSecond();
  const orders = ordersOf(lost, seed, 'lost');
  await takeAll(stage, orders);
  await until(async () => (await paidAtStripe(stage)) >= lost);
  const job = await run(stage, { type: 'webhook_recovery', from });
  const open = await untilAllClosed(stage, orders, PATIENCE_MS);
  const undone = open.length + Math.abs(lost - (job.view.counts['events'] ?? 0));
  return { of: lost, calls: job.view.stripe_calls, counted: job.counted, wrong: undone, seconds: job.seconds };
}

/** Payments by Stripe's own count of requests that were let in. */
async function paidAtStripe(stage: Stage): Promise<number> {
  const { accounts } = await stage.simulator.counts({ key: SIMULATOR_KEY });
  return accounts[0]?.endpoints['payment_intents.create']?.allowed ?? 0;
}

/**
 * Payments that are at Stripe and in the ledger, put there directly: through Penstock ten thousand of them would take minutes,
 * and the calls of the job are the same.
 */
async function reconcile(stage: Stage, payments: number, url: string): Promise<OneJob> {
  const { namespaceInfo } = await stage.temporal.workflowService.describeNamespace({ namespace: 'default' });
  const deployment = namespaceInfo?.id ?? '';
  const from = await nextSecond();
  await makePayments(stage, payments, deployment);
  await book(stage, payments, from, deployment, url);
  const { view, counted, seconds } = await run(stage, { type: 'reconciliation', from });
  const { movements = 0, missing = 0, extra = 0, different = 0 } = view.counts;
  const wrong = Math.abs(payments - movements) + missing + extra + different + (view.complete ? 0 : 1);
  return { of: payments, calls: view.stripe_calls, counted, wrong, seconds };
}

async function makePayments(stage: Stage, payments: number, deployment: string): Promise<void> {
  const client = bareClient(stage.simulator.base, SIMULATOR_KEY, (nth) => {
    const metadata = toMetadata({ deployment, workflowId: paymentId(MERCHANT, String(nth)), attempt: 1 });
    const labels = Object.entries(metadata).map(([name, value]) => [`metadata[${name}]`, value]);
    return new URLSearchParams([
      ...Object.entries({ amount: '1999', currency: 'eur', payment_method: 'pm_card_visa', confirm: 'true' }),
      ['automatic_payment_methods[enabled]', 'true'],
      ['automatic_payment_methods[allow_redirects]', 'never'],
      ...labels,
    ] as [string, string][]).toString();
  });
  try {
    const failed = await client.payments(payments, AT_ONCE, 0);
    if (failed > 0) throw new Error(`${failed} of ${payments} payments were not made`);
  } finally {
    client.close();
  }
}

/** The ledger as payments would have left it. */
async function book(stage: Stage, payments: number, fromS: number, deployment: string, url: string): Promise<void> {
  const database = openPostgres(url);
  try {
    const { ledger } = booksOf(database, deployment);
    const intents: AsyncIterable<Stripe.PaymentIntent> = stage.stripe.paymentIntents.list({
      limit: 100,
      created: { gte: fromS },
    });
    let [rows, booked] = [[] as Parameters<typeof ledger.record>[0][number][], 0];
    for await (const intent of intents) {
      rows.push(entryOf(intent));
      booked += 1;
      if (rows.length < LEDGER_ROWS && booked < payments) continue;
      await ledger.record(rows);
      rows = [];
    }
    if (booked !== payments) throw new Error(`${booked} of ${payments} payments were found`);
  } finally {
    await database.close();
  }
}

function entryOf({ id, latest_charge: charge, amount, currency, created, metadata }: Stripe.PaymentIntent) {
  return {
    account: 'default',
    kind: 'charge' as const,
    status: 'succeeded',
    id: String(charge),
    payment: metadata['penstock_workflow'] ?? null,
    intent: id,
    amount,
    currency,
    occurredAtMs: created * 1_000,
    recordedAtMs: Date.now(),
  };
}

/** Asks for a job of everything since `from`, in Unix seconds, and waits for its end. */
async function run(stage: Stage, { type, from }: { type: string; from: number }) {
  const to = await nextSecond();
  await stage.simulator.countAfresh();
  const startedAt = performance.now();
  const asked = await stage.penstock.call<JobView>('POST', '/v1/jobs', { type, account: 'default', from, to });
  if (asked.status !== 202) throw new Error(`${type} was answered ${asked.status}: ${JSON.stringify(asked.body)}`);
  await stage.temporal.workflow.getHandle(asked.body.id).result();
  const seconds = (performance.now() - startedAt) / 1_000;
  const { body: view } = await stage.penstock.call<JobView>('GET', `/v1/jobs/${asked.body.id}`);
  const { accounts } = await stage.simulator.counts({ key: SIMULATOR_KEY });
  return { view, counted: accounts[0]?.sent ?? 0, seconds };
}

/** Stripe's times have whole seconds: everything so far happened before this one, Unix s, which has just begun. */
async function nextSecond(): Promise<number> {
  const next = Math.floor(Date.now() / 1_000) + 1;
  await until(() => Date.now() >= next * 1_000);
  return next;
}
