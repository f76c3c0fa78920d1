import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import Stripe from 'stripe';
import { SIMULATOR_WEBHOOK_SECRET } from '../../src/config/accounts.js';
import type { IncidentResult } from '../../src/workflows/messages.js';
import { PAYMENT_ID } from '../../src/workflows/search-attributes.js';
import { aPayment } from '../support/api-client.js';
import { Stack } from '../support/stack.js';
import { until } from '../support/until.js';

describe('money that arrives where none was expected', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({ policy: { late_money: 'refund', overdue_ms: 300_000 } });
  });
  afterEach(() => stack.simulator.noFaults());
  after(() => stack?.stop());

  const deliver = async (event: Record<string, unknown>) => {
    const payload = JSON.stringify(event);
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: SIMULATOR_WEBHOOK_SECRET });
    return stack.api.call<{ outcome: string }>('POST', '/webhooks/stripe/default', payload, {
      'stripe-signature': signature,
    });
  };

  const eventOf = (intent: Stripe.PaymentIntent, type: string, id = `evt_${intent.id}${type.length}`) => ({
    id,
    object: 'event',
    type,
    created: Math.floor(Date.now() / 1000),
    request: { id: null, idempotency_key: null },
    data: { object: intent },
  });

  /** An intent at Stripe that carries the labels of `paymentId`, as a customer's late confirmation would leave it. */
  async function strayIntent(paymentId: string): Promise<Stripe.PaymentIntent> {
    const [known] = await stack.intentsOf(paymentId);
    const deployment = known?.metadata['penstock_deployment'] ?? (await stack.deployment());
    return stack.stripe.paymentIntents.create({
      amount: 1999,
      currency: 'eur',
      payment_method: 'pm_card_visa',
      confirm: true,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
      metadata: { penstock_deployment: deployment, penstock_workflow: paymentId, penstock_attempt: '1' },
    });
  }

  it('at a closed payment starts an incident before it is acknowledged, which gives it back', async () => {
    await stack.simulator.faults({
      requests: [
        { kind: 'reject', endpoint: 'payment_intents.create', status: 400, code: 'parameter_invalid', times: 1 },
      ],
    });
    const failed = await stack.api.pay(aPayment());
    assert.equal(failed.status, 'failed');
    await stack.closed(failed.id);
    const stray = await strayIntent(failed.id);
    const handle = await stack.started(`incident.late_money.${failed.id}.${stray.id}`);
    const result = (await handle.result()) as IncidentResult;
    assert.equal(result.resolution, 'refunded');
    assert.equal(result.by, 'policy');
    const [charge] = await stack.chargesOf(failed.id);
    assert.equal(charge?.amount_refunded, 1999);
    const again = await deliver(eventOf(stray, 'payment_intent.succeeded', 'evt_again'));
    assert.deepEqual([again.status, again.body.outcome], [200, 'incident']);
    assert.equal(
      (await stack.stripe.refunds.list({ payment_intent: stray.id })).data.length,
      1,
      'told twice, it is one',
    );
  });

  it('a second intent for one attempt becomes an incident, and the payment stays as it was', async () => {
    await stack.simulator.faults({
      requests: [{ kind: 'hold_after', endpoint: 'payment_intents.create', times: 1 }],
    });
    const paid = await stack.api.pay(aPayment());
    assert.equal(paid.status, 'succeeded');
    const stray = await strayIntent(paid.id);
    // With its reply the payment closes, and at a closed one the same event would be late money.
    await stack.api.untilTold(paid.id, new RegExp(stray.id));
    await stack.simulator.release();
    const handle = await stack.started(`incident.second_intent.${paid.id}.${stray.id}`);
    const result = (await handle.result()) as IncidentResult;
    assert.equal(result.resolution, 'refunded');
    await stack.closed(paid.id);
    const after = (await stack.api.get(paid.id)).body;
    assert.equal(after.status, 'succeeded');
    assert.equal(after.payment_intent, paid.payment_intent);
    const live = (await stack.chargesOf(paid.id)).filter((c) => c.amount_refunded === 0);
    assert.equal(live.length, 1, 'one charge is kept');
  });

  it('that is being given back takes nothing from what can be refunded of the payment itself', async () => {
    const { id, intent } = await stack.paid();
    await stack.simulator.faults({ requests: [{ kind: 'hold_after', endpoint: 'refunds.create' }] });
    const stray = await strayIntent(id);
    await stack.simulator.untilHeld();
    const shown = await stack.api.untilShows(id, (p) => p.refunds.length === 1);
    assert.deepEqual([shown.refunds[0]?.payment_intent, shown.refunds[0]?.final], [stray.id, false]);
    assert.equal((await stack.api.refund(id, { reference: 'all' })).status, 202);
    await stack.simulator.noFaults();
    await stack.simulator.release();
    const both = await stack.api.untilShows(id, (p) => p.refunds.length === 2 && p.refunds.every((r) => r.final));
    assert.equal(both.amount_refunded, 1999);
    for (const collected of [intent, stray.id]) {
      const { data } = await stack.stripe.refunds.list({ payment_intent: collected });
      assert.deepEqual(
        data.map(({ amount, status }) => [amount, status]),
        [[1999, 'succeeded']],
      );
    }
  });

  it('for a payment Temporal has lost is not just acknowledged either', async () => {
    const stray = await strayIntent('pay.acme.lost-for-good');
    const handle = await stack.started(`incident.lost_payment.pay.acme.lost-for-good.${stray.id}`);
    const result = (await handle.result()) as IncidentResult;
    assert.equal(result.resolution, 'refunded');
  });

  it('an event for a run that was terminated starts an incident', async () => {
    // What Stripe tells of the payment itself could come after the termination, and start it before the event in question.
    await stack.simulator.faults({ webhooks: [{ kind: 'drop' }] });
    const waiting = await stack.api.pay(aPayment({ payment_method: 'pm_card_authenticationRequired' }));
    await stack.temporal.workflow.getHandle(waiting.id).terminate('a test');
    const [intent] = await stack.intentsOf(waiting.id);
    assert.ok(intent);
    const answer = await deliver(eventOf(intent, 'payment_intent.requires_action', 'evt_after_termination'));
    assert.equal(answer.body.outcome, 'incident');
    const handle = stack.temporal.workflow.getHandle(`incident.lost_payment.${waiting.id}.${intent.id}`);
    const result = (await handle.result()) as IncidentResult;
    assert.equal(result.resolution, 'canceled', 'what could still collect is cancelled');
    assert.deepEqual(
      (await stack.intentsOf(waiting.id)).map((i) => i.status),
      ['canceled'],
    );
  });

  it('an intent that cannot be closed yet keeps its incident open until the money is dealt with', async () => {
    await stack.simulator.faults({ webhooks: [{ kind: 'drop' }] });
    const waiting = await stack.api.pay(aPayment({ payment_method: 'pm_card_authenticationRequired' }));
    await stack.temporal.workflow.getHandle(waiting.id).terminate('a test');
    const [intent] = await stack.intentsOf(waiting.id);
    assert.ok(intent);
    // Stripe is working on it: it can be neither cancelled nor refunded yet.
    await stack.simulator.put('payment_intents', { ...intent, status: 'processing', next_action: null });
    const reads = async () => (await stack.simulator.requests('payment_intents.retrieve')).length;
    const before = await reads();
    const first = await deliver(eventOf({ ...intent, status: 'processing' }, 'payment_intent.processing', 'evt_p'));
    assert.equal(first.body.outcome, 'incident');
    const handle = stack.temporal.workflow.getHandle(`incident.lost_payment.${waiting.id}.${intent.id}`);
    await until(async () => (await reads()) > before);
    const paid = await stack.stripe.paymentIntents.create({
      amount: 1999,
      currency: 'eur',
      payment_method: 'pm_card_visa',
      confirm: true,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    });
    assert.equal((await handle.describe()).status.name, 'RUNNING');
    const succeeded = {
      ...intent,
      status: 'succeeded' as const,
      next_action: null,
      amount_received: 1999,
      latest_charge: paid.latest_charge,
    };
    await stack.simulator.put('payment_intents', succeeded);
    await deliver(eventOf(succeeded as Stripe.PaymentIntent, 'payment_intent.succeeded', 'evt_s'));
    assert.equal(((await handle.result()) as IncidentResult).resolution, 'refunded');
  });

  it("an attempt's late failure event after success moves nothing", async () => {
    const paid = await stack.api.pay(aPayment());
    await stack.closed(paid.id);
    const [intent] = await stack.intentsOf(paid.id);
    assert.ok(intent);
    const failed = {
      ...intent,
      status: 'requires_payment_method' as const,
      amount_received: 0,
      last_payment_error: { type: 'card_error', code: 'card_declined', message: 'declined' },
    } as unknown as Stripe.PaymentIntent;
    const answer = await deliver(eventOf(failed, 'payment_intent.payment_failed', 'evt_late_failure'));
    assert.deepEqual([answer.status, answer.body.outcome], [200, 'closed_adds_nothing']);
    assert.equal((await stack.api.get(paid.id)).body.status, 'succeeded');
  });

  it("an attempt's late failure event while the success waits for its webhook moves nothing", async () => {
    await stack.simulator.faults({ webhooks: [{ kind: 'drop' }] });
    const paid = await stack.api.pay(aPayment());
    const [intent] = await stack.intentsOf(paid.id);
    assert.ok(intent);
    const failed = { ...intent, status: 'requires_payment_method' as const, amount_received: 0 };
    const answer = await deliver(eventOf(failed, 'payment_intent.payment_failed', 'evt_late_failure_2'));
    assert.equal(answer.body.outcome, 'delivered');
    const after = await stack.api.get(paid.id);
    assert.equal(after.body.status, 'succeeded');
    assert.equal(after.body.workflow.status, 'RUNNING', 'it goes on waiting for the event of its end');
    const told = await deliver(eventOf(intent, 'payment_intent.succeeded', 'evt_at_last'));
    assert.equal(told.body.outcome, 'delivered');
    await stack.closed(paid.id);
  });
});

