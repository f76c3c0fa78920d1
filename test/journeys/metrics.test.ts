import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { freeLowPorts } from '../../src/dev/ports.js';
import { ENDPOINTS } from '../../src/domain/endpoints.js';
import { ApiClient, aPayment } from '../support/api-client.js';
import { withBudget } from '../support/budget-file.js';
import { type Family, faultsOf, parseMetrics, total } from '../support/prometheus.js';
import { Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** A lane is paused by hand here, and is to stay so. */
const LEFT = withBudget({ lane_check_ms: 0 });

/** Metrics as Prometheus would read them. */
async function read(process: ApiClient): Promise<Family[]> {
  const { status, headers, body } = await process.call<string>('GET', '/metrics');
  assert.equal(status, 200);
  assert.equal(headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  return parseMetrics(body);
}

describe('/metrics', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({
      webhooksApart: true,
      file: (simulator) => ({ ...LEFT(simulator), metrics: { merchants: ['acme'] } }),
    });
  });
  after(() => stack?.stop());

  /** A sum over all workers: which of them did it, is chance. */
  const atWorkers = async (name: string, labels: Record<string, string> = {}) => {
    const all = await Promise.all(stack.workerPorts.map(read));
    return all.reduce((sum, families) => sum + total(families, name, labels), 0);
  };

  it('of the worker counts a payment by its statuses and its request by its outcome', async () => {
    const paid = await stack.api.pay(aPayment());
    await stack.closed(paid.id);
    assert.equal(await atWorkers('penstock_payments_total', { status: 'processing', merchant: 'acme' }), 1);
    const succeeded = { status: 'succeeded', merchant: 'acme', account: 'default' };
    assert.equal(await atWorkers('penstock_payments_total', succeeded), 1);
    assert.equal(await atWorkers('penstock_payment_status_seconds_count', { status: 'succeeded' }), 1);
    const seconds = await atWorkers('penstock_payment_status_seconds_sum', { status: 'succeeded' });
    assert.ok(seconds > 0 && seconds < 180, `${seconds}`);
    const request = { account: 'default', lane: 'checkout', endpoint: 'payment_intents.create' };
    const ok = { ...request, outcome: 'ok', cause: '' };
    assert.equal(await atWorkers('penstock_stripe_requests_total', ok), 1);
    assert.equal(await atWorkers('penstock_stripe_requests_in_flight'), 0);
    assert.equal(await atWorkers('penstock_stripe_request_seconds_count', { endpoint: 'payment_intents.create' }), 1);
  });

  it('of the worker counts a decline, the lane it took, and a merchant that is not listed as other', async () => {
    const decline = { payment_method: 'pm_card_visa_chargeDeclined', off_session: true, priority: 'renewal' };
    const declined = await stack.api.pay(aPayment({ merchant: 'somebody', ...decline }));
    assert.equal(declined.status, 'failed');
    await stack.closed(declined.id);
    assert.equal(await atWorkers('penstock_payments_total', { status: 'failed', merchant: 'other' }), 1);
    assert.equal(await atWorkers('penstock_payments_total', { merchant: 'somebody' }), 0);
    const request = { lane: 'background', endpoint: 'payment_intents.create', outcome: 'declined' };
    assert.equal(await atWorkers('penstock_stripe_requests_total', request), 1);
  });

  it('of the worker counts a 429 with its cause, and one without a limiter as a lock', async () => {
    for (const [reason, cause] of [
      ['endpoint-rate', 'endpoint-rate'],
      [null, 'lock_timeout'],
    ] as const) {
      const fault = { kind: 'reject', status: 429, endpoint: 'payment_intents.create', times: 1 } as const;
      await stack.simulator.faults({ requests: [reason === null ? fault : { ...fault, reason }] });
      const paid = await stack.api.pay(aPayment());
      assert.equal(paid.status, 'succeeded');
      assert.equal(await atWorkers('penstock_stripe_requests_total', { outcome: 'throttled', cause }), 1, cause);
      await stack.simulator.noFaults();
    }
  });

  it('of the worker tells each limit as configured, leased and learned, for every endpoint that is called', async () => {
    const [account] = stack.config.accounts;
    assert.ok(account !== undefined);
    const { perSecond, perEndpoint, concurrent, readsPerMonth } = account.budget;
    const each = await Promise.all(stack.workerPorts.map(read));
    for (const families of each) {
      const endpoints = (name: string, kind?: string) =>
        (families.find((family) => family.name === name)?.samples ?? [])
          .filter(({ labels }) => kind === undefined || labels['kind'] === kind)
          .map(({ labels }) => labels['endpoint']);
      for (const kind of ['configured', 'leased', 'learned']) {
        const shown = endpoints('penstock_budget_requests_per_second', kind);
        assert.deepEqual(shown, ['all', ...ENDPOINTS], kind);
        const atOnce = total(families, 'penstock_budget_concurrent_requests', { account: 'default', kind });
        assert.ok(atOnce > 0, `${kind} ${atOnce}`);
      }
      assert.deepEqual(endpoints('penstock_budget_used_ratio'), ['all', ...ENDPOINTS]);
      const configured = (endpoint: string) =>
        total(families, 'penstock_budget_requests_per_second', { endpoint, kind: 'configured' });
      assert.deepEqual([configured('all'), configured('refunds.create')], [perSecond, perEndpoint]);
      assert.equal(total(families, 'penstock_budget_concurrent_requests', { kind: 'configured' }), concurrent);
      assert.ok(total(families, 'penstock_budget_concurrent_used_ratio', { account: 'default' }) <= 1);
      const left = total(families, 'penstock_budget_reads_left', { account: 'default' });
      assert.ok(left > 0 && left <= readsPerMonth, `${left}`);
    }
    // What is leased to all of them together is no more than there is.
    const leased = await atWorkers('penstock_budget_requests_per_second', { endpoint: 'all', kind: 'leased' });
    assert.ok(leased > 0 && leased <= perSecond, `${leased}`);
  });

  it('of the worker tells what waits in a lane, and for how long', async () => {
    await stack.setLane('background', 0);
    const waiting = { priority: 'background', off_session: true };
    const taken = await Promise.all(Array.from({ length: 6 }, () => stack.api.create(aPayment(waiting))));
    const lane = { account: 'default', lane: 'background' };
    // One may have been handed out before the lane was paused.
    await until(async () => total(await read(stack.workerPorts[0] as ApiClient), 'penstock_lane_backlog', lane) >= 5);
    const first = await read(stack.workerPorts[0] as ApiClient);
    assert.ok(total(first, 'penstock_lane_backlog_age_seconds', lane) > 0);
    await stack.setLane('background', null);
    await Promise.all(taken.map(({ body }) => stack.api.until(body.id, (p) => p.final)));
    await until(async () => total(await read(stack.workerPorts[0] as ApiClient), 'penstock_lane_backlog', lane) === 0);
  });

  it('of what takes events shows what Temporal was asked for them', async () => {
    const signals = { operation: 'SignalWorkflowExecution' };
    await stack.api.pay(aPayment());
    await until(async () => total(await read(stack.webhooks), 'temporal_request_total', signals) > 0);
  });

  it("of the worker shows Temporal's own beside them", async () => {
    const families = (await Promise.all(stack.workerPorts.map(read))).flat();
    for (const name of [
      'temporal_workflow_completed_total',
      'temporal_activity_execution_latency_seconds',
      'temporal_worker_task_slots_available',
    ]) {
      assert.ok(
        families.some((family) => family.name === name),
        `${name} of ${families.map((family) => family.name).join(' ')}`,
      );
    }
    assert.ok((await atWorkers('temporal_workflow_completed_total', { workflow_type: 'payment' })) >= 2);
    for (const worker of stack.workerPorts) {
      const { status, body } = await worker.call<{ status: string }>('GET', '/health/live');
      assert.deepEqual([status, body.status], [200, 'live']);
    }
  });

  it('of the process that takes webhooks counts events by outcome and age', async () => {
    const families = await read(stack.webhooks);
    assert.ok(total(families, 'penstock_webhooks_total', { account: 'default', outcome: 'delivered' }) >= 3);
    const handedOver = total(families, 'penstock_webhook_age_seconds_count');
    assert.ok(handedOver >= 3, `${handedOver}`);
    assert.ok(total(families, 'penstock_webhook_age_seconds_bucket', { le: '60' }) === handedOver, 'none is older');
    assert.equal(total(families, 'penstock_webhooks_waiting', { account: 'default' }), 0);
    assert.equal(total(await read(stack.api), 'penstock_webhooks_total'), 0, 'the API got none');
  });

  it("of every process are named by Prometheus' conventions, and hold no id", async () => {
    for (const process of [stack.api, stack.webhooks, ...stack.workerPorts]) {
      const families = await read(process);
      const own = families.filter(({ name }) => name.startsWith('penstock_'));
      assert.equal(own.length, 18);
      for (const family of own) assert.deepEqual(faultsOf(family), [], family.name);
      assert.ok(total(families, 'process_cpu_seconds_total') > 0);
      const labels = families.flatMap(({ samples }) => samples.flatMap((sample) => Object.values(sample.labels)));
      assert.deepEqual(
        labels.filter((value) => /(pay\.|pi_|evt_|t-[a-z]{5}|cus_|somebody)/.test(value)),
        [],
      );
    }
  });
});

