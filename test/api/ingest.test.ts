import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import Stripe from 'stripe';
import type { BodyLimits } from '../../src/api/body.js';
import { createIngest } from '../../src/api/ingest.js';
import { loadConfig } from '../../src/config/index.js';
import { paymentId } from '../../src/domain/ids.js';
import { type HttpServer, listen } from '../../src/http-server.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { type TurnLimits, Turns, weightOf } from '../../src/webhooks/turns.js';
import { freePort } from '../support/process.js';
import { parseMetrics, total } from '../support/prometheus.js';
import { until } from '../support/until.js';

const DEPLOYMENT = 'here';
const SECRETS = { eu: 'whsec_of_the_eu_account', us: 'whsec_of_the_us_account' };
type AccountName = keyof typeof SECRETS;

/** The ingest over HTTP, with Temporal's part in the test's own hands: nothing is taken until it says so. */
class Ingest {
  readonly handed: { readonly account: string; readonly event: string }[] = [];
  private held: (() => void)[] = [];
  private open = false;

  private constructor(
    readonly base: string,
    readonly metrics: Metrics,
  ) {}
  server: HttpServer | undefined;

  static async start(limits?: TurnLimits, bodies?: BodyLimits): Promise<Ingest> {
    const port = await freePort();
    const metrics = new Metrics();
    const ingest = new Ingest(`http://127.0.0.1:${port}`, metrics);
    const config = loadConfig({});
    const [account] = config.accounts;
    if (account === undefined) throw new Error('no account');
    const accounts = Object.entries(SECRETS).map(([name, secret]) => ({ ...account, name, webhookSecrets: [secret] }));
    const show = (name: string, waiting: number) => metrics.webhooksWait(name, waiting);
    const app = createIngest({
      client: {} as never,
      events: {} as never,
      config: { ...config, accounts },
      deployment: DEPLOYMENT,
      policy: config.policy.payments,
      metrics,
      logger: createLogger('silent', 'test'),
      now: Date.now,
      ...(limits === undefined ? {} : { turns: new Turns(limits, show) }),
      ...(bodies === undefined ? {} : { bodies }),
      handOver: async (_parts, name, event) => {
        ingest.handed.push({ account: name, event: event.id });
        if (!ingest.open) await new Promise<void>((resolve) => ingest.held.push(resolve));
        return 'delivered';
      },
    });
    ingest.server = await listen(app, { host: '127.0.0.1', port, what: 'the test', variable: 'NONE' }, () => undefined);
    return ingest;
  }

  /** From now on everything is taken at once, and so is what was held. */
  release(): void {
    this.open = true;
    for (const goOn of this.held.splice(0)) goOn();
  }

  async figure(name: string, labels: Record<string, string>): Promise<number> {
    const response = await fetch(`${this.base}/metrics`);
    return total(parseMetrics(await response.text()), name, labels);
  }

  waiting(account: AccountName): Promise<number> {
    return this.figure('penstock_webhooks_waiting', { account });
  }

  send(account: AccountName, id: string, secret: string = SECRETS[account], signal?: AbortSignal): Promise<Response> {
    const { payload, signature } = signed(id, secret);
    const headers = { 'stripe-signature': signature };
    return fetch(this.url(account), { method: 'POST', body: payload, headers, ...(signal && { signal }) });
  }

  async connected(): Promise<Socket> {
    const { hostname, port } = new URL(this.base);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return socket;
  }

  url(account: AccountName): string {
    return `${this.base}/webhooks/stripe/${account}`;
  }
}

/** A delivery as it goes over the wire, which its sender may cut where it likes. */
function onTheWire(path: string, { payload, signature }: { payload: string; signature: string }): string {
  const head = `POST ${path} HTTP/1.1\r\nhost: here\r\nstripe-signature: ${signature}\r\n`;
  return `${head}content-length: ${payload.length}\r\n\r\n${payload}`;
}

