import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { SHOWN_TABLES } from '../../src/simulator/control/lists.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import { HOUR, SECOND, T0 } from '../support/facts.js';
import { Inbox } from '../support/inbox.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';
import { until } from '../support/until.js';

const HOSTILE = `<script>alert(1)</script><img src=x onerror=alert(1)>"><b onmouseover='alert(1)'>&amp;\``;
const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('the page', () => {
  let stripe: Simulated;
  let inbox: Inbox;
  before(async () => {
    [stripe, inbox] = await Promise.all([Simulated.start({ now: () => T0 }), Inbox.start()]);
    await stripe.sendWebhooksTo(`${inbox.url}?${encodeURIComponent(HOSTILE)}`, 'whsec_of_the_inbox');
    const hostile = { description: HOSTILE, metadata: { [HOSTILE.slice(0, 40)]: HOSTILE } };
    await stripe.stripe.customers.create({ name: HOSTILE, email: HOSTILE, ...hostile });
    const { id } = await stripe.stripe.paymentIntents.create(
      cardPayment({ payment_method: 'pm_card_visa', ...hostile }),
    );
    await stripe.stripe.refunds.create({ payment_intent: id, amount: 100, metadata: hostile.metadata });
    await stripe.control.dispute(id);
    await stripe.stripeOf('sk_test_another').customers.create({});
    await until(() => stripe.simulator.attempts.newestFirst(accountId(SIMULATOR_KEY), 9).length > 3);
  });
  after(async () => {
    await stripe?.stop();
    await inbox?.stop();
  });

  async function look(path = '/') {
    const answer = await fetch(`${stripe.base}${path}`, { headers: BROWSER });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  }
  const links = (text: string) => [
    ...new Set([...text.matchAll(/href="(\/[^"]*)"/g)].map(([, path = '']) => path.replaceAll('&#38;', '&'))),
  ];
  const step = (form: Record<string, string>) =>
    fetch(`${stripe.base}/_simulator/page/clock`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams(form),
    });

  it('is what a browser is shown; every other client finds Stripe there, which has nothing', async () => {
    const { status, headers } = await look();
    assert.deepEqual([status, headers.get('content-type')], [200, 'text/html; charset=utf-8']);
    for (const accept of ['application/json', '*/*', '']) {
      const headers = { accept, authorization: `Bearer ${SIMULATOR_KEY}` };
      const answer = await fetch(`${stripe.base}/`, { headers });
      assert.equal(answer.status, 404);
      assert.match(await answer.text(), /Unrecognized request URL \(GET: \/\)/);
    }
    const posted = await fetch(`${stripe.base}/`, { method: 'POST', headers: { ...BROWSER } });
    assert.equal(posted.status, 401);
  });

  it('shows accounts, objects, events, attempts, requests, what is in force and the clock', async () => {
    const { text } = await look();
    const intent = (await stripe.stripe.paymentIntents.list()).data[0];
    for (const shown of [
      intent?.id ?? '',
      accountId('sk_test_another'),
      `default (${SIMULATOR_KEY})`,
      'payment_intents.create',
      'charge.dispute.created',
      'delivered',
      'faults: none',
      'limits: none',
      new Date(T0).toISOString().slice(0, 10),
    ]) {
      assert.ok(text.includes(shown), shown);
    }
  });

  it('runs nothing that anybody’s metadata says, on no page there is', async () => {
    const seen = new Set<string>();
    const open = [...SHOWN_TABLES.map((table) => `/?table=${table}`), `/?id=${encodeURIComponent(HOSTILE)}`];
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const { text, status } = await look(path);
      assert.ok(status === 200 || status === 404, path);
      for (const tag of ['<script>', '<img', '<b ']) assert.ok(!text.includes(tag), `${tag} on ${path}`);
      for (const [tag] of text.matchAll(/<[a-z][^>]*>/g)) {
        // No attribute is left by what is in it, and none runs or fetches anything.
        assert.match(tag, /^<[a-z1-6]+( [a-z-]+(="[^"<>`]*")?)*>$/, path);
        assert.doesNotMatch(tag, / (src|srcset|style|on[a-z]+)[=> ]/, path);
      }
      open.push(...links(text));
    }
    assert.ok(seen.size > 30, `${seen.size}`);
  });

  it('allows the one script and the one sheet it has, each by its hash, and nothing else', async () => {
    const { text, headers } = await look();
    const policy = headers.get('content-security-policy') ?? '';
    assert.ok(policy.startsWith("default-src 'none'; "));
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    for (const [kind, directive] of [
      ['script', 'script-src'],
      ['style', 'style-src'],
    ] as const) {
      const [only, ...more] = [...text.matchAll(new RegExp(`<${kind}[^>]*>([\\s\\S]*?)</${kind}>`, 'g'))];
      assert.equal(more.length, 0, kind);
      const hash = createHash('sha256')
        .update(only?.[1] ?? '')
        .digest('base64');
      assert.ok(policy.includes(`${directive} 'sha256-${hash}'`), kind);
    }
  });

  it('leads nowhere but to pages that there are', async () => {
    for (const path of links((await look()).text)) assert.equal((await look(path)).status, 200, path);
    assert.equal((await look('/?id=pi_of_nobody')).status, 404);
  });

  it('renews each of its parts by an id of its own', async () => {
    const ids = [...(await look()).text.matchAll(/<\w+ id="(\w+)" data-live/g)].map(([, id]) => id);
    assert.deepEqual(ids, ['clock', 'accounts', 'objects', 'counts', 'settings', 'events', 'attempts']);
  });

  it('shows an object of an older journal, whatever it lacks', async () => {
    const odd = { id: 'pi_odd', amount: 'much', currency: 7, metadata: 3, created: 'x' };
    const account = accountId(SIMULATOR_KEY);
    stripe.simulator.store.commit([
      [account, 'charges', { id: 'ch_bare' } as never],
      [account, 'payment_intents', odd as never],
    ]);
    for (const path of ['/?table=charges', '/?table=payment_intents', '/?id=ch_bare', '/?id=pi_odd']) {
      assert.equal((await look(path)).status, 200, path);
    }
  });

  it('steps, stops and starts the clock by its forms', async () => {
    const account = accountId(SIMULATOR_KEY);
    const stepped = await step({ step: ' 1d12h ', account });
    assert.deepEqual([stepped.status, stepped.headers.get('location')], [303, `/?account=${account}`]);
    assert.equal((await stripe.control.clock()).now_ms, T0 + 36 * HOUR);
    assert.equal((await step({ clock: 'freeze' })).status, 303);
    assert.equal((await stripe.control.clock()).frozen, true);
    assert.match((await look()).text, /stands still/);
    await step({ clock: 'run' });
    assert.equal((await stripe.control.clock()).frozen, false);
  });

  it('takes no step that is none, and none of more than ten years', async () => {
    const before = await stripe.control.clock();
    for (const form of [{}, { step: '' }, { step: 'soon' }, { step: '-1d' }, { step: '1.5h' }, { step: '99999d' }]) {
      const { status } = await step(form as Record<string, string>);
      assert.equal(status, 422, JSON.stringify(form));
    }
    assert.deepEqual(await stripe.control.clock(), before);
    assert.equal((await step({ step: '1s', account: 'https://evil.example' })).headers.get('location'), '/');
    assert.equal((await stripe.control.clock()).now_ms, before.now_ms + SECOND);
  });
});

describe('the page of a simulator to which nothing has happened', () => {
  it('says how to make something happen', async () => {
    const stripe = await Simulated.start();
    try {
      const answer = await fetch(`${stripe.base}/`, { headers: BROWSER });
      assert.equal(answer.status, 200);
      assert.match(await answer.text(), /npm run simulator -- trigger payment_intent.succeeded/);
    } finally {
      await stripe.stop();
    }
  });
});
