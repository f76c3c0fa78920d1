import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { METRICS_TYPE, Metrics } from '../../src/telemetry/metrics.js';
import { ROOT } from '../support/process.js';
import { type Family, faultsOf, parseMetrics, total } from '../support/prometheus.js';

/** Metrics in which everything has happened once. */
function used(metrics = new Metrics({ merchants: ['acme'] })): Metrics {
  metrics.stripe.requested('eu', 'checkout', 'payment_intents.create');
  metrics.stripe.answered('eu', 'checkout', 'payment_intents.create', 'throttled', 'global-rate', 0.02);
  metrics.governorWaited('eu', '1', 0.01);
  metrics.governorTurnedAway('eu', '5');
  metrics.budgetIs('eu', 'all', { configured: 100, held: 50, usable: 40, used: 49 });
  metrics.concurrencyIs('eu', { configured: 25, held: 12, usable: 6, used: 3 });
  metrics.readsLeft('eu', 480_000);
  metrics.storeMissed('ledger', 3);
  metrics.laneIs('eu', 'background', 1_200, 33.5);
  metrics.paymentIs('succeeded', 'eu', 'acme', 0.4);
  metrics.webhookTaken('eu', 'delivered');
  metrics.webhookHandedOver(1.5);
  metrics.webhooksWait('eu', 7);
  return metrics;
}

const familiesOf = async (metrics: Metrics) => parseMetrics(await metrics.render());
const labelsOf = ({ samples }: Family) =>
  [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))].filter((label) => label !== 'le').sort();

