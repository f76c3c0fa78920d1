import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freeLowPorts, isTaken } from '../../src/dev/ports.js';
import { addEndpoint } from '../../src/simulator/control/webhooks.js';
import { Simulator } from '../../src/simulator/simulator.js';
import { ApiClient, aPayment } from '../support/api-client.js';
import { Part } from '../support/process.js';
import { parseMetrics, total } from '../support/prometheus.js';
import { RARELY_SWEPT } from '../support/sweeps.js';
import { until } from '../support/until.js';

/** Ports and a data folder of its own, as a new user's machine has them. */
async function surroundings() {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-start-'));
  const [api, simulator, temporal, ui] = (await freeLowPorts(4)) as [number, number, number, number];
  const env: Record<string, string> = {
    PORT: String(api),
    SIMULATOR_PORT: String(simulator),
    TEMPORAL_PORT: String(temporal),
    TEMPORAL_UI_PORT: String(ui),
    PENSTOCK_DATA_DIR: join(folder, 'data'),
  };
  for (const name of ['TEMPORAL_CLI_PATH', 'XDG_CACHE_HOME']) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return { folder, env, ports: { api, simulator, temporal, ui } };
}

const npmStart = (env: Record<string, string>) =>
  new Part('npm start', ['npm', 'start'], env, /serving; Ctrl-C stops it/);