function signed(id: string, secret: string): { payload: string; signature: string } {
  const metadata = {
    penstock_deployment: DEPLOYMENT,
    penstock_workflow: paymentId('acme', 'order-1'),
    penstock_attempt: '1',
  };
  const object = { object: 'payment_intent', id: 'pi_1', status: 'succeeded', amount: 100, currency: 'eur', metadata };
  const payload = JSON.stringify({
    id,
    object: 'event',
    type: 'payment_intent.succeeded',
    created: Math.floor(Date.now() / 1000),
    request: null,
    data: { object },
  });
  return { payload, signature: Stripe.webhooks.generateTestHeaderString({ payload, secret }) };
}

const statuses = async (answers: Promise<Response>[]) => (await Promise.all(answers)).map(({ status }) => status);

describe('the process that takes webhooks', () => {
  const begun: Ingest[] = [];
  const start = async (limits?: TurnLimits, bodies?: BodyLimits) => {
    const ingest = await Ingest.start(limits, bodies);
    begun.push(ingest);
    return ingest;
  };
  after(async () => {
    for (const ingest of begun) {
      ingest.release();
      await ingest.server?.drain(0);
    }
  });

  it("answers one account's events while a thousand of another's wait, and holds every one of those", async () => {
    const ingest = await start();
    const flood = Array.from({ length: 1_000 }, (_, i) => ingest.send('eu', `evt_flood_${i}`));
    await until(async () => (await ingest.waiting('eu')) === 1_000 - 64);
    const other = ingest.send('us', 'evt_other');
    await until(() => ingest.handed.some(({ account }) => account === 'us'));
    assert.equal(await ingest.waiting('us'), 0, 'it did not wait');
    assert.equal(ingest.handed.length, 65, 'the flood has no more turns than its share');
    ingest.release();
    assert.deepEqual(await statuses([other]), [200]);
    assert.deepEqual(new Set(await statuses(flood)), new Set([200]));
    assert.equal(new Set(ingest.handed.map(({ event }) => event)).size, 1_001, 'each was handed over');
    assert.equal(ingest.handed.length, 1_001, 'and once');
    assert.equal(await ingest.waiting('eu'), 0);
  });

  it('lets no forgery wait: it is answered at once, however many events do', async () => {
    const ingest = await start({ atOnce: 1, atOncePerAccount: 1, ownBytes: 1e9, commonBytes: 0 });
    const genuine = [1, 2, 3].map((i) => ingest.send('eu', `evt_${i}`));
    await until(async () => (await ingest.waiting('eu')) === 2);
    const forged = Array.from({ length: 200 }, (_, i) => ingest.send('eu', `evt_forged_${i}`, 'whsec_of_nobody'));
    assert.deepEqual(new Set(await statuses(forged)), new Set([400]));
    assert.equal(await ingest.waiting('eu'), 2);
    ingest.release();
    assert.deepEqual(await statuses(genuine), [200, 200, 200]);
    assert.ok(!ingest.handed.some(({ event }) => event.includes('forged')));
  });

  it('sends away what it has no room for, to come again, and nobody else', async () => {
    // Two events of this size.
    const ingest = await start({ atOnce: 2, atOncePerAccount: 1, ownBytes: 2.5 * weightOf(0), commonBytes: 0 });
    const held = [1, 2, 3].map((i) => ingest.send('eu', `evt_${i}`));
    await until(async () => (await ingest.waiting('eu')) === 2);
    const refused = await ingest.send('eu', 'evt_4');
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal(await ingest.figure('penstock_webhooks_total', { account: 'eu', outcome: 'no_room' }), 1);
    const other = ingest.send('us', 'evt_5');
    ingest.release();
    assert.deepEqual(await statuses([...held, other]), [200, 200, 200, 200]);
    assert.equal((await ingest.send('eu', 'evt_4')).status, 200, 'sent again, it is taken');
  });

  it('forgets an event whose sender has gone before its turn', async () => {
    const ingest = await start({ atOnce: 1, atOncePerAccount: 1, ownBytes: 1e9, commonBytes: 0 });
    const first = ingest.send('eu', 'evt_first');
    await until(() => ingest.handed.length === 1);
    const gone = new AbortController();
    const left = ingest.send('eu', 'evt_left', SECRETS.eu, gone.signal);
    await until(async () => (await ingest.waiting('eu')) === 1);
    gone.abort();
    await assert.rejects(left);
    await until(async () => (await ingest.waiting('eu')) === 0);
    const last = ingest.send('eu', 'evt_last');
    ingest.release();
    assert.deepEqual(await statuses([first, last]), [200, 200]);
    assert.deepEqual(
      ingest.handed.map(({ event }) => event),
      ['evt_first', 'evt_last'],
    );
    assert.equal(await ingest.figure('penstock_webhooks_total', { outcome: 'sender_gone' }), 1);
  });

  it('hands over what waits while it drains, and answers it', async () => {
    const ingest = await start({ atOnce: 1, atOncePerAccount: 1, ownBytes: 1e9, commonBytes: 0 });
    const waiting = [1, 2, 3].map((i) => ingest.send('eu', `evt_${i}`));
    await until(async () => (await ingest.waiting('eu')) === 2);
    const drained = ingest.server?.drain();
    ingest.release();
    assert.deepEqual(await statuses(waiting), [200, 200, 200]);
    await drained;
    await assert.rejects(ingest.send('eu', 'evt_late'), 'it takes no more');
  });

  it('takes no event that is larger than Stripe sends', async () => {
    const ingest = await start();
    const body = Buffer.alloc(2 * 1024 * 1024, 0x20);
    const response = await fetch(ingest.url('eu'), { method: 'POST', body });
    assert.equal(response.status, 413);
    assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(await ingest.figure('penstock_webhooks_total', { account: 'eu', outcome: 'too_large' }), 1);
    ingest.release();
    assert.equal((await ingest.send('eu', 'evt_after')).status, 200);
    assert.equal(ingest.handed.length, 1);
  });

  it('reads an event that comes in pieces, and at once forgets one that breaks off', async () => {
    const ingest = await start();
    ingest.release();
    const { payload, signature } = signed('evt_pieces', SECRETS.eu);
    const headers = { 'stripe-signature': signature };
    const begun = request(ingest.url('eu'), { method: 'POST', headers });
    const answered = once(begun, 'response');
    for (const at of [0, 50, 100]) begun.write(payload.slice(at, at + 50));
    begun.end(payload.slice(150));
    const [answer] = await answered;
    assert.equal(answer.statusCode, 200);
    answer.resume();

    const broken = await ingest.connected();
    const whole = onTheWire(new URL(ingest.url('eu')).pathname, signed('evt_broken', SECRETS.eu));
    await new Promise((resolve) => broken.write(whole.slice(0, -1), resolve));
    broken.destroy();
    await until(async () => (await ingest.figure('penstock_webhooks_total', { outcome: 'broken_off' })) === 1);
    assert.equal((await ingest.send('eu', 'evt_whole')).status, 200);
    assert.deepEqual(
      ingest.handed.map(({ event }) => event),
      ['evt_pieces', 'evt_whole'],
    );
  });

  it('holds no more of bodies that come slowly than it may, and of another account as many', async () => {
    const events = ['evt_slow', 'evt_fast', 'evt_again'].map((id) => signed(id, SECRETS.eu));
    const together = Math.max(...events.map(({ payload }) => payload.length)) + 50;
    const ingest = await start(undefined, { each: 10_000, together });
    ingest.release();
    const slow = await ingest.connected();
    const whole = onTheWire(new URL(ingest.url('eu')).pathname, events[0] as ReturnType<typeof signed>);
    await new Promise((resolve) => slow.write(whole.slice(0, -10), resolve));
    let refused = 0;
    await until(async () => {
      const { status } = await ingest.send('eu', 'evt_fast');
      if (status === 503) refused += 1;
      return refused > 0;
    });
    assert.equal(await ingest.figure('penstock_webhooks_total', { account: 'eu', outcome: 'no_room' }), refused);
    assert.equal((await ingest.send('us', 'evt_other')).status, 200);
    const answered = once(slow, 'data');
    slow.write(whole.slice(-10));
    assert.match(String(await answered), /^HTTP\/1\.1 200 /);
    slow.destroy();
    assert.equal((await ingest.send('eu', 'evt_again')).status, 200, 'there is room again');
  });

  it('takes events that were sent one behind the other without waiting for answers', async () => {
    const ingest = await start();
    const sender = await ingest.connected();
    const { pathname } = new URL(ingest.url('eu'));
    sender.write(['evt_1', 'evt_2', 'evt_3'].map((id) => onTheWire(pathname, signed(id, SECRETS.eu))).join(''));
    let answers = '';
    sender.setEncoding('utf8').on('data', (text: string) => {
      answers += text;
    });
    await until(() => ingest.handed.length === 3);
    ingest.release();
    await until(() => answers.split('HTTP/1.1 200 ').length === 4);
    sender.destroy();
  });

  it('says of an event whose shape it does not know that this is Stripe’s, and no forgery', async () => {
    const ingest = await start();
    ingest.release();
    const event = { id: 'evt_new', object: 'event', type: 'charge.dispute.created', created: 1, request: null };
    const payload = JSON.stringify({ ...event, data: { object: { object: 'dispute', id: 'dp_1' } } });
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: SECRETS.eu });
    const headers = { 'stripe-signature': signature };
    const response = await fetch(ingest.url('eu'), { method: 'POST', body: payload, headers });
    assert.equal(response.status, 422);
    assert.equal(((await response.json()) as { code: string }).code, 'unreadable_event');
    assert.equal(await ingest.figure('penstock_webhooks_total', { account: 'eu', outcome: 'unreadable' }), 1);
    assert.equal(await ingest.figure('penstock_webhooks_total', { account: 'eu', outcome: 'bad_signature' }), 0);
  });

  it('takes events at its path however that is written, and only events', async () => {
    const ingest = await start();
    ingest.release();
    const { payload, signature } = signed('evt_1', SECRETS.eu);
    const headers = { 'stripe-signature': signature };
    for (const end of ['/', '?from=stripe', '/?from=stripe']) {
      const { status } = await fetch(ingest.url('eu') + end, { method: 'POST', body: payload, headers });
      assert.equal(status, 200, end);
    }
    for (const [method, end] of [
      ['GET', ''],
      ['PUT', ''],
      ['POST', '/more'],
    ] as const) {
      const response = await fetch(ingest.url('eu') + end, { method });
      assert.deepEqual([response.status, response.headers.get('x-content-type-options')], [404, 'nosniff'], method);
    }
    const unknown = await fetch(`${ingest.base}/webhooks/stripe/nobody`, { method: 'POST', body: payload, headers });
    assert.deepEqual([unknown.status, unknown.headers.get('x-content-type-options')], [404, 'nosniff']);
    assert.equal(ingest.handed.length, 3);
  });

  it('answers nothing but events, health and metrics', async () => {
    const ingest = await start();
    const status = async (path: string, method = 'GET') => (await fetch(ingest.base + path, { method })).status;
    assert.deepEqual([await status('/health/live'), await status('/metrics')], [200, 200]);
    for (const path of ['/v1/payments', '/', '/openapi.json']) assert.equal(await status(path), 404, path);
    assert.equal(await status('/v1/payments', 'POST'), 404);
    assert.equal(await status('/webhooks/stripe/nobody', 'POST'), 404);
  });
});
