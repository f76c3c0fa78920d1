import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { accountSchema, toAccount } from '../src/config/accounts.js';
import { NoBudgetError } from '../src/stripe/governor/permit.js';
import { Metrics } from '../src/telemetry/metrics.js';
import { openBudgets } from '../src/worker-budgets.js';
import { parseMetrics, total } from './support/prometheus.js';

const EU = toAccount('eu', accountSchema.parse({ secret_key: 'sk_test_0123456789', webhook_secrets: ['whsec_0123'] }));

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
});