describe('npm start', () => {
  let at: Awaited<ReturnType<typeof surroundings>>;
  before(async () => {
    at = await surroundings();
  });
  after(() => rmSync(at.folder, { recursive: true, force: true }));

  it('makes one payment, tells its timeline and where everything is, and ends in order; the next start goes on', async () => {
    const first = npmStart(at.env);
    await first.start();
    const { output } = first;
    assert.match(output, /POST \/v1\/payments 4200 eur -> pay\.demo\.first-\w+ is processing/);
    assert.match(output, /-> succeeded \(final\)/);
    assert.match(output, /temporal +1\. workflow execution started/);
    assert.match(output, /stripe +payment_intent\.succeeded/);
    assert.match(output, /temporal +\d+\. workflow execution completed/);
    assert.match(output, new RegExp(`http://127\\.0\\.0\\.1:${at.ports.ui}/namespaces/default/workflows/pay\\.demo`));
    assert.match(output, new RegExp(`API +http://127\\.0\\.0\\.1:${at.ports.api}`));

    const api = new ApiClient(`http://127.0.0.1:${at.ports.api}`);
    const paid = await api.pay(aPayment());
    const waiting = await api.pay(aPayment({ payment_method: 'pm_card_authenticationRequired' }));
    // One process, one page: what its worker counted, its webhooks, and Temporal's own.
    await until(async () => {
      const families = parseMetrics((await api.call<string>('GET', '/metrics')).body);
      return total(families, 'penstock_webhooks_total', { outcome: 'delivered' }) >= 3;
    });
    const families = parseMetrics((await api.call<string>('GET', '/metrics')).body);
    assert.equal(total(families, 'penstock_payments_total', { status: 'processing' }), 3);
    assert.equal(total(families, 'penstock_stripe_requests_total', { endpoint: 'payment_intents.create' }), 3);
    assert.ok(total(families, 'temporal_workflow_completed_total') >= 1);
    // The next start counts what visibility shows, which trails the payment's end by a moment.
    const ended = () => api.call<{ data: unknown[] }>('GET', '/v1/payments?status=succeeded');
    await until(async () => (await ended()).body.data.length === 2);
    // npm hands the terminal's Ctrl-C on, so that it arrives twice: it is one.
    const code = first.end('SIGINT');
    await first.end('SIGINT');
    assert.equal(await code, 0, first.output);
    assert.match(first.output, /penstock: stopped/);
    for (const port of Object.values(at.ports)) assert.equal(await isTaken(port), false, `${port} is still used`);

    const second = npmStart(at.env);
    await second.start();
    assert.match(second.output, /3 earlier payments are here, 1 of them open/);
    assert.equal((await api.get(paid.id)).body.status, 'succeeded');
    assert.equal((await api.get(waiting.id)).body.status, 'requires_action');
    await api.cancel(waiting.id);
    assert.equal((await api.until(waiting.id, (p) => p.final)).status, 'canceled');
    assert.equal(await second.end('SIGTERM'), 0, second.output);
    for (const port of Object.values(at.ports)) assert.equal(await isTaken(port), false, `${port} is still used`);
  });

  it('with a Stripe key of its own talks to Stripe, starts no simulator and makes no payment by itself', async () => {
    const key = 'sk_test_an_account_of_its_own';
    const secret = 'whsec_of_its_own_account';
    const stripe = await Simulator.open({ port: 0, folder: undefined });
    const stripePort = stripe.start();
    addEndpoint(stripe, { key, url: `http://127.0.0.1:${at.ports.api}/webhooks/stripe/default`, secret });
    const config = join(at.folder, 'own-account.json');
    // The sweep lists events on its account, and comes on the minute otherwise.
    writeFileSync(config, JSON.stringify({ policy: { payments: RARELY_SWEPT } }));
    const part = npmStart({
      ...at.env,
      PENSTOCK_CONFIG: config,
      PENSTOCK_DATA_DIR: join(at.folder, 'own-account'),
      STRIPE_SECRET_KEY: key,
      STRIPE_WEBHOOK_SECRET: secret,
      STRIPE_API_BASE: `http://127.0.0.1:${stripePort}`,
    });
    try {
      await part.start();
      assert.ok(!/One payment|simulator/.test(part.output), part.output);
      assert.equal(await isTaken(at.ports.simulator), false);
      assert.equal(stripe.log.length, 0, 'Stripe was not asked for anything');
      const paid = await new ApiClient(`http://127.0.0.1:${at.ports.api}`).pay(aPayment());
      assert.equal(paid.status, 'succeeded');
      assert.equal(stripe.log.filter((r) => r.endpoint === 'payment_intents.create').length, 1);
    } finally {
      await part.end('SIGTERM');
      await stripe.stop();
    }
  });

  /** Starts what must not come up, and returns what it said. */
  async function refused(env: Record<string, string>): Promise<string> {
    const part = new Part('npm start', ['npm', 'start'], env, undefined);
    await part.start();
    assert.equal(await part.ended(), 1, part.output);
    assert.ok(!/at .*\.ts:\d+/.test(part.output), `one clear line and no stack: ${part.output}`);
    for (const [name, port] of Object.entries(at.ports)) {
      assert.equal(await isTaken(port), takenNow === port, `${name} ${port}`);
    }
    return part.output;
  }
  let takenNow: number | undefined;

  for (const [what, variable] of [
    ['api', 'PORT'],
    ['simulator', 'SIMULATOR_PORT'],
    ['temporal', 'TEMPORAL_PORT'],
    ['ui', 'TEMPORAL_UI_PORT'],
  ] as const) {
    it(`says which port is taken and what to set: ${variable}`, async () => {
      takenNow = at.ports[what];
      const server = createServer().listen(takenNow, '127.0.0.1');
      await once(server, 'listening');
      const output = await refused(at.env);
      server.close();
      await once(server, 'close');
      assert.match(output, new RegExp(`port ${takenNow} for .* is taken: .*${variable}`));
      takenNow = undefined;
    });
  }

  it('says that no Temporal server answers at TEMPORAL_ADDRESS', async () => {
    const output = await refused({ ...at.env, TEMPORAL_ADDRESS: `127.0.0.1:${at.ports.temporal}` });
    assert.match(output, /no Temporal server answers at 127\.0\.0\.1:\d+ .*TEMPORAL_ADDRESS/);
  });

  it('says how to get a Temporal server where none can be had', async () => {
    // Node and npm stay reachable; Go and a temporal CLI do not, and no download gets through.
    const bin = join(process.execPath, '..');
    const cache = join(at.folder, 'empty-cache');
    const nowhere = 'http://127.0.0.1:9';
    const env = { PATH: `${bin}:/usr/bin:/bin`, XDG_CACHE_HOME: cache, HTTPS_PROXY: nowhere, https_proxy: nowhere };
    const output = await refused({ ...at.env, ...env, TEMPORAL_CLI_PATH: '' });
    assert.match(output, /no Temporal server could be had .*no Go toolchain.*TEMPORAL_CLI_PATH.*TEMPORAL_ADDRESS/s);
  });

  it('says that TEMPORAL_CLI_PATH names no working CLI', async () => {
    const output = await refused({ ...at.env, TEMPORAL_CLI_PATH: '/nonexistent/temporal' });
    assert.match(output, /TEMPORAL_CLI_PATH: \/nonexistent\/temporal is not a working temporal CLI/);
  });

  it('refuses configuration by the name of the field', async () => {
    assert.match(await refused({ ...at.env, PORT: 'many' }), /PORT: /);
    const key = 'sk_test_of_a_real_sandbox_account';
    const missing = await refused({ ...at.env, STRIPE_SECRET_KEY: key });
    assert.match(missing, /STRIPE_WEBHOOK_SECRET is missing/);
    assert.ok(!missing.includes(key));
    const live = { STRIPE_SECRET_KEY: 'sk_live_0123456789abcdef', STRIPE_WEBHOOK_SECRET: 'whsec_0123456789' };
    const open = await refused({ ...at.env, ...live });
    assert.match(open, /PENSTOCK_API_KEYS: required with a live Stripe key/);
    assert.ok(!open.includes('sk_live_0123'));
  });
});
