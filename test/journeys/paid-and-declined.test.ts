import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { aPayment } from '../support/api-client.js';
import { Stack } from '../support/stack.js';
import { until } from '../support/until.js';

describe('a plain card payment', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start();
  });
  after(() => stack?.stop());

  it('is paid: acknowledged at once, charged once, and closed by the signed webhook', async () => {
    const request = aPayment();
    const taken = await stack.api.create(request);
    assert.equal(taken.status, 202);
    assert.equal(taken.body.id, `pay.acme.${request.reference}`);
    assert.equal(taken.headers.get('location'), `/v1/payments/${taken.body.id}`);
    const paid = await stack.api.until(taken.body.id, (p) => p.final);
    assert.equal(paid.status, 'succeeded');
    assert.equal(paid.amount_captured, 1999);
    await stack.closed(paid.id);
    assert.equal((await stack.chargesOf(paid.id)).length, 1);
    const closed = (await stack.api.get(paid.id)).body;
    assert.equal(closed.workflow.status, 'COMPLETED');
    assert.ok(
      closed.timeline?.some((entry) => entry.source === 'stripe_event'),
      'the webhook closed it',
    );
  });

  it('costs at most 15 history events and 3 billable actions', async () => {
    await costsLittle();
  });

  it('costs no more when the webhook comes before the response', async () => {
    await stack.simulator.faults({ requests: [{ kind: 'webhook_first', endpoint: 'payment_intents.create' }] });
    await costsLittle();
    await stack.simulator.noFaults();
  });

  async function costsLittle(): Promise<void> {
    const paid = await stack.api.pay(aPayment());
    assert.equal(paid.status, 'succeeded');
    await stack.closed(paid.id);
    const history = await stack.temporal.workflow.getHandle(paid.id).fetchHistory();
    const types = (history.events ?? []).map((event) => Number(event.eventType));
    assert.ok(types.length <= 15, `${types.length} events`);
    const [ACTIVITY_SCHEDULED, TIMER_STARTED, SIGNALED, UPSERT, UPDATE_ACCEPTED] = [10, 17, 26, 40, 47];
    const count = (type: number | undefined) => types.filter((t) => t === type).length;
    assert.equal(count(TIMER_STARTED) + count(UPSERT) + count(UPDATE_ACCEPTED), 0);
    const actions = 1 + count(ACTIVITY_SCHEDULED) + count(SIGNALED);
    assert.ok(actions <= 3, `${actions} billable actions`);
  }

  it('declined off-session fails, with the reason, once Stripe has cancelled the intent', async () => {
    const request = aPayment({ payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds', off_session: true });
    const failed = await stack.api.pay(request);
    assert.equal(failed.status, 'failed');
    assert.equal(failed.final, true);
    assert.equal(failed.failure?.kind, 'declined');
    assert.equal(failed.failure?.code, 'card_declined');
    assert.equal(failed.failure?.decline_code, 'insufficient_funds');
    const intents = await stack.intentsOf(failed.id);
    assert.deepEqual(
      intents.map((i) => i.status),
      ['canceled'],
    );
    await stack.closed(failed.id);
    assert.equal((await stack.chargesOf(failed.id)).length, 0);
    assert.equal(
      (await stack.simulator.requestsOf(failed.id, 'payment_intents.create')).length,
      1,
      'a decline is never retried',
    );
  });

  it('declined on-session waits for another payment method', async () => {
    const waiting = await stack.api.pay(aPayment({ payment_method: 'pm_card_visa_chargeDeclined' }));
    assert.equal(waiting.status, 'requires_payment_method');
    assert.equal(waiting.final, false);
    assert.equal(waiting.failure?.decline_code, 'generic_decline');
  });

  it('of a bad request fails for good, without a second send', async () => {
    const failed = await stack.api.pay(aPayment({ payment_method: 'pm_card_nonesuch', reference: 'bad-method' }));
    assert.equal(failed.status, 'failed');
    assert.equal(failed.failure?.kind, 'invalid_request');
    assert.equal(failed.failure?.code, 'resource_missing');
    await stack.closed(failed.id);
    assert.equal((await stack.simulator.requestsOf(failed.id)).length, 1);
  });

  it('shows in the list by merchant and status', async () => {
    const paid = await stack.api.pay(aPayment({ merchant: 'lister' }));
    await stack.closed(paid.id);
    const list = async (query: string) => {
      const { status, body } = await stack.api.call<{
        data: { id: string; status: string }[];
        next_cursor: string | null;
      }>('GET', `/v1/payments?${query}`);
      assert.equal(status, 200);
      return body;
    };
    // Visibility trails the payment by a moment.
    await until(async () => (await list('merchant=lister&status=succeeded')).data.length > 0);
    const { data } = await list('merchant=lister&status=succeeded');
    assert.deepEqual(
      data.map((p) => [p.id, p.status]),
      [[paid.id, 'succeeded']],
    );
    const all = await list('limit=2');
    assert.equal(all.data.length, 2);
    assert.ok(all.next_cursor);
    const next = await list(`limit=2&cursor=${all.next_cursor}`);
    assert.ok(next.data.every((p) => !all.data.some((q) => q.id === p.id)));
  });
});
