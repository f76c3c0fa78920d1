import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { HOUR } from '../support/facts.js';
import { Inbox } from '../support/inbox.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

const SUCCEEDED = 'payment_intent.succeeded';

describe('a fault of the webhooks', () => {
  let stripe: Simulated;
  let inbox: Inbox;
  beforeEach(async () => {
    [stripe, inbox] = await Promise.all([Simulated.start(), Inbox.start()]);
    await stripe.sendWebhooksTo(inbox.url, 'whsec_of_the_inbox');
  });
  afterEach(async () => {
    await stripe.stop();
    await inbox.stop();
  });

  const pay = () => stripe.stripe.paymentIntents.create(cardPayment());
  const objectsOf = (type: string) => inbox.of(type).map(({ event }) => event.data.object as Stripe.PaymentIntent);

  it('drop: the event happened, and nobody is told', async () => {
    await stripe.control.faults({ webhooks: [{ kind: 'drop', type: SUCCEEDED, times: 1 }] });
    const unheard = await pay();
    const heard = await pay();
    await inbox.until((box) => box.of('charge.succeeded').length === 2 && box.of(SUCCEEDED).length === 1);
    assert.deepEqual(
      objectsOf(SUCCEEDED).map(({ id }) => id),
      [heard.id],
    );
    const { data } = await stripe.stripe.events.list({ type: SUCCEEDED, delivery_success: false });
    assert.deepEqual(
      data.map(({ data }) => (data.object as Stripe.PaymentIntent).id),
      [unheard.id],
    );
  });

  it('drop: what was dropped can be sent again on request', async () => {
    await stripe.control.faults({ webhooks: [{ kind: 'drop' }] });
    const { id } = await pay();
    await stripe.control.redeliver();
    await inbox.until(({ mail }) => mail.length === 3);
    assert.deepEqual(
      objectsOf(SUCCEEDED).map((object) => object.id),
      [id],
    );
  });

  it('duplicate: the same event comes as often as told', async () => {
    await stripe.control.faults({ webhooks: [{ kind: 'duplicate', type: SUCCEEDED, copies: 4 }] });
    await pay();
    await inbox.until((box) => box.of(SUCCEEDED).length === 4 && box.mail.length === 6);
    assert.equal(new Set(inbox.of(SUCCEEDED).map(({ body }) => body)).size, 1);
  });

  it('twin: a second event of its own id tells of the same change', async () => {
    await stripe.control.faults({ webhooks: [{ kind: 'twin', type: SUCCEEDED }] });
    await pay();
    await inbox.until((box) => box.of(SUCCEEDED).length === 2);
    const [one, two] = inbox.of(SUCCEEDED).map(({ event }) => event);
    assert.notEqual(one?.id, two?.id);
    assert.deepEqual({ ...one, id: '' }, { ...two, id: '' });
    // Both can be read, as at Stripe.
    for (const id of [one?.id ?? '', two?.id ?? '']) assert.equal((await stripe.stripe.events.retrieve(id)).id, id);
  });

  it('delay: the event comes later than what happened after it', async () => {
    await stripe.control.faults({ webhooks: [{ kind: 'delay', type: 'payment_intent.created', delay_ms: 300 }] });
    const began = Date.now();
    await pay();
    await inbox.until(({ mail }) => mail.length === 3);
    assert.equal(inbox.mail.at(-1)?.event.type, 'payment_intent.created');
    assert.ok((inbox.mail.at(-1)?.atMs ?? 0) - began >= 298);
  });

  it('shuffle: the order is the seed’s, the same for the same seed', async () => {
    /** The order in which the three events of a payment arrive. */
    async function orderUnder(seed: number) {
      inbox.mail.length = 0;
      await stripe.control.faults({ seed, webhooks: [{ kind: 'shuffle', delay_ms: 400 }] });
      await pay();
      await inbox.until(({ mail }) => mail.length === 3);
      return inbox.mail.map(({ event }) => event.type);
    }
    // Under these seeds the three delays lie more than 100 ms apart, so that no busy machine mixes them up.
    const order = await orderUnder(15);
    assert.deepEqual(order, ['charge.succeeded', SUCCEEDED, 'payment_intent.created']);
    assert.deepEqual(await orderUnder(15), order);
    assert.deepEqual(await orderUnder(33), [SUCCEEDED, 'payment_intent.created', 'charge.succeeded']);
  });

  it('webhook_first: the event is there before the reply of the call that caused it', async () => {
    await stripe.control.faults({ requests: [{ kind: 'webhook_first' }] });
    const { id } = await pay();
    assert.deepEqual(
      objectsOf(SUCCEEDED).map((object) => object.id),
      [id],
    );
  });

  for (const [kind, frozen] of [
    ['delay', true],
    ['delay', false],
    ['shuffle', true],
  ] as const) {
    const clock = frozen ? 'stands still' : 'runs';
    it(`webhook_first waits for none that a ${kind} puts off, where the clock ${clock}: those come when they are due`, async () => {
      await stripe.control.changeClock({ frozen });
      const webhooks = [{ kind, delay_ms: HOUR }];
      await stripe.control.faults({ requests: [{ kind: 'webhook_first' }], webhooks });
      assert.equal((await pay()).status, 'succeeded');
      assert.equal(inbox.mail.length, 0);
      await stripe.control.advance(HOUR);
      await inbox.until(({ mail }) => mail.length === 3);
    });
  }
});
