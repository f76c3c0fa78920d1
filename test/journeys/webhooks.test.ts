import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import Stripe from 'stripe';
import type { PaymentView } from '../../src/api/schemas.js';
import { SIMULATOR_WEBHOOK_SECRET } from '../../src/config/accounts.js';
import { NO_EVENTS, UNLISTED } from '../support/amid.js';
import { aPayment } from '../support/api-client.js';
import { Stack } from '../support/stack.js';
import { until } from '../support/until.js';

describe('webhooks', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start();
  });
  afterEach(() => stack.simulator.noFaults());
  after(() => stack?.stop());

  const deliver = (payload: string, signature: string | undefined, account = 'default') =>
    stack.webhooks.call<{ outcome: string; code: string }>('POST', `/webhooks/stripe/${account}`, payload, {
      ...(signature === undefined ? {} : { 'stripe-signature': signature }),
    });
  const sign = (payload: string, secret = SIMULATOR_WEBHOOK_SECRET, timestamp?: number) =>
    Stripe.webhooks.generateTestHeaderString({ payload, secret, ...(timestamp === undefined ? {} : { timestamp }) });
  const historyLength = async (id: string) =>
    ((await stack.temporal.workflow.getHandle(id).fetchHistory()).events ?? []).length;

  it('the webhook first and the response second end as the other way round', async () => {
    await stack.simulator.faults({ requests: [{ kind: 'webhook_first', endpoint: 'payment_intents.create' }] });
    const paid = await stack.api.pay(aPayment());
    assert.equal(paid.status, 'succeeded');
    await stack.closed(paid.id);
    const { timeline = [] } = (await stack.api.get(paid.id)).body;
    const order = timeline.map((t) => t.source).filter((s) => s.startsWith('stripe'));
    assert.deepEqual(order, ['stripe_event', 'stripe_reply']);
    assert.equal((await stack.chargesOf(paid.id)).length, 1);
  });

  it('a final state is known from the webhook while the response is still out', async () => {
    await stack.simulator.faults({ requests: [{ kind: 'hold_after', endpoint: 'payment_intents.create', times: 1 }] });
    const paid = await stack.api.pay(aPayment());
    assert.equal(paid.status, 'succeeded');
    assert.equal(paid.workflow.status, 'RUNNING');
    await stack.simulator.release();
    await stack.closed(paid.id);
  });

  it('every webhook three times in shuffled order, and twins, end in the same state', async () => {
    await stack.simulator.faults({
      seed: 7,
      webhooks: [{ kind: 'duplicate', copies: 3 }, { kind: 'shuffle', delay_ms: 300 }, { kind: 'twin' }],
    });
    const payments = await Promise.all(
      [{}, {}, { payment_method: 'pm_card_visa_chargeDeclined', off_session: true }].map((change) =>
        stack.api.pay(aPayment(change)),
      ),
    );
    await Promise.all(payments.map((p) => stack.closed(p.id)));
    await stack.simulator.redeliver();
    const after = await Promise.all(payments.map((p) => stack.api.get(p.id)));
    assert.deepEqual(
      after.map(({ body }) => body.status),
      ['succeeded', 'succeeded', 'failed'],
    );
    for (const p of payments.slice(0, 2)) assert.equal((await stack.chargesOf(p.id)).length, 1);
  });

  it('the same event again adds nothing to the history', async () => {
    const held = { kind: 'hold_after', endpoint: 'payment_intents.create', times: 1 } as const;
    // Nor does the sweep, however long this takes.
    await stack.simulator.faults({ requests: [held, ...UNLISTED] });
    const paid = await stack.api.pay(aPayment());
    const before = await historyLength(paid.id);
    await stack.simulator.redeliver();
    await stack.simulator.redeliver();
    assert.equal(await historyLength(paid.id), before, 'the server takes a signal of one event once');
    await stack.simulator.release();
    await stack.closed(paid.id);
  });

  it('every webhook dropped: the sweep ends the payment, a hundred of them with few lists', async () => {
    const webhooks = [{ kind: 'drop' as const }];
    // However long it takes to make them, none is swept before the last is paid.
    await stack.simulator.faults({ requests: [...UNLISTED], webhooks });
    const payments: PaymentView[] = [];
    while (payments.length < 100) {
      payments.push(...(await Promise.all(Array.from({ length: 20 }, () => stack.api.pay(aPayment())))));
    }
    assert.ok(payments.every((p) => p.status === 'succeeded' && p.workflow.status === 'RUNNING'));
    await stack.simulator.faults({ webhooks, requests: [NO_EVENTS] });
    const before = (await stack.simulator.requests('payment_intents.list')).length;
    await Promise.all(payments.map((p) => stack.closed(p.id)));
    const lists = (await stack.simulator.requests('payment_intents.list')).slice(before);
    const reads = await stack.simulator.requests('payment_intents.retrieve');
    assert.equal(reads.length, 0, 'no payment is read by itself');
    // The newest are not due with the others, so a sweep or two share them, each with a list or two for every fifty.
    assert.ok(lists.length >= 1 && lists.length <= 12, `${lists.length} lists for 100 payments`);
  });

  it('every webhook dropped: the sweep ends declined and cancelled payments too', async () => {
    await stack.simulator.faults({ webhooks: [{ kind: 'drop' }] });
    const failed = await stack.api.pay(aPayment({ payment_method: 'pm_card_visa_chargeDeclined', off_session: true }));
    const waiting = await stack.api.pay(aPayment({ payment_method: 'pm_card_authenticationRequired' }));
    await stack.api.cancel(waiting.id);
    const canceled = await stack.api.until(waiting.id, (p) => p.final);
    assert.deepEqual([failed.status, canceled.status], ['failed', 'canceled']);
    await Promise.all([stack.closed(failed.id), stack.closed(waiting.id)]);
  });

  it('a bad, old, future, foreign or missing signature is 400 and changes nothing', async () => {
    const webhooks = [{ kind: 'drop' as const }];
    await stack.simulator.faults({ webhooks });
    const waiting = await stack.api.pay(aPayment({ payment_method: 'pm_card_authenticationRequired' }));
    assert.equal(waiting.status, 'requires_action');
    const intent = await stack.stripe.paymentIntents.retrieve(waiting.payment_intent ?? '');
    // Nor does the sweep change anything, however long this takes.
    await stack.simulator.faults({ requests: [...UNLISTED], webhooks });
    const forged = { ...intent, status: 'succeeded', amount_received: 1999, next_action: null };
    const payload = JSON.stringify({
      id: 'evt_forged',
      object: 'event',
      type: 'payment_intent.succeeded',
      created: Math.floor(Date.now() / 1000),
      request: { id: null, idempotency_key: null },
      data: { object: forged },
    });
    const now = Math.floor(Date.now() / 1000);
    const before = await historyLength(waiting.id);
    const bad: [string, string | undefined][] = [
      [payload, undefined],
      [payload, 't=1,v1=00'],
      [payload, 'nonsense'],
      [payload, sign(payload, 'whsec_of_somebody_else')],
      [payload, sign(payload, SIMULATOR_WEBHOOK_SECRET, now - 400)],
      [payload, sign(payload, SIMULATOR_WEBHOOK_SECRET, now + 400)],
      [payload.replace('1999', '1998'), sign(payload)],
      ['', sign('')],
      ['not json', sign('not json')],
    ];
    for (const [body, signature] of bad) {
      const answer = await deliver(body, signature);
      assert.equal(answer.status, 400, JSON.stringify(answer.body));
      assert.equal(answer.body.code, 'bad_signature');
    }
    assert.equal((await deliver(payload, sign(payload), 'nobody')).status, 404);
    assert.equal(await historyLength(waiting.id), before);
    assert.equal((await stack.api.get(waiting.id)).body.status, 'requires_action');
  });

  it('events Penstock did not cause, or another deployment did, are acknowledged and counted', async () => {
    const event = (metadata: Record<string, string>) =>
      JSON.stringify({
        id: `evt_${Math.abs(JSON.stringify(metadata).length)}`,
        object: 'event',
        type: 'payment_intent.succeeded',
        created: 1,
        request: null,
        data: { object: { object: 'payment_intent', id: 'pi_foreign', status: 'succeeded', metadata, created: 1 } },
      });
    const foreign = event({});
    assert.equal((await deliver(foreign, sign(foreign))).body.outcome, 'not_caused_here');
    const other = event({ penstock_deployment: 'other', penstock_workflow: 'pay.a.b', penstock_attempt: '1' });
    assert.equal((await deliver(other, sign(other))).body.outcome, 'other_deployment');
    const { body } = await stack.webhooks.call<string>('GET', '/metrics');
    assert.match(body, /penstock_webhooks_total\{account="default",outcome="not_caused_here"\} [1-9]/);
    assert.match(body, /penstock_webhooks_total\{account="default",outcome="other_deployment"\} 1/);
  });

  it('while Temporal is down is 503, and is delivered once it is back', async () => {
    // Only a webhook can tell.
    await stack.simulator.faults({ requests: [...UNLISTED] });
    const asking = await stack.api.pay(aPayment({ payment_method: 'pm_card_threeDSecure2Required' }));
    await stack.temporalServer.kill9();
    await stack.simulator.authenticate(asking.payment_intent ?? '', 'succeed');
    await untilRefused();
    await stack.temporalServer.start();
    const paid = await stack.api.until(asking.id, (p) => p.final);
    assert.equal(paid.status, 'succeeded');
    await stack.closed(asking.id);
    assert.equal((await stack.chargesOf(asking.id)).length, 1);
  });

  /** Waits until the simulator has seen a 503 for one of its deliveries. */
  async function untilRefused(): Promise<void> {
    await until(async () => {
      const { body } = await stack.webhooks.call<string>('GET', '/metrics');
      return /outcome="not_taken"\} [1-9]/.test(body);
    });
  }
});