describe('money that a person decides about', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({ policy: { late_money: 'ask', overdue_ms: 300_000, patience_ms: 2_000 } });
  });
  afterEach(() => stack.simulator.noFaults());
  after(() => stack?.stop());

  it('an outcome unknown beyond patience is handed to a person, and never reported failed', async () => {
    await stack.simulator.faults({
      requests: [{ kind: 'reset_before', endpoint: 'payment_intents.create' }],
      webhooks: [{ kind: 'drop' }],
    });
    const { body } = await stack.api.create(aPayment());
    const handle = await stack.started(`incident.unknown_outcome.${body.id}.none`);
    const found = await handle.describe();
    assert.equal(found.status.name, 'RUNNING');
    assert.equal(found.typedSearchAttributes.get(PAYMENT_ID), body.id);
    const payment = (await stack.api.get(body.id)).body;
    assert.deepEqual([payment.status, payment.outcome, payment.final], ['processing', 'unknown', false]);
    await stack.simulator.noFaults();
    const paid = await stack.api.until(body.id, (p) => p.final);
    assert.equal(paid.status, 'succeeded', 'it went on trying all the same');
    await handle.signal('resolveIncident', 'accept');
    assert.deepEqual(await handle.result(), { resolution: 'accepted', by: 'person', intentStatus: null, refund: null });
  });

  it('an outcome that a person has found out never happened is canceled', async () => {
    await stack.simulator.faults({ requests: [{ kind: 'reset_before', endpoint: 'payment_intents.create' }] });
    const { body } = await stack.api.create(aPayment());
    const handle = await stack.started(`incident.unknown_outcome.${body.id}.none`);
    await handle.signal('resolveIncident', 'never_charged');
    const final = await stack.api.until(body.id, (p) => p.final);
    assert.equal(final.status, 'canceled');
    assert.equal((await stack.chargesOf(body.id)).length, 0);
  });

  it('a capture that Stripe refuses the account calls a person, and goes on', async () => {
    const { id } = await stack.api.pay(aPayment({ capture_method: 'manual' }));
    await stack.simulator.faults({ requests: [{ ...FORBIDDEN, endpoint: 'payment_intents.capture' }] });
    assert.equal((await stack.api.capture(id)).status, 202);
    const told = await stack.api.untilTold(id, /could not be sent for too long: a person was called/);
    assert.deepEqual([told.status, told.final, told.amount_captured], ['processing', false, 0]);
    await stack.alerted(new RegExp(`cannot_be_sent.*${id}.*a change of pi_`));
    await stack.simulator.noFaults();
    assert.equal((await stack.api.until(id, (p) => p.final)).status, 'succeeded');
    assert.deepEqual(
      (await stack.chargesOf(id)).map((charge) => charge.amount_captured),
      [1999],
    );
  });

  it('a refund that Stripe refuses the account calls a person, and goes on', async () => {
    const { id } = await stack.paid();
    await stack.simulator.faults({ requests: [{ ...FORBIDDEN, endpoint: 'refunds.create' }] });
    const { status } = await stack.api.refund(id, { reference: 'r-1', amount: 700 });
    assert.equal(status, 202);
    await stack.alerted(new RegExp(`cannot_be_sent.*${id}.*refund\\..* cannot be sent`));
    await stack.simulator.noFaults();
    const paid = await stack.api.until(id, (p) => p.amount_refunded === 700);
    assert.equal(paid.refunds.length, 1);
  });
});

/** A restricted key without the right. */
const FORBIDDEN = { kind: 'reject', status: 403 } as const;
