import { loadConfig } from '../../src/config/index.js';
import { StripeGateway } from '../../src/stripe/gateway.js';
import type { Permit } from '../../src/stripe/governor/permit.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { connectClient } from '../../src/temporal/connect.js';
import { openBudgets } from '../../src/worker-budgets.js';
import type { UnderWay } from './budget-stage.js';

/**
 * As much of a worker as reaches Stripe: its gateway, its governor and its lease from the budget's issuer, each the worker's own
 * code. Where a worker takes calls from its lanes, this one always has some waiting: it creates an intent and reads
 * one, in turn, while it is on. SIGUSR2 turns it on and off; turned off, it says for how long its requests were under way.
 */

const ACCOUNT = 'default';

/** Calls that wait or are under way: a second's worth of a share, and more than is ever let go at once. */
const CALLS = 40;

const KEY_LIFE_MS = 60_000;
const DEADLINE_MS = 30_000;

/** After a call that was not sent, ms: nothing here may spin. */
const PAUSE_MS = 100;

const NOTHING = () => undefined;

const config = loadConfig();
const client = await connectClient(config);
const budgets = openBudgets(client, config.accounts, createLogger(config.logLevel, 'caller'), new Metrics());
const gateway = new StripeGateway({
  accounts: config.accounts,
  timeoutMs: config.policy.payments.stripe_timeout_ms,
  now: Date.now,
  meter: { requested: NOTHING, answered: NOTHING },
  admit: async (account, turn) => {
    const permit = await budgets.admit(account, turn);
    const goesMs = performance.now();
    let over = false;
    const ended: Permit['ended'] = (end) => {
      if (!over) {
        requests += 1;
        underWayMs += performance.now() - goesMs;
      }
      over = true;
      permit.ended(end);
    };
    return { waitedMs: permit.waitedMs, written: () => permit.written(), ended };
  },
  place: () => ({ priority: 1, merchant: 'bench', lane: 'checkout' }),
});

/** Since it was turned on. */
let [requests, underWayMs] = [0, 0];
let on = false;
let turnedOn: () => void = NOTHING;
let whenOn = new Promise<void>((resolve) => {
  turnedOn = resolve;
});
process.on('SIGUSR2', () => {
  on = !on;
  if (on) turnedOn();
  else {
    process.stdout.write(`${JSON.stringify({ requests, underWayMs } satisfies UnderWay)}\n`);
    [requests, underWayMs] = [0, 0];
    whenOn = new Promise((resolve) => {
      turnedOn = resolve;
    });
  }
});

let calls = 0;
let latest: string | undefined;

async function call(): Promise<void> {
  calls += 1;
  const reply =
    latest === undefined || calls % 2 === 0
      ? await gateway.createIntent(ACCOUNT, { amount: 1_999, currency: 'eur' }, write(calls))
      : await gateway.retrieveIntent(ACCOUNT, latest);
  if (reply.kind === 'object') latest = reply.object.id;
  if (reply.kind === 'not_sent') await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

function write(nth: number) {
  const now = Date.now();
  const key = `bench/${process.pid}/${nth}`;
  return { key, birthMs: now, keyLifeMs: KEY_LIFE_MS, deadlineMs: now + DEADLINE_MS };
}

async function callForEver(): Promise<never> {
  for (;;) {
    await whenOn;
    await call();
  }
}

await budgets.begin();
const leases = budgets.run();
const callers = Array.from({ length: CALLS }, callForEver);
process.stdout.write('caller ready\n');
await Promise.all([leases, ...callers]);
