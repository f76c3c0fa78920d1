import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Stripe from 'stripe';
import { SIMULATOR_KEY, SIMULATOR_WEBHOOK_SECRET } from '../../src/config/accounts.js';
import { EventType } from '../../src/temporal/proto.js';
import { aPayment } from '../support/api-client.js';
import { parseMetrics, total } from '../support/prometheus.js';
import { Stack } from '../support/stack.js';
import { until } from '../support/until.js';

const OTHER = { key: 'sk_test_of_another_account', secret: 'whsec_of_another_account' };

/** On the machine these run on some 50 payments/s are what there can be, with two events each: ten times that, in a second. */
const BURST = 1_000;
const PAYMENTS = 20;

describe('a burst of webhooks of one account', () => {
  let stack: Stack;
  before(async () => {
    const account = (secret_key: string, secret: string, currency: string, api_base: string) => ({
      secret_key,
      webhook_secrets: [secret],
      currencies: [currency],
      api_base,
    });
    stack = await Stack.start({
      webhooksApart: true,
      file: (simulator) => ({
        accounts: {
          default: account(SIMULATOR_KEY, SIMULATOR_WEBHOOK_SECRET, 'eur', simulator),
          other: account(OTHER.key, OTHER.secret, 'usd', simulator),
        },
      }),
    });
    const url = `${stack.webhooks.base}/webhooks/stripe/other`;
    await stack.simulator.sendWebhooks({ key: OTHER.key, url, secret: OTHER.secret });
  });
  after(() => stack?.stop());

  const waiting = () => stack.api.pay(aPayment({ payment_method: 'pm_card_authenticationRequired' }));
  const signals = async (id: string) => {
    const { events } = await stack.temporal.workflow.getHandle(id).fetchHistory();
    return (events ?? []).filter((e) => e.eventType === EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED).length;
  };
  const deliver = async (account: string, secret: string, event: object) => {
    const payload = JSON.stringify(event);
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret });
    const headers = { 'stripe-signature': signature };
    return stack.webhooks.call<{ outcome: string }>('POST', `/webhooks/stripe/${account}`, payload, headers);
  };
  const metrics = async () => parseMetrics((await stack.webhooks.call<string>('GET', '/metrics')).body);
  const waitAt = async (account: string) => total(await metrics(), 'penstock_webhooks_waiting', { account });

  it("is held without a 5xx and without losing one, and does not keep another account's event waiting", async () => {
    const payments = await Promise.all(Array.from({ length: PAYMENTS }, waiting));
    assert.ok(payments.every(({ status, account }) => status === 'requires_action' && account === 'default'));
    const { data } = await stack.stripe.events.list({ type: 'payment_intent.requires_action', limit: 100 });
    const templates = payments.map(({ payment_intent }) => {
      const event = data.find(({ data: { object } }) => (object as Stripe.PaymentIntent).id === payment_intent);
      return event ?? assert.fail(`no event of ${payment_intent}`);
    });
    const asking = { currency: 'usd', payment_method: 'pm_card_authenticationRequired' };
    const { account, payment_intent } = await stack.api.pay(aPayment(asking));
    assert.equal(account, 'other');
    const stripe = new Stripe(OTHER.key, {
      host: '127.0.0.1',
      port: new URL(stack.simulator.base).port,
      protocol: 'http',
    });
    const [ofOther] = (await stripe.events.list({ type: 'payment_intent.requires_action' })).data;
    assert.equal((ofOther?.data.object as { id?: string } | undefined)?.id, payment_intent);
    // All that the simulator sends has come, so that what comes from here on is the burst alone.
    await until(async () => (await stack.simulator.pendingWebhooks()) === 0);
    const before = await Promise.all(payments.map(({ id }) => signals(id)));

    let answered = 0;
    const burst = Array.from({ length: BURST }, async (_, i) => {
      const event = { ...templates[i % PAYMENTS], id: `evt_burst_${i}` };
      const answer = await deliver('default', SIMULATOR_WEBHOOK_SECRET, event);
      answered += 1;
      return answer;
    });
    let ahead = 0;
    await until(async () => {
      ahead = await waitAt('default');
      return ahead >= BURST / 10;
    });
    const atStart = answered;
    const answer = await deliver('other', OTHER.secret, { ...ofOther, id: 'evt_amid' });
    const meanwhile = answered - atStart;
    assert.deepEqual([answer.status, answer.body.outcome], [200, 'delivered']);
    assert.ok(meanwhile < ahead, `it came before those that waited: ${ahead} did, and ${meanwhile} were answered`);

    const answers = await Promise.all(burst);
    assert.deepEqual(
      answers.filter(({ status, body }) => status !== 200 || body.outcome !== 'delivered'),
      [],
    );
    // What comes while a run is at work is in its history when that is done; each is there, and none twice.
    const added = async () => {
      const now = await Promise.all(payments.map(({ id }) => signals(id)));
      return now.map((count, i) => count - (before[i] ?? 0));
    };
    await until(async () => (await added()).reduce((sum, count) => sum + count) >= BURST);
    assert.deepEqual(
      await added(),
      payments.map(() => BURST / PAYMENTS),
    );
    assert.equal(total(await metrics(), 'penstock_webhooks_total', { account: 'default', outcome: 'not_taken' }), 0);
    assert.equal(await waitAt('default'), 0);
  });

  it('that is sent again is taken again and adds nothing', async () => {
    const { id, payment_intent } = await waiting();
    const { data } = await stack.stripe.events.list({ type: 'payment_intent.requires_action', limit: 100 });
    const event = data.find(({ data: { object } }) => (object as Stripe.PaymentIntent).id === payment_intent);
    await until(async () => (await stack.simulator.pendingWebhooks()) === 0);
    const before = await signals(id);
    const again = Array.from({ length: 200 }, () => deliver('default', SIMULATOR_WEBHOOK_SECRET, { ...event }));
    assert.ok((await Promise.all(again)).every(({ status }) => status === 200));
    assert.equal(await signals(id), before);
  });
});