describe('METRICS_PORT', () => {
  let stack: Stack;
  let apart: ApiClient;
  before(async () => {
    const [port = 0] = await freeLowPorts(1);
    apart = new ApiClient(`http://127.0.0.1:${port}`);
    stack = await Stack.start({
      webhooksApart: true,
      without: ['webhooks', 'worker'],
      env: { METRICS_PORT: String(port) },
    });
  });
  after(() => stack?.stop());

  const status = async (process: ApiClient, path: string) => (await process.call('GET', path)).status;

  it('takes the metrics of the API and of the webhooks process away from their routes, and ends with them', async () => {
    for (const [process, part] of [
      [stack.api, stack.apiPart],
      [stack.webhooks, stack.webhooksPart],
    ] as const) {
      if (process === stack.webhooks) await part.start();
      assert.ok(total(await read(apart), 'process_cpu_seconds_total') > 0);
      assert.deepEqual([await status(process, '/metrics'), await status(process, '/health/live')], [404, 200]);
      assert.deepEqual([await status(apart, '/health/live'), await status(apart, '/v1/payments')], [200, 404]);
      assert.deepEqual([await status(apart, '/webhooks/stripe/default'), await status(apart, '/')], [404, 404]);
      await part.stop();
      await assert.rejects(apart.call('GET', '/metrics'));
    }
  });
});
