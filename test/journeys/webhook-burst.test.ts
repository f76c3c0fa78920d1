import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Stripe from 'stripe';
import { SIMULATOR_KEY, SIMULATOR_WEBHOOK_SECRET } from '../../src/config/accounts.js';
import { EventType } from '../../src/temporal/proto.js';
import { limitsFor } from '../../src/webhooks/turns.js';
import { aPayment } from '../support/api-client.js';
import { parseMetrics, total } from '../support/prometheus.js';
import { Stack } from '../support/stack.js';
import { until } from '../support/until.js';

const OTHER = { key: 'sk_test_of_another_account', secret: 'whsec_of_another_account' };

/** On the machine these run on some 50 payments/s are what there can be, with two events each: ten times that, in a second. */
const BURST = 1_000;
/** Events that come before another account's: several times what is handed over at once of an account. */
const AHEAD = 400;
const AT_ONCE_PER_ACCOUNT = limitsFor(2).atOncePerAccount;
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
  /** Payments that wait for somebody, and the event of each that says so; nothing else is on its way. */
  const waitingPayments = async () => {
    const payments = await Promise.all(Array.from({ length: PAYMENTS }, waiting));
    assert.ok(payments.every(({ status, account }) => status === 'requires_action' && account === 'default'));
    const { data } = await stack.stripe.events.list({ type: 'payment_intent.requires_action', limit: 100 });
    const templates = payments.map(({ payment_intent }) => {
      const event = data.find(({ data: { object } }) => (object as Stripe.PaymentIntent).id === payment_intent);
      return event ?? assert.fail(`no event of ${payment_intent}`);
    });
    await until(async () => (await stack.simulator.pendingWebhooks()) === 0);
    return { payments, templates };
  };
  const send = (templates: readonly Stripe.Event[], name: string, nth: number) =>
    deliver('default', SIMULATOR_WEBHOOK_SECRET, { ...templates[nth % PAYMENTS], id: `evt_${name}_${nth}` });
  const metrics = async () => parseMetrics((await stack.webhooks.call<string>('GET', '/metrics')).body);
  const waitAt = async (account: string) => total(await metrics(), 'penstock_webhooks_waiting', { account });

  it('is held without a 5xx and without losing one', async () => {
    const { payments, templates } = await waitingPayments();
    const before = await Promise.all(payments.map(({ id }) => signals(id)));
    const answers = await Promise.all(Array.from({ length: BURST }, (_, nth) => send(templates, 'burst', nth)));
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

  it("does not keep another account's event waiting", async () => {
    const { templates } = await waitingPayments();
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

    let answered = 0;
    // Nothing is taken until all of it that is not being handed over waits, however fast it would be.
    stack.temporalServer.standStill();
    const burst = Array.from({ length: AHEAD }, async (_, nth) => {
      const answer = await send(templates, 'ahead', nth);
      answered += 1;
      return answer;
    });
    let ahead = 0;
    try {
      await until(async () => {
        ahead = await waitAt('default');
        return ahead >= AHEAD - AT_ONCE_PER_ACCOUNT;
      });
    } finally {
      stack.temporalServer.goOn();
    }
    const answer = await deliver('other', OTHER.secret, { ...ofOther, id: 'evt_amid' });
    assert.deepEqual([answer.status, answer.body.outcome], [200, 'delivered']);
    assert.ok(
      answered < AHEAD,
      `it came before those that waited: ${ahead} did, and ${answered} of ${AHEAD} were answered`,
    );
    assert.ok((await Promise.all(burst)).every(({ status }) => status === 200));
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