describe('the metrics', () => {
  it("are named by Prometheus' conventions, each with its unit and a sentence", async () => {
    const families = await familiesOf(used());
    assert.equal(families.length, 18);
    for (const family of families) {
      assert.match(family.name, /^penstock_/);
      assert.deepEqual(faultsOf(family), [], family.name);
    }
  });

  it('would be found wanting otherwise', () => {
    const family = (name: string, type: string, help = 'It is what it is.'): Family => ({
      name,
      type,
      help,
      samples: [],
    });
    for (const wrong of [
      family('penstock_requests', 'counter'),
      family('penstock_requests_total', 'gauge'),
      family('penstock_wait_milliseconds', 'histogram'),
      family('penstock_wait', 'histogram'),
      family('penstock_wait_seconds', 'histogram', ''),
      family('penstockWait_seconds', 'histogram'),
      family('penstock_wait_seconds_sum', 'histogram'),
    ]) {
      assert.notDeepEqual(faultsOf(wrong), [], wrong.name);
    }
  });

  it('have the labels that the page about them lists, and no other', async () => {
    const page = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `(penstock_\w+)` \|([^|]*)\| (\w+)/gm)];
    const listed = new Map(
      rows.map(([, name = '', labels = '', type = '']) => [
        name,
        { labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).sort(), type },
      ]),
    );
    const families = await familiesOf(used());
    const there = new Map(families.map((family) => [family.name, { labels: labelsOf(family), type: family.type }]));
    assert.deepEqual(Object.fromEntries(listed), Object.fromEntries(there));
  });

  it('count a merchant by name only where the configuration lists it', async () => {
    const metrics = new Metrics({ merchants: ['acme'] });
    for (let i = 0; i < 1_000; i += 1) metrics.paymentIs('succeeded', 'eu', `merchant-${i}`, 1);
    metrics.paymentIs('succeeded', 'eu', 'acme', 1);
    const families = await familiesOf(metrics);
    assert.equal(total(families, 'penstock_payments_total', { merchant: 'acme' }), 1);
    assert.equal(total(families, 'penstock_payments_total', { merchant: 'other' }), 1_000);
    assert.equal(families.find(({ name }) => name === 'penstock_payments_total')?.samples.length, 2);
  });

  it('tell how many requests are under way, and how each ended with its cause', async () => {
    const metrics = new Metrics();
    const at = ['eu', 'checkout', 'refunds.create'] as const;
    for (let i = 0; i < 3; i += 1) metrics.stripe.requested(...at);
    metrics.stripe.answered(...at, 'throttled', 'endpoint-rate', 0.1);
    metrics.stripe.answered(...at, 'ok', '', 0.3);
    const families = await familiesOf(metrics);
    assert.equal(total(families, 'penstock_stripe_requests_in_flight'), 1);
    assert.equal(
      total(families, 'penstock_stripe_requests_total', { outcome: 'throttled', cause: 'endpoint-rate' }),
      1,
    );
    assert.equal(total(families, 'penstock_stripe_requests_total', { outcome: 'ok', cause: '' }), 1);
    assert.ok(Math.abs(total(families, 'penstock_stripe_request_seconds_sum') - 0.4) < 1e-9);
  });

  it('show each limit as it is configured, leased and learned, and which share of the lease is used', async () => {
    const families = await familiesOf(used());
    const kinds = (name: string) =>
      ['configured', 'leased', 'learned'].map((kind) => total(families, name, { account: 'eu', kind }));
    assert.deepEqual(kinds('penstock_budget_requests_per_second'), [100, 50, 40]);
    assert.deepEqual(kinds('penstock_budget_concurrent_requests'), [25, 12, 6]);
    assert.equal(total(families, 'penstock_budget_used_ratio', { account: 'eu', endpoint: 'all' }), 0.98);
    assert.equal(total(families, 'penstock_budget_concurrent_used_ratio', { account: 'eu' }), 0.25);
    const without = new Metrics();
    without.budgetIs('eu', 'all', { configured: 100, held: 0, usable: 0, used: 3 });
    assert.equal(total(await familiesOf(without), 'penstock_budget_used_ratio'), 0, 'of nothing nothing is used');
  });

  it('show no figure of a lane that Temporal does not tell of any more', async () => {
    const metrics = used();
    assert.equal(total(await familiesOf(metrics), 'penstock_lane_backlog_age_seconds'), 33.5);
    metrics.laneUnknown('eu', 'background');
    const samples = (await familiesOf(metrics)).filter(({ name }) => name.startsWith('penstock_lane_backlog'));
    assert.deepEqual(
      samples.map((family) => family.samples),
      [[], []],
    );
  });

  it('of two registries know nothing of each other', async () => {
    const [one, other] = [used(), new Metrics()];
    assert.equal(total(await familiesOf(one), 'penstock_webhooks_total'), 1);
    assert.equal(total(await familiesOf(other), 'penstock_webhooks_total'), 0);
  });

  it("show the process itself and what others tell beside them, and do without those that don't answer", async () => {
    const metrics = used(Metrics.ofProcess());
    metrics.show(
      async () => '# HELP temporal_x_total X.\n# TYPE temporal_x_total counter\ntemporal_x_total{a="b"} 2\n\n',
    );
    metrics.show(() => Promise.reject(new Error('away')));
    const families = await familiesOf(metrics);
    assert.equal(total(families, 'temporal_x_total', { a: 'b' }), 2);
    assert.equal(total(families, 'penstock_webhooks_waiting', { account: 'eu' }), 7);
    assert.ok(total(families, 'process_resident_memory_bytes') > 1e6);
    assert.ok(families.some(({ name }) => name === 'nodejs_eventloop_lag_p99_seconds'));
  });

  it('are of the media type that Prometheus reads', () => {
    assert.equal(METRICS_TYPE, 'text/plain; version=0.0.4; charset=utf-8');
  });
});

describe("the reader of Prometheus' text format", () => {
  const head = '# HELP a_total A.\n# TYPE a_total counter\n';
  it('takes what the format allows', () => {
    const text = `${head}a_total 1\na_total{x="say \\"hi\\", \\\\ \\n",y=""} 2.5e3 1700000000000\n# a comment\n`;
    const [family] = parseMetrics(text);
    assert.deepEqual(family?.samples[1], { name: 'a_total', labels: { x: 'say "hi", \\ \n', y: '' }, value: 2500 });
  });

  it('refuses everything else', () => {
    for (const wrong of [
      `${head}a_total`,
      `${head}a_total one\n`,
      `${head}a_total{x=1} 1\n`,
      `${head}a_total{x="1} 1\n`,
      `${head}a_total{x="1",x="2"} 1\n`,
      `${head}a_total 1\na_total 2\n`,
      `${head}b_total 1\n`,
      `a_total 1\n`,
      `${head}${head}`,
      '# TYPE a_total tally\na_total 1\n',
      '# HELP a A.\n# TYPE a gauge\na_sum 1\n',
      'nonsense\n',
    ]) {
      assert.throws(() => parseMetrics(wrong), Error, wrong);
    }
  });
});
