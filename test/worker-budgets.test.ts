import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { accountSchema, toAccount } from '../src/config/accounts.js';
import type { BudgetAnswer } from '../src/control/issuer.js';
import { NoBudgetError } from '../src/stripe/governor/permit.js';
import { Metrics } from '../src/telemetry/metrics.js';
import { openBudgets } from '../src/worker-budgets.js';
import { parseMetrics, total } from './support/prometheus.js';
import { until } from './support/until.js';

const KEYS = { secret_key: 'sk_test_0123456789', webhook_secrets: ['whsec_0123'] };
const EU = toAccount('eu', accountSchema.parse(KEYS));

/** The budgets of a worker that has no share of any, so that none of its calls is let go. */
function withoutShare() {
  const metrics = new Metrics();
  const budgets = openBudgets({} as Client, [EU], pino({ level: 'silent' }), metrics);
  const ask = (waitMs: number) =>
    budgets.admit('eu', { endpoint: 'payment_intents.create', priority: 2, merchant: 'acme', waitMs });
  const shown = async () => {
    const families = parseMetrics(await metrics.render());
    const of = (name: string) => total(families, name, { account: 'eu', priority: '2' });
    return {
      turnedAway: of('penstock_governor_turned_away_total'),
      waits: of('penstock_governor_wait_seconds_count'),
      seconds: of('penstock_governor_wait_seconds_sum'),
    };
  };
  return { budgets, ask, shown };
}

/** The budgets of a worker whose issuer gives it all there is, and what that is told by signals. */
function withShare(lanes: BudgetAnswer['lanes'] = null, setLane = async () => {}, account = EU) {
  const left: unknown[][] = [];
  let setting = 0;
  let looks = 0;
  const answer: BudgetAnswer = {
    lease: 1,
    units: { all: 25, each: 25, concurrent: 50 },
    leaseMs: account.budget.leaseMs,
    sharers: 1,
    tryMore: false,
    lanes,
    readsLeft: 100,
  };
  const issuer = {
    executeUpdate: async () => answer,
    signal: async (_: unknown, ...args: unknown[]) => void left.push(args),
  };
  const client = {
    connection: { withDeadline: (_: number, call: () => Promise<unknown>) => call() },
    workflow: { getHandle: () => issuer },
    options: { namespace: 'default', identity: 'test' },
    workflowService: {
      describeTaskQueue: async () => {
        looks += 1;
        return {};
      },
      updateTaskQueueConfig: () => {
        setting += 1;
        return setLane();
      },
    },
  };
  const budgets = openBudgets(client as unknown as Client, [account], pino({ level: 'silent' }), new Metrics());
  const ask = () =>
    budgets.admit('eu', { endpoint: 'payment_intents.create', priority: 1, merchant: 'acme', waitMs: 1_000 });
  return {
    budgets,
    ask,
    left,
    isSetting: () => until(() => setting > 0),
    looked: (many: number) => until(() => looks >= many),
  };
}

describe('the budgets of a worker', () => {
  it('show the wait of a call that went back to Temporal, and that it did', async () => {
    const { ask, shown } = withoutShare();
    await assert.rejects(ask(50), NoBudgetError);
    const { turnedAway, waits, seconds } = await shown();
    assert.deepEqual([turnedAway, waits], [1, 1]);
    assert.ok(seconds >= 0.045 && seconds < 5, String(seconds));
  });

  it('count a call that is turned away at once, and not as a short wait', async () => {
    const { budgets, ask, shown } = withoutShare();
    budgets.drain();
    await assert.rejects(ask(50), NoBudgetError);
    assert.deepEqual(await shown(), { turnedAway: 1, waits: 0, seconds: 0 });
  });

  // Where nothing tells the keepers they keep the lease for ever, and the test waits in vain.
  const AT_ONCE = { timeout: 10_000 };

  it('are given back at once when the worker is to stop and nothing is under way', AT_ONCE, async (t) => {
    const { budgets, left } = withShare();
    t.after(() => budgets.stop());
    await budgets.begin();
    const kept = budgets.run();
    budgets.drain();
    await kept;
    assert.equal(left.length, 1);
    await budgets.stop();
    assert.equal(left.length, 1, 'once');
  });

  it('are given back when what is under way is over, where the worker is to stop', AT_ONCE, async (t) => {
    const { budgets, ask, left } = withShare();
    t.after(() => budgets.stop());
    await budgets.begin();
    const kept = budgets.run();
    const permit = await ask();
    permit.written();
    budgets.drain();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(left, []);
    permit.ended('passed');
    await kept;
    assert.equal(left.length, 1);
  });

  it('end once the limit of a lane that is being set is set', AT_ONCE, async () => {
    let set = () => {};
    const held = new Promise<void>((resolve) => {
      set = resolve;
    });
    const { budgets, isSetting } = withShare({ checkout: 20, background: 5 }, () => held);
    await budgets.begin();
    await isSetting();
    let isStopped = false;
    const stopped = budgets.stop().then(() => {
      isStopped = true;
    });
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
    assert.equal(isStopped, false);
    set();
    await stopped;
  });

  it('end all the same where Temporal does not say that it is set', AT_ONCE, async () => {
    const { budgets, isSetting } = withShare({ checkout: 20, background: 5 }, () => new Promise(() => {}));
    await budgets.begin();
    await isSetting();
    await budgets.stop();
  });

  it('look at the lanes as often as theirs says, though they are asked for much more seldom', AT_ONCE, async (t) => {
    const budget = { lease_ms: 60_000, lane_check_ms: 1_000 };
    const account = toAccount('eu', accountSchema.parse({ ...KEYS, budget }));
    const { budgets, looked } = withShare({ checkout: 20, background: 5 }, async () => {}, account);
    t.after(() => budgets.stop());
    await budgets.begin();
    const kept = budgets.run();
    // Both lanes, and again.
    await looked(4);
    await budgets.stop();
    await kept;
  });
});
