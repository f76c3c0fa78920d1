import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import type { ObjectPage } from '../../src/simulator/control/lists.js';
import type { Attempt } from '../../src/simulator/delivery/attempt-log.js';
import { AttemptLog } from '../../src/simulator/delivery/attempt-log.js';
import type { StreamLine } from '../../src/simulator/delivery/event-streams.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import { Inbox } from '../support/inbox.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';
import { until } from '../support/until.js';

const ACCOUNT = accountId(SIMULATOR_KEY);
const OTHER = 'sk_test_another';
const SECRET = 'whsec_of_the_inbox';

let stripe: Simulated;
beforeEach(async () => {
  stripe = await Simulated.start();
});
afterEach(() => stripe?.stop());

describe('the objects of an account', () => {
  const objects = (query: string) => stripe.control.read(`objects?${query}`) as Promise<ObjectPage>;

  it('come newest first, a page after another, as Stripe shows them', async () => {
    const made: string[] = [];
    for (let i = 0; i < 5; i += 1) made.unshift((await stripe.stripe.customers.create({ name: `${i}` })).id);
    const seen: unknown[] = [];
    for (let before = ''; ; before = `&before=${seen.at(-1)}`) {
      const page = await objects(`key=${SIMULATOR_KEY}&table=customers&limit=2${before}`);
      seen.push(...page.objects.map((object) => (object as { id: string }).id));
      if (!page.has_more) break;
    }
    assert.deepEqual(seen, made);
  });

  it('show no signing secret, and nothing of another account', async () => {
    await stripe.sendWebhooksTo('http://127.0.0.1:1/', SECRET);
    const own = await objects(`account=${ACCOUNT}&table=webhook_endpoints`);
    assert.equal(own.objects.length, 1);
    assert.doesNotMatch(JSON.stringify(own), /whsec/);
    assert.deepEqual((await objects(`key=${OTHER}&table=webhook_endpoints`)).objects, []);
  });
});

describe('webhook attempts', () => {
  const attempts = async (query = '') =>
    ((await stripe.control.read(`attempts?key=${SIMULATOR_KEY}${query}`)) as { attempts: Attempt[] }).attempts;

  it('are kept one by one, newest first: what was answered, and what it left of the delivery', async () => {
    const inbox = await Inbox.start();
    try {
      await stripe.sendWebhooksTo(inbox.url, SECRET);
      inbox.status = (_, count) => (count === 1 ? 500 : 200);
      const { id } = await stripe.stripe.customers.create({});
      await until(async () => (await attempts()).length === 2);
      const [second, first] = await attempts();
      assert.deepEqual([first?.status, first?.state], [500, 'pending']);
      assert.deepEqual([second?.status, second?.state, second?.url], [200, 'delivered', inbox.url]);
      assert.deepEqual([second?.type, second?.event], ['customer.created', first?.event]);
      assert.ok((second?.at_ms ?? 0) >= (first?.at_ms ?? 0));
      assert.ok(id);
    } finally {
      await inbox.stop();
    }
  });

  it('tell of nobody there by no status, and of what a fault dropped', async () => {
    await stripe.sendWebhooksTo('http://127.0.0.1:1/', SECRET);
    await stripe.stripe.customers.create({});
    await until(async () => (await attempts()).some(({ status, state }) => status === null && state === 'pending'));
    await stripe.control.faults({ webhooks: [{ kind: 'drop' }] });
    await stripe.stripe.customers.create({});
    await until(async () => (await attempts()).some(({ state }) => state === 'dropped'));
    assert.equal((await attempts('&limit=1')).length, 1);
    assert.deepEqual(await stripe.control.read(`attempts?key=${OTHER}`), { attempts: [] });
  });

  it('are bounded for each account', () => {
    const log = new AttemptLog();
    const attempt = {
      event: '',
      type: '',
      endpoint: '',
      url: null,
      status: 200,
      took_ms: 1,
      state: 'delivered',
    } as const;
    log.add('acct_quiet', { ...attempt, at_ms: 0 });
    for (let at_ms = 0; at_ms < 5_000; at_ms += 1) log.add('acct_loud', { ...attempt, at_ms });
    const kept = log.newestFirst('acct_loud', 5_000);
    assert.ok(kept.length >= 1_000 && kept.length <= 1_100, `${kept.length}`);
    assert.equal(kept[0]?.at_ms, 4_999);
    assert.equal(log.newestFirst('acct_quiet', 5).length, 1);
  });
});

describe('the stream of events', () => {
  /** A reader of it, with every line that has come. */
  async function reader(query = '') {
    const request = get(`${stripe.base}/_simulator/stream${query}`);
    const [res] = (await once(request, 'response')) as [IncomingMessage];
    const lines: StreamLine[] = [];
    createInterface(res)
      .on('line', (line) => lines.push(JSON.parse(line)))
      // It is cut off on purpose.
      .on('error', () => undefined);
    res.on('error', () => undefined);
    const ended = new Promise((resolve) => res.once('close', resolve));
    await until(() => lines.length > 0);
    return { request, res, lines, ended };
  }
  const types = (lines: readonly StreamLine[]) =>
    lines.flatMap((line) => (line.kind === 'event' ? [line.event.type] : []));

  it('tells of each event as it happens, in order, of one account or of all', async () => {
    const [own, all] = [await reader(`?key=${SIMULATOR_KEY}`), await reader()];
    assert.deepEqual(
      [own.lines[0], all.lines[0]],
      [
        { kind: 'open', account: ACCOUNT },
        { kind: 'open', account: null },
      ],
    );
    await stripe.stripeOf(OTHER).customers.create({});
    await stripe.stripe.paymentIntents.create(cardPayment());
    await until(() => types(all.lines).length === 4 && types(own.lines).length === 3);
    assert.deepEqual(types(own.lines), ['payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded']);
    assert.equal(types(all.lines)[0], 'customer.created');
  });

  it('tells of the types that are asked for, and of no fault of the webhooks', async () => {
    const asked = await reader('?events=charge.*,payment_intent.succeeded');
    await stripe.control.faults({ webhooks: [{ kind: 'drop' }] });
    await stripe.stripe.paymentIntents.create(cardPayment());
    await until(() => types(asked.lines).length === 2);
    assert.deepEqual(types(asked.lines), ['charge.succeeded', 'payment_intent.succeeded']);
  });

  it('leaves nothing behind when its reader is gone', async () => {
    const gone = await reader();
    assert.equal(stripe.simulator.streams.count, 1);
    gone.request.destroy();
    await until(() => stripe.simulator.streams.count === 0);
    await stripe.stripe.customers.create({});
  });

  it('is ended where its reader takes nothing in, so that memory stays bounded', async () => {
    const request = get(`${stripe.base}/_simulator/stream`);
    const [res] = (await once(request, 'response')) as [IncomingMessage];
    res.pause();
    const description = 'x'.repeat(900);
    const event = { id: 'evt_1', object: 'event', data: { object: description.repeat(1_000) }, type: 'charge.updated' };
    for (let i = 0; i < 100 && stripe.simulator.streams.count > 0; i += 1) {
      stripe.simulator.streams.tell(ACCOUNT, event as never);
    }
    assert.equal(stripe.simulator.streams.count, 0);
    res.on('error', () => undefined);
    request.destroy();
  });

  it('ends with a word when the simulator stops', async () => {
    const { lines, ended } = await reader();
    await stripe.stop();
    await ended;
    assert.deepEqual(lines.at(-1), { kind: 'end', why: 'the simulator stops' });
  });
});
